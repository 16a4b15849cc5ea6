"""An independent SOAP library understands our WSDLs, our requests, our answers and our faults."""

from __future__ import annotations

from typing import Any

import pytest
import zeep.exceptions

from chargeplane.ocpp.errors import ErrorCode, RemoteError
from chargeplane.ocpp.soap import VERSIONS, Remark, Service, request_envelope
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from tests.ocpp.soap.samples import FACTS, OPERATIONS, plain, request_of, response_of, sample
from tests.ocpp.soap.zeep_peer import ADDRESS, call, client_of, read

BOTH = [(version, service) for version in VERSIONS for service in Service]


@pytest.mark.parametrize(("version", "service"), BOTH)
def test_zeep_finds_every_operation(version: Version, service: Service) -> None:
    client = client_of(version, service)
    assert sorted(client.service._operations) == FACTS[version]["operations"][service]


@pytest.mark.parametrize("full", [False, True], ids=["minimal", "maximal"])
@pytest.mark.parametrize(("version", "service", "name"), OPERATIONS)
def test_zeep_calls_every_operation_and_decodes_our_answer(
    version: Version, service: Service, name: str, full: bool
) -> None:
    request = sample(version, f"{name}Request", full=full)
    response = sample(version, f"{name}Response", full=full)
    understood: list[Request] = []

    def answer(received: Request) -> Response:
        understood.append(received)
        return response_of(version, name, response)

    result = call(version, service, name, request, answer)
    assert understood == [request_of(version, name, request)]
    fields = FACTS[version]["types"][f"{name}Response"]
    expected = response.get(fields[0][0]) if len(fields) == 1 else response
    assert plain(result or {}) == plain(expected or {})

    seen = client_of(version, service).transport.seen
    assert (seen.action.name, seen.wsa_action, seen.to) == (name, f"/{name}", ADDRESS)
    assert (seen.charge_box_identity, bool(seen.message_id)) == ("CB 1", True)
    assert seen.remarks == {Remark.FROM_MISSING}  # zeep has no address to be called at


@pytest.mark.parametrize("full", [False, True], ids=["minimal", "maximal"])
@pytest.mark.parametrize(("version", "service", "name"), OPERATIONS)
def test_zeep_reads_every_request_of_ours(
    version: Version, service: Service, name: str, full: bool
) -> None:
    request = sample(version, f"{name}Request", full=full)
    body = request_envelope(
        request_of(version, name, request),
        service=service,
        charge_box_identity="CB 1",
        message_id="urn:uuid:1",
        to="http://10.0.0.9/",
    )
    assert plain(read(version, service, body) or {}) == plain(request)


FAULTS = [
    (ErrorCode.SECURITY_ERROR, "Sender", "SecurityError"),
    (ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, "Sender", "ProtocolError"),
    (ErrorCode.INTERNAL_ERROR, "Receiver", "InternalError"),
    (ErrorCode.NOT_IMPLEMENTED, "Receiver", "NotSupported"),
]


@pytest.mark.parametrize(("version", "service"), BOTH)
@pytest.mark.parametrize(("code", "fault", "subcode"), FAULTS)
def test_our_faults_are_faults_for_zeep(
    version: Version, service: Service, code: ErrorCode, fault: str, subcode: str
) -> None:
    def refuse(received: Request) -> Response:
        raise RemoteError(code, "No, for a reason.")

    name = FACTS[version]["operations"][service][0]
    request: dict[str, Any] = sample(version, f"{name}Request", full=False)
    with pytest.raises(zeep.exceptions.Fault) as caught:
        call(version, service, name, request, refuse)
    assert caught.value.code == f"soap:{fault}"
    assert [q.localname for q in caught.value.subcodes] == [subcode]
    assert caught.value.subcodes[0].namespace == f"urn://Ocpp/{service}/" + {
        Version.V1_2: "2010/08/",
        Version.V1_5: "2012/06/",
        Version.V1_6: "2015/10/",
    }.get(version, "")
    assert caught.value.message == "No, for a reason."


def test_a_payload_that_breaks_the_schema_is_a_fault_of_the_sender() -> None:
    def never(received: Request) -> Response:
        raise AssertionError("the handler sees valid requests only")

    with pytest.raises(zeep.exceptions.Fault, match="`\\$.idTag` is longer than 20") as caught:
        call(
            Version.V1_5,
            Service.CENTRAL_SYSTEM,
            "Authorize",
            {"idTag": "x" * 21},
            never,
        )
    assert caught.value.code == "soap:Sender"
