"""Headers: all are written, few are demanded, and what is odd about them is remarked."""

from __future__ import annotations

import pytest
from lxml import etree

from chargeplane.ocpp import v15
from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.errors import ErrorCode, RemoteError
from chargeplane.ocpp.soap import (
    ANONYMOUS,
    EnvelopeError,
    FaultCode,
    Remark,
    Service,
    compress,
    namespace_of,
    parse_envelope,
    request_envelope,
    response_envelope,
    service_of,
)
from chargeplane.ocpp.soap.services import VERSIONS
from chargeplane.ocpp.versions import Version
from tests.ocpp.soap.envelopes import CP_15, HEADERS, SOAP, WSA, envelope, from_station

CS, CP = Service.CENTRAL_SYSTEM, Service.CHARGE_POINT


def test_a_request_has_every_header() -> None:
    body = request_envelope(
        v15.HeartbeatRequest(),
        service=CS,
        charge_box_identity="CB <1>",
        message_id="urn:uuid:1",
        to="http://csms/soap",
        from_address="http://10.0.0.9:8080/",
    )
    header = etree.fromstring(body).find("{*}Header")
    assert header is not None
    blocks = {str(etree.QName(block).localname): block for block in header}
    assert sorted(blocks) == [
        "Action",
        "From",
        "MessageID",
        "ReplyTo",
        "To",
        "chargeBoxIdentity",
    ]
    assert blocks["chargeBoxIdentity"].get(f"{{{SOAP}}}mustUnderstand") == "true"
    read = parse_envelope(body)
    assert (read.version, read.service, read.action) == (
        Version.V1_5,
        CS,
        find(Version.V1_5, "Heartbeat"),
    )
    assert (read.charge_box_identity, read.message_id) == ("CB <1>", "urn:uuid:1")
    assert (read.wsa_action, read.to) == ("/Heartbeat", "http://csms/soap")
    assert (read.from_address, read.reply_to) == ("http://10.0.0.9:8080/", ANONYMOUS)
    assert (read.relates_to, read.fault, read.remarks) == (None, None, frozenset())
    assert read.message() == v15.HeartbeatRequest()


def test_a_response_relates_to_its_request() -> None:
    body = response_envelope(
        v15.AuthorizeResponse(id_tag_info=v15.IdTagInfo(status=v15.AuthorizationStatus.INVALID)),
        service=CS,
        relates_to="urn:uuid:1",
        message_id="urn:uuid:2",
        from_address="http://csms/soap",
    )
    read = parse_envelope(body)
    assert (read.relates_to, read.message_id) == ("urn:uuid:1", "urn:uuid:2")
    assert (read.wsa_action, read.to) == ("/AuthorizeResponse", ANONYMOUS)
    assert read.remarks == frozenset()
    assert not read.is_request


def test_a_response_without_relates_to_is_remarked() -> None:
    read = parse_envelope(envelope("<cs:statusNotificationResponse/>"))
    assert Remark.RELATES_TO_MISSING in read.remarks
    assert Remark.FROM_MISSING not in read.remarks


VARIANTS = [
    ({"message_id": ""}, Remark.MESSAGE_ID_MISSING),
    ({"message_id": "<wsa:MessageID> </wsa:MessageID>"}, Remark.MESSAGE_ID_MISSING),
    ({"from": ""}, Remark.FROM_MISSING),
    (
        {"from": f"<wsa:From><wsa:Address>{WSA}/anonymous</wsa:Address></wsa:From>"},
        Remark.FROM_MISSING,
    ),
    ({"from": "<wsa:From><wsa:Address>file:/a</wsa:Address></wsa:From>"}, Remark.FROM_MISSING),
    ({"action": ""}, Remark.ACTION_MISSING),
    ({"action": "<wsa:Action>/Authorize</wsa:Action>"}, Remark.ACTION_DIFFERS),
    ({"identity": ""}, Remark.IDENTITY_MISSING),
    (
        {"identity": f'<chargeBoxIdentity xmlns="{CP_15}">CB 1</chargeBoxIdentity>'},
        Remark.IDENTITY_NAMESPACE,
    ),
    ({"identity": "<chargeBoxIdentity>CB 1</chargeBoxIdentity>"}, Remark.IDENTITY_NAMESPACE),
    (
        {"identity": "<cs:ChargeBoxIdentity>\n CB 1 </cs:ChargeBoxIdentity>"},
        Remark.IDENTITY_SPELLING,
    ),
    (
        {"to": '<To xmlns="http://schemas.xmlsoap.org/ws/2004/08/addressing">http://a/</To>'},
        Remark.ADDRESSING_NAMESPACE,
    ),
]


