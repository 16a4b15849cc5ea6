"""Frames and envelopes stand for each other."""

from __future__ import annotations

import json

import pytest

from chargeplane.ocpp import soap, v15, v16
from chargeplane.ocpp.errors import ErrorCode, RemoteError
from chargeplane.ocpp.soap import Service
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.station.wires.soap_bridge import REQUESTS_MAX, Answer, Echo, Post, SoapBridge


def bridge(version: Version = Version.V1_6) -> SoapBridge:
    numbers = iter(range(1_000))
    made = SoapBridge("CP1", version, "http://csms/soap", lambda: f"id-{next(numbers)}")
    made.from_address = "http://cp1:8080/"
    return made


def command(request: Request, version: Version = Version.V1_6) -> bytes:
    return soap.request_envelope(
        request,
        service=Service.CHARGE_POINT,
        charge_box_identity="CP1",
        message_id="urn:uuid:theirs",
        to="http://cp1:8080/",
    )


def taken(at: SoapBridge) -> str:
    """The message id that a command was taken up with."""
    asked = at.requested(command(v16.ClearCacheRequest()), None)
    assert not isinstance(asked, Answer)
    return asked[1]


def test_a_call_becomes_a_complete_envelope() -> None:
    post = bridge().outgoing('[2,"7","Authorize",{"idTag":"A1"}]')
    assert isinstance(post, Post)
    envelope = soap.parse_envelope(post.body)
    assert (post.action, post.message_id) == ("/Authorize", "7")
    assert envelope.message() == v16.AuthorizeRequest(id_tag="A1")
    assert envelope.from_address == "http://cp1:8080/"
    assert envelope.charge_box_identity == "CP1"
    assert not envelope.remarks


def test_an_answer_becomes_a_result_and_a_fault_an_error() -> None:
    at = bridge()
    info = v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED)
    body = soap.response_envelope(
        v16.AuthorizeResponse(id_tag_info=info),
        service=Service.CENTRAL_SYSTEM,
        relates_to="urn:uuid:7",
        message_id="urn:uuid:8",
    )
    assert json.loads(at.answered("7", body, None)) == [
        3,
        "7",
        {"idTagInfo": {"status": "Accepted"}},
    ]
    fault = soap.fault_envelope(
        RemoteError(ErrorCode.SECURITY_ERROR, "who are you?"),
        relates_to="urn:uuid:7",
        message_id="urn:uuid:8",
    )
    assert json.loads(at.answered("7", fault, None))[:4] == [
        4,
        "7",
        "SecurityError",
        "who are you?",
    ]


@pytest.mark.parametrize("body", [b"", b"<html/>", command(v16.ClearCacheRequest())])
def test_what_is_no_answer_becomes_an_error(body: bytes) -> None:
    assert json.loads(bridge().answered("7", body, None))[:2] == [4, "7"]


def test_a_command_becomes_a_call_and_its_result_an_envelope() -> None:
    at = bridge()
    asked = at.requested(command(v16.ClearCacheRequest()), None)
    assert isinstance(asked, tuple)
    text, message_id = asked
    assert json.loads(text) == [2, message_id, "ClearCache", {}]
    answer = at.outgoing(f'[3,"{message_id}",{{"status":"Accepted"}}]')
    assert isinstance(answer, Answer)
    envelope = soap.parse_envelope(answer.body)
    accepted = v16.ClearCacheStatus.ACCEPTED
    assert envelope.message() == v16.ClearCacheResponse(status=accepted)
    assert envelope.relates_to == "urn:uuid:theirs"
    assert at.outgoing(f'[3,"{message_id}",{{"status":"Accepted"}}]') is None


def test_an_error_becomes_a_fault() -> None:
    at = bridge()
    message_id = taken(at)
    answer = at.outgoing(f'[4,"{message_id}","NotImplemented","no",{{}}]')
    assert isinstance(answer, Answer)
    assert answer.is_fault
    fault = soap.parse_envelope(answer.body).fault
    assert fault is not None
    assert fault.subcode == "NotSupported"


def test_a_wrong_result_becomes_a_fault_as_well() -> None:
    at = bridge()
    message_id = taken(at)
    answer = at.outgoing(f'[3,"{message_id}",{{"status":"Perhaps"}}]')
    assert isinstance(answer, Answer)
    assert answer.is_fault


@pytest.mark.parametrize(
    "body",
    [b"", b"<x/>", command(v15.ClearCacheRequest(), Version.V1_5)],
    ids=["nothing", "no envelope", "another version"],
)
def test_what_is_no_command_is_answered_with_a_fault(body: bytes) -> None:
    answer = bridge().requested(body, None)
    assert isinstance(answer, Answer)
    assert soap.parse_envelope(answer.body).fault


def test_only_so_many_commands_are_taken_up_at_once() -> None:
    at = bridge()
    first, *_ = [taken(at) for _ in range(REQUESTS_MAX)]
    assert isinstance(at.requested(command(v16.ClearCacheRequest()), None), Answer)
    at.forget(first)
    assert isinstance(at.requested(command(v16.ClearCacheRequest()), None), tuple)


@pytest.mark.parametrize("payload", ['{"idTag":null}', "{}", '{"idTag":"' + "x" * 30 + '"}'])
def test_what_soap_cannot_say_is_refused_to_the_station(payload: str) -> None:
    echo = bridge().outgoing(f'[2,"7","Authorize",{payload}]')
    assert isinstance(echo, Echo)
    assert json.loads(echo.text)[:2] == [4, "7"]


def test_an_action_that_soap_does_not_have_is_refused_to_the_station() -> None:
    assert isinstance(bridge().outgoing('[2,"7","SignCertificate",{"csr":"x"}]'), Echo)
    assert isinstance(bridge().outgoing('[2,"7","Nonsense",{}]'), Echo)
