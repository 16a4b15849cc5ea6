"""What cannot be read, what is answered to it, and what is repaired."""

from __future__ import annotations

import pytest

from chargeplane.ocpp import v16
from chargeplane.ocpp.events import (
    Called,
    Ignored,
    Malformed,
    Refused,
)
from chargeplane.ocpp.frames import write
from chargeplane.ocpp.tolerance import STRICT, TOLERANT
from chargeplane.ocpp.versions import Version
from tests.ocpp.conversation.making import TIME, csms, sent


@pytest.mark.parametrize(
    ("text", "message_id", "code"),
    [
        ("", "-1", "FormatViolation"),
        ("garbage", "-1", "FormatViolation"),
        ("{}", "-1", "RpcFrameworkError"),
        ("[]", "-1", "RpcFrameworkError"),
        ('"x"', "-1", "RpcFrameworkError"),
        ('[2,"a","Heartbeat",{', "a", "FormatViolation"),
        ('[2,"","Heartbeat",{}]', "-1", "RpcFrameworkError"),
        ('[2,null,"Heartbeat",{}]', "-1", "RpcFrameworkError"),
        ('[2,7,"Heartbeat",{}]', "-1", "RpcFrameworkError"),
        (f'[2,"{"x" * 37}","Heartbeat",{{}}]', "-1", "RpcFrameworkError"),
        ('[2,"a","Heartbeat"]', "a", "RpcFrameworkError"),
        ('[2,"a","Heartbeat",{},1]', "a", "RpcFrameworkError"),
        ('[2,"a",7,{}]', "a", "RpcFrameworkError"),
        ('[2,"a","Nonsense",{}]', "a", "NotImplemented"),
        ('[2,"a","ClearCache",{}]', "a", "NotSupported"),
        ('[2,"a","Heartbeat",[]]', "a", "TypeConstraintViolation"),
        ('[2,"a","Heartbeat",{"x":1}]', "a", "FormatViolation"),
        ('[2,"a","Authorize",{}]', "a", "OccurrenceConstraintViolation"),
        ('[7,"a",{}]', "a", "MessageTypeNotSupported"),
        ('[6,"a","Heartbeat",{}]', "a", "MessageTypeNotSupported"),
        ('[2,"a","Heartbeat",' + '{"a":' * 30 + "1" + "}" * 30 + "]", "a", "RpcFrameworkError"),
        ('[2,"a","DataTransfer",{"vendorId":"' + "x" * 3000 + '"}]', "a", "RpcFrameworkError"),
    ],
)
def test_what_is_wrong_is_answered_with_its_code_in_2_0_1(
    text: str, message_id: str, code: str
) -> None:
    peer = csms()
    (event,) = peer.receive(text, 0)
    assert isinstance(event, Malformed)
    ((number, *rest),) = sent(peer)
    assert (number, rest[:2]) == (4, [message_id, code])


def test_1_6_answers_what_has_a_readable_id_only_and_in_its_own_words() -> None:
    for text, answer in (
        ("garbage", []),
        ('[2,7,"Heartbeat",{}]', []),
        ('[7,"a",{}]', []),
        ('[2,"a","Heartbeat",{"x":1}]', [[4, "a", "FormationViolation"]]),
        ('[2,"a","Authorize",{}]', [[4, "a", "OccurenceConstraintViolation"]]),
    ):
        peer = csms(Version.V1_6)
        (event,) = peer.receive(text, 0)
        assert isinstance(event, Malformed | Ignored)
        assert [frame[:3] for frame in sent(peer)] == answer


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("text", ['[3,"a"', '[3,"a",{}', "[3]", "[4]", '[4,"a",1,2,3]', '[ 3 ,"'])
def test_no_callerror_ever_answers_an_answer(version: Version, text: str) -> None:
    peer = csms(version)
    peer.receive(text, 0)
    assert peer.outgoing() == []


def test_an_empty_payload_may_be_null() -> None:
    for version in Version:
        (event,) = csms(version).receive('[2,"a","Heartbeat",null]', 0)
        assert isinstance(event, Called)
        assert event.repairs == ()


def test_a_payload_is_never_null_where_something_must_stand_in_it() -> None:
    (event,) = csms().receive('[2,"a","Authorize",null]', 0)
    assert isinstance(event, Malformed)


def test_the_error_names_version_action_path_and_rule() -> None:
    peer = csms()
    payload = {
        "eventType": "Started",
        "timestamp": "2026-11-21T12:00:00Z",
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "x" * 37},
    }
    (event,) = peer.receive(write(2, "a", "TransactionEvent", payload), 0)
    assert isinstance(event, Malformed)
    assert event.reason == (
        "2.0.1 TransactionEvent request: "
        "`$.transactionInfo.transactionId` is longer than 36 characters"
    )


# Repairs


def test_a_number_as_message_id_gets_its_number_back() -> None:
    peer = csms(Version.V1_6, TOLERANT)
    (event,) = peer.receive('[2,42,"Heartbeat",{}]', 0)
    assert isinstance(event, Called)
    assert (event.message_id, [repair.name for repair in event.repairs]) == (
        "42",
        ["message-id-number"],
    )
    peer.answer("42", v16.HeartbeatResponse(current_time=TIME))
    assert sent(peer)[0][:2] == [3, 42]


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        (f'[2,"{"x" * 40}","Heartbeat",{{}}]', "message-id-long"),
        ('[2,"a","Heartbeat"]', "missing-payload"),
        ('[2,"a","Heartbeat",{},"more"]', "extra-frame-elements"),
    ],
)
def test_frames_that_break_a_rule_are_served_where_that_is_allowed(text: str, repair: str) -> None:
    (event,) = csms(Version.V1_6, TOLERANT).receive(text, 0)
    assert isinstance(event, Called)
    assert [found.name for found in event.repairs] == [repair]
    (event,) = csms(Version.V1_6, STRICT).receive(text, 0)
    assert isinstance(event, Malformed)


def test_an_error_without_description_still_ends_the_request() -> None:
    peer = csms(Version.V1_6, TOLERANT)
    peer.call(v16.ClearCacheRequest(), 0)
    (event,) = peer.receive('[4,"m1","NotSupported"]', 0)
    assert isinstance(event, Refused)
    assert event.code == "NotSupported"


def test_a_1_6_request_on_a_2_x_connection_is_answered_in_1_6() -> None:
    peer = csms(Version.V2_0_1, TOLERANT)
    text = (
        '[2,"a","BootNotification",{"chargePointVendor":"V","chargePointModel":"M",'
        '"chargePointSerialNumber":"1"}]'
    )
    (event,) = peer.receive(text, 0)
    assert isinstance(event, Called)
    assert isinstance(event.request, v16.BootNotificationRequest)
    assert event.repairs
    peer.answer(
        "a",
        v16.BootNotificationResponse(
            status=v16.RegistrationStatus.ACCEPTED, current_time=TIME, interval=300
        ),
    )
    assert sent(peer)[0][0] == 3