@pytest.mark.parametrize(("changed", "remark"), VARIANTS)
def test_odd_headers_are_remarked_and_the_request_is_served(
    changed: dict[str, str], remark: Remark
) -> None:
    read = parse_envelope(from_station(**changed))
    assert read.remarks == {remark}
    assert read.message() == v15.HeartbeatRequest()
    assert read.wsa_action == ("/Authorize" if remark is Remark.ACTION_DIFFERS else "/Heartbeat")
    assert read.charge_box_identity == (None if remark is Remark.IDENTITY_MISSING else "CB 1")
    assert (read.message_id is None) == (remark is Remark.MESSAGE_ID_MISSING)
    assert (read.from_address is None) == (remark is Remark.FROM_MISSING)


def test_a_from_without_address_element_is_taken_as_it_stands() -> None:
    read = parse_envelope(from_station(**{"from": "<wsa:From>http://10.0.0.9/</wsa:From>"}))
    assert read.from_address == "http://10.0.0.9/"


@pytest.mark.parametrize("service", Service)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_namespace_counts_with_and_without_its_last_slash(
    version: Version, service: Service
) -> None:
    namespace = namespace_of(version, service)
    assert namespace.endswith("/")
    name = "heartbeat" if service is CS else "clearCache"
    for spelling in (namespace, namespace.rstrip("/"), namespace.lower()):
        assert service_of(spelling) == (version, service)
        read = parse_envelope(envelope(f"<cs:{name}Request/>", service=spelling))
        assert (read.version, read.service) == (version, service)
        assert (Remark.NAMESPACE_SPELLING in read.remarks) == (spelling != namespace)


def test_a_first_element_in_other_case_is_remarked() -> None:
    assert Remark.BODY_SPELLING in parse_envelope(from_station("<cs:HeartBeatRequest/>")).remarks


@pytest.mark.parametrize("padding", [b"\0", b"\n\0\0\0", b"\0\r\n"])
def test_the_rest_of_a_buffer_behind_the_envelope_is_remarked(padding: bytes) -> None:
    read = parse_envelope(from_station() + padding)
    assert read.remarks == {Remark.PADDING}
    assert read.message() == v15.HeartbeatRequest()
    with pytest.raises(EnvelopeError):
        parse_envelope(b"\0" + from_station())


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
def test_the_xml_declaration_says_the_encoding(encoding: str) -> None:
    text = from_station("<cs:authorizeRequest><cs:idTag>Zoë</cs:idTag></cs:authorizeRequest>")
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'
    body = (declaration + text.decode()).encode(encoding)
    assert parse_envelope(body).message() == v15.AuthorizeRequest(id_tag="Zoë")


@pytest.mark.parametrize(
    "start", [b"\xef\xbb\xbf", b"\r\n ", b"<?xml version='1.0'?>\n", b"\n<?xml version='1.0'?>"]
)
def test_a_byte_order_mark_or_an_empty_line_before_the_envelope_does_no_harm(start: bytes) -> None:
    assert parse_envelope(start + from_station()).message() == v15.HeartbeatRequest()


