"""Our WSDLs say what the official ones say; tools/tables/soap.json holds the facts of those."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from chargeplane.ocpp.errors import LocalError
from chargeplane.ocpp.soap import VERSIONS, Service, namespace_of, wsdl
from chargeplane.ocpp.versions import Version
from tests.ocpp.soap.samples import FACTS
from tools.read_wsdl import Facts, merge, read_service

OURS: dict[str, Facts] = merge(
    [
        read_service(wsdl(version, service, "http://here/"))
        for version in VERSIONS
        for service in Service
    ]
)
NS = {
    "w": "http://schemas.xmlsoap.org/wsdl/",
    "soap": "http://schemas.xmlsoap.org/wsdl/soap12/",
    "wsaw": "http://www.w3.org/2006/05/addressing/wsdl",
    "xsd": "http://www.w3.org/2001/XMLSchema",
}
BOTH = [(version, service) for version in VERSIONS for service in Service]


def meaning(facts: Facts, kind: str) -> Any:
    """A limited string is its length: we call it String20 where others say IdToken."""
    return ("string", facts["strings"][kind]) if kind in facts["strings"] else kind


def described(facts: Facts) -> dict[str, Any]:
    """The types, with what their fields mean instead of how a limited string is called."""
    return {
        name: [(field, meaning(facts, kind), *often) for field, kind, *often in fields]
        for name, fields in facts["types"].items()
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_operations_types_order_and_cardinality_are_the_official_ones(version: Version) -> None:
    ours, official = OURS[version], FACTS[version]
    assert ours["operations"] == official["operations"]
    assert described(ours) == described(official)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_values_of_every_enumeration_are_the_official_ones(version: Version) -> None:
    ours, official = OURS[version]["enums"], FACTS[version]["enums"]
    assert ours.keys() == official.keys()
    for name, values in official.items():
        assert sorted(ours[name]) == sorted(values), name


def test_the_lengths_of_strings_are_those_that_a_version_uses() -> None:
    lengths = {version: sorted(OURS[version]["strings"].values()) for version in VERSIONS}
    assert lengths == {
        Version.V1_2: [],
        Version.V1_5: [20, 25, 50],
        Version.V1_6: [20, 25, 50, 255, 500],
    }


def root_of(version: Version, service: Service) -> etree._Element:
    return etree.fromstring(wsdl(version, service, "https://csms.example/soap?a=1&b=2"))


@pytest.mark.parametrize(("version", "service"), BOTH)
def test_every_operation_names_its_actions_and_its_header(
    version: Version, service: Service
) -> None:
    root = root_of(version, service)
    action = f"{{{NS['wsaw']}}}Action"
    actions = {
        str(operation.get("name")): (
            operation.find("w:input", NS).get(action),  # type: ignore[union-attr]
            operation.find("w:output", NS).get(action),  # type: ignore[union-attr]
        )
        for operation in root.iterfind("w:portType/w:operation", NS)
    }
    names = FACTS[version]["operations"][service]
    assert actions == {name: (f"/{name}", f"/{name}Response") for name in names}
    bound = {
        str(operation.get("name")): str(node.get("soapAction"))
        for operation in root.iterfind("w:binding/w:operation", NS)
        for node in operation.iterfind("soap:operation", NS)
        if operation.find("w:input/soap:header[@part='ChargeBoxIdentity']", NS) is not None
    }
    assert bound == {name: f"/{name}" for name in names}
    part = root.find("w:message[@name='Header']/w:part", NS)
    assert part is not None
    assert part.get("element") == "tns:chargeBoxIdentity"
    assert root.find("w:binding/wsaw:UsingAddressing", NS) is not None


@pytest.mark.parametrize(("version", "service"), BOTH)
def test_every_service_has_its_namespace_its_address_and_words_of_its_own(
    version: Version, service: Service
) -> None:
    root = root_of(version, service)
    assert root.get("targetNamespace") == namespace_of(version, service)
    address = root.find("w:service/w:port/soap:address", NS)
    assert address is not None
    assert address.get("location") == "https://csms.example/soap?a=1&b=2"
    documents = [node.text for node in root.iter("{*}documentation")]
    assert all(documents)
    assert len(documents) > len(FACTS[version]["operations"][service])


def test_addresses_of_files_are_uris() -> None:
    root = root_of(Version.V1_6, Service.CHARGE_POINT)
    kinds = {node.get("type") for node in root.iterfind(".//xsd:element[@name='location']", NS)}
    assert kinds == {"xsd:anyURI"}


def test_a_version_without_soap_has_no_wsdl() -> None:
    with pytest.raises(LocalError):
        wsdl(Version.V2_1, Service.CHARGE_POINT, "http://here/")