def test_comments_processing_instructions_and_cdata_do_no_harm() -> None:
    body = from_station(
        "<!-- a --><cs:authorizeRequest><cs:idTag>A<!-- b --><![CDATA[<]]><?c d?>B</cs:idTag>"
        "</cs:authorizeRequest>"
    )
    assert parse_envelope(body).message() == v15.AuthorizeRequest(id_tag="A<B")


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "GZIP ", "identity", "", None])
def test_a_body_may_be_compressed(coding: str | None) -> None:
    name = "gzip" if coding and "gzip" in coding.lower() else "deflate"
    body = from_station()
    if coding not in {None, "", "identity"}:
        body = compress(body, name)
    assert parse_envelope(body, coding).message() == v15.HeartbeatRequest()


def test_a_deflate_body_without_zlib_header_is_read_too() -> None:
    raw = compress(from_station(), "deflate")[2:-4]
    assert parse_envelope(raw, "deflate").message() == v15.HeartbeatRequest()


def test_a_header_that_must_be_understood_and_is_not_is_a_fault() -> None:
    secret = '<w:Security xmlns:w="urn:w" s:mustUnderstand="1"/>'
    with pytest.raises(EnvelopeError) as caught:
        parse_envelope(from_station(extra=secret))
    assert caught.value.fault_code is FaultCode.MUST_UNDERSTAND
    assert caught.value.message_id == "urn:uuid:1"
    for harmless in (
        secret.replace("1", "0"),
        secret.replace("/>", ' s:role="http://www.w3.org/2003/05/soap-envelope/role/none"/>'),
    ):
        assert parse_envelope(from_station(extra=harmless)).remarks == frozenset()


def test_headers_may_be_repeated_but_not_contradict_each_other() -> None:
    assert parse_envelope(from_station(again=HEADERS["identity"])).charge_box_identity == "CB 1"
    with pytest.raises(EnvelopeError, match="contradict"):
        parse_envelope(from_station(again=HEADERS["identity"].replace("CB 1", "CB 2")))


def test_soap_1_1_is_a_version_mismatch() -> None:
    body = envelope("<cs:heartbeatRequest/>", soap="http://schemas.xmlsoap.org/soap/envelope/")
    with pytest.raises(EnvelopeError, match=r"SOAP 1\.1") as caught:
        parse_envelope(body)
    assert caught.value.fault_code is FaultCode.VERSION_MISMATCH


REFUSED = [
    ("<cs:heartbeatRequest/><cs:heartbeatRequest/>", ErrorCode.PROTOCOL_ERROR),
    ("", ErrorCode.PROTOCOL_ERROR),
    ("just text", ErrorCode.PROTOCOL_ERROR),
    ("</s:Body><s:Body><cs:heartbeatRequest/>", ErrorCode.PROTOCOL_ERROR),
    ("<heartbeatRequest/>", ErrorCode.PROTOCOL_ERROR),
    ("<a:heartbeatRequest xmlns:a='urn://Ocpp/Cs/2018/01/'/>", ErrorCode.PROTOCOL_ERROR),
    ("<cs:signCertificateRequest/>", ErrorCode.NOT_SUPPORTED),
    ("<cs:resetRequest/>", ErrorCode.NOT_SUPPORTED),
    ("<cs:heartbeat/>", ErrorCode.NOT_SUPPORTED),
]


@pytest.mark.parametrize(("body", "code"), REFUSED)
def test_a_body_that_is_no_message_of_the_service_is_refused(body: str, code: ErrorCode) -> None:
    with pytest.raises(RemoteError) as caught:
        parse_envelope(from_station(body))
    assert caught.value.code is code
    assert caught.value.description


def test_a_refusal_knows_what_its_fault_relates_to() -> None:
    with pytest.raises(EnvelopeError) as caught:
        parse_envelope(from_station("<cs:resetRequest/>"))
    assert (caught.value.message_id, caught.value.version, caught.value.service) == (
        "urn:uuid:1",
        Version.V1_5,
        CS,
    )


def test_an_envelope_may_have_no_header_at_all() -> None:
    body = from_station().replace(b"s:Header", b"s:Other")
    read = parse_envelope(body)
    assert read.message() == v15.HeartbeatRequest()
    assert {Remark.IDENTITY_MISSING, Remark.MESSAGE_ID_MISSING} <= read.remarks
