"""A conversation from one end: who may ask, what is owed, what timed out."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from chargeplane.ocpp import v16, v21, v201
from chargeplane.ocpp.errors import ErrorCode, LocalError
from chargeplane.ocpp.events import (
    Abandoned,
    Answered,
    Called,
    Failed,
    Ignored,
    Malformed,
    Refused,
    ResultRefused,
    Sent,
    Stray,
    TimedOut,
)
from chargeplane.ocpp.frames import Limits, write
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.tolerance import STRICT, Tolerance
from chargeplane.ocpp.versions import Role, Version
from tests.ocpp.conversation.making import HEARTBEAT, LIMITS, TIME, csms, numbered, sent


def test_a_request_becomes_an_event_and_its_answer_a_callresult() -> None:
    peer = csms(Version.V1_6)
    (event,) = peer.receive(HEARTBEAT, 0)
    assert isinstance(event, Called)
    assert (event.action.name, event.request) == ("Heartbeat", v16.HeartbeatRequest())
    assert peer.answer("h1", v16.HeartbeatResponse(current_time=TIME)) == []
    assert sent(peer) == [[3, "h1", {"currentTime": "2026-11-21T12:00:00Z"}]]
    assert peer.outgoing() == []


def test_a_request_can_be_refused_in_the_words_of_the_version() -> None:
    for version, word in (
        (Version.V1_6, "OccurenceConstraintViolation"),
        (Version.V2_1, "OccurrenceConstraintViolation"),
    ):
        peer = csms(version)
        peer.receive(HEARTBEAT, 0)
        peer.refuse("h1", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, "why", {"a": 1})
        assert sent(peer) == [[4, "h1", word, "why", {"a": 1}]]


def test_a_description_is_cut_to_255_characters_in_2_x() -> None:
    for version, length in ((Version.V1_6, 300), (Version.V2_0_1, 255), (Version.V2_1, 255)):
        peer = csms(version)
        peer.receive(HEARTBEAT, 0)
        peer.refuse("h1", ErrorCode.GENERIC_ERROR, "x" * 300)
        ((_, _, _, description, _),) = sent(peer)
        assert len(str(description)) == length


def test_an_answer_of_another_action_is_our_mistake_and_the_right_one_is_still_owed() -> None:
    peer = csms(Version.V1_6)
    peer.receive(HEARTBEAT, 0)
    with pytest.raises(LocalError, match="does not answer 1.6 Heartbeat"):
        peer.answer("h1", v16.StatusNotificationResponse())
    with pytest.raises(LocalError, match="no answer is owed for id h2"):
        peer.answer("h2", v16.HeartbeatResponse(current_time=TIME))
    peer.answer("h1", v16.HeartbeatResponse(current_time=TIME))
    with pytest.raises(LocalError, match="no answer is owed"):
        peer.answer("h1", v16.HeartbeatResponse(current_time=TIME))
    with pytest.raises(LocalError, match="no answer is owed"):
        peer.refuse("h1", ErrorCode.GENERIC_ERROR)


def test_an_answer_that_breaks_the_schema_is_never_sent() -> None:
    peer = csms(Version.V1_6)
    peer.receive('[2,"d","DataTransfer",{"vendorId":"x"}]', 0)
    naive = v16.HeartbeatResponse(current_time=TIME.replace(tzinfo=None))
    with pytest.raises(LocalError):
        peer.answer("d", naive)
    peer.answer("d", v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED))
    peer.receive(HEARTBEAT, 0)
    with pytest.raises(LocalError, match="currentTime"):
        peer.answer("h1", naive)
    assert len(sent(peer)) == 1


# Repetition


def test_a_repeated_request_gets_the_same_answer_again_and_no_second_event() -> None:
    peer = csms(Version.V1_6)
    peer.receive(HEARTBEAT, 0)
    peer.answer("h1", v16.HeartbeatResponse(current_time=TIME))
    first = peer.outgoing()
    (event,) = peer.receive(HEARTBEAT, 1)
    assert isinstance(event, Ignored)
    assert peer.outgoing() == first


def test_a_repetition_while_the_request_is_in_hand_is_not_answered_twice() -> None:
    peer = csms(Version.V1_6)
    peer.receive(HEARTBEAT, 0)
    (event,) = peer.receive(HEARTBEAT, 1)
    assert isinstance(event, Ignored)
    peer.answer("h1", v16.HeartbeatResponse(current_time=TIME))
    assert len(sent(peer)) == 1


@pytest.mark.parametrize(
    ("version", "word"),
    [(Version.V1_6, "ProtocolError"), (Version.V2_0_1, "RpcFrameworkError")],
)
@pytest.mark.parametrize("answered", [True, False])
def test_a_used_id_with_other_content_is_refused(
    version: Version, word: str, answered: bool
) -> None:
    peer = csms(version)
    ((event),) = peer.receive(HEARTBEAT, 0)
    assert isinstance(event, Called)
    if answered:
        peer.refuse("h1", ErrorCode.INTERNAL_ERROR)
    peer.outgoing()
    (event,) = peer.receive('[2,"h1","DataTransfer",{"vendorId":"x"}]', 1)
    assert isinstance(event, Malformed)
    ((number, message_id, code, _, _),) = sent(peer)
    assert (number, message_id, code) == (4, "h1", word)


def test_a_station_that_numbers_from_one_again_is_served_where_that_is_allowed() -> None:
    peer = csms(Version.V1_6, Tolerance(["message-id-reused"]))
    peer.receive(HEARTBEAT, 0)
    peer.answer("h1", v16.HeartbeatResponse(current_time=TIME))
    (event,) = peer.receive('[2,"h1","DataTransfer",{"vendorId":"x"}]', 1)
    assert isinstance(event, Called)


def test_answers_are_kept_for_a_bounded_number_of_ids() -> None:
    peer = csms(Version.V1_6)
    for number in range(50):
        peer.receive(f'[2,"{number}","Heartbeat",{{}}]', 0)
        peer.answer(str(number), v16.HeartbeatResponse(current_time=TIME))
    assert len(peer._answers) + len(peer._older_answers) <= 2 * LIMITS.answers_kept_max
    (event,) = peer.receive('[2,"49","Heartbeat",{}]', 0)
    assert isinstance(event, Ignored)
    (event,) = peer.receive('[2,"1","Heartbeat",{}]', 0)
    assert isinstance(event, Called)


@pytest.mark.parametrize("depth_max", [20, 2000])
def test_a_long_request_is_recognised_without_being_kept(depth_max: int) -> None:
    limits = Limits(depth_max=depth_max)
    peer = Peer(Version.V1_6, Role.CSMS, tolerance=STRICT, limits=limits)
    peer.receive(write(2, "first", "DataTransfer", {"vendorId": "v"}), 0)
    peer.answer("first", v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED))
    data = "x" * 1500
    text = write(2, "long", "DataTransfer", {"vendorId": "v", "data": data})
    peer.receive(text, 0)
    peer.answer("long", v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED))
    assert data not in repr(peer._answers)
    (event,) = peer.receive(text, 1)
    assert isinstance(event, Ignored)
    (event,) = peer.receive(text.replace("xx", "xy"), 2)
    assert isinstance(event, Malformed)


# The usual case, which takes a shorter way from the second time on


@pytest.mark.parametrize(
    "message_id",
    ["x,y", 'a"b', 'x,"Heartbeat",y', '","Heartbeat","', "x, \\", "é€", "1" * 36],
    ids=json.dumps,
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\n", ":")], ids=repr)
def test_an_id_may_look_like_a_frame_and_changes_nothing(
    message_id: str, separators: tuple[str, str]
) -> None:
    peer = csms(Version.V1_6)
    peer.receive(HEARTBEAT, 0)
    peer.answer("h1", v16.HeartbeatResponse(current_time=TIME))
    peer.outgoing()
    request = {"chargePointVendor": "v", "chargePointModel": "m"}
    frame = [2, message_id, "BootNotification", request]
    status = v16.RegistrationStatus.ACCEPTED
    response = v16.BootNotificationResponse(current_time=TIME, interval=300, status=status)
    first = json.dumps([2, "first", *frame[2:]])
    for id_, text in ("first", first), (message_id, json.dumps(frame, separators=separators)):
        (event,) = peer.receive(text, 1)
        assert isinstance(event, Called)
        assert (event.message_id, event.action.name) == (id_, "BootNotification")
        assert event.repairs == ()
        peer.answer(id_, response)
    answer = {"currentTime": "2026-11-21T12:00:00Z", "interval": 300, "status": "Accepted"}
    assert sent(peer) == [[3, "first", answer], [3, message_id, answer]]


def test_a_limit_in_tenths_is_exact_every_time() -> None:
    station = Peer(Version.V1_6, Role.STATION, tolerance=STRICT, limits=Limits())
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.1}],
        },
    }
    text = write(2, "id", "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
    for number in ("p1", "p2"):
        (event,) = station.receive(text.replace('"id"', f'"{number}"'), 0)
        assert isinstance(event, Called)
        assert isinstance(event.request, v16.SetChargingProfileRequest)
        schedule = event.request.cs_charging_profiles.charging_schedule
        assert schedule.charging_schedule_period[0].limit == Decimal("16.1")
        station.refuse(number, ErrorCode.GENERIC_ERROR)
    (event,) = station.receive(text.replace("16.1", "16.15"), 0)
    assert isinstance(event, Malformed)
    assert event.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


def test_an_answer_that_is_not_plainly_right_is_read_back_and_keeps_the_id() -> None:
    peer = csms()
    for time, text in (
        (TIME, "2026-11-21T12:00:00Z"),
        (TIME.replace(microsecond=123_456), "2026-11-21T12:00:00.123Z"),
    ):
        message_id = f'"{text},'
        peer.receive(write(2, message_id, "Heartbeat", {}), 0)
        peer.answer(message_id, v201.HeartbeatResponse(current_time=time))
        assert sent(peer) == [[3, message_id, {"currentTime": text}]]
    peer.receive(write(2, "h2", "Heartbeat", {}), 0)
    with pytest.raises(LocalError, match="is not a date and time with a zone"):
        peer.answer("h2", v201.HeartbeatResponse(current_time=TIME.replace(tzinfo=None)))


# Several requests at once


def test_requests_that_come_too_early_wait_in_order_until_the_one_in_hand_is_answered() -> None:
    peer = csms(Version.V1_6)
    response = v16.HeartbeatResponse(current_time=TIME)
    assert len(peer.receive('[2,"1","Heartbeat",{}]', 0)) == 1
    assert peer.receive('[2,"2","Heartbeat",{}]', 0) == []
    assert peer.receive('[2,"3","Heartbeat",{}]', 0) == []
    for number in ("1", "2", "3"):
        events = peer.answer(number, response)
        assert len(events) == (number != "3")
    assert [frame[1] for frame in sent(peer)] == ["1", "2", "3"]


def test_more_waiting_requests_than_the_bound_are_refused() -> None:
    peer = csms(Version.V1_6)
    for number in range(3):
        peer.receive(f'[2,"{number}","Heartbeat",{{}}]', 0)
    (event,) = peer.receive('[2,"3","Heartbeat",{}]', 0)
    assert isinstance(event, Malformed)
    ((_, message_id, code, _, _),) = sent(peer)
    assert (message_id, code) == ("3", "GenericError")


def test_a_wrong_request_in_the_queue_is_refused_in_its_turn_and_the_next_one_served() -> None:
    peer = csms(Version.V1_6)
    peer.receive('[2,"1","Heartbeat",{}]', 0)
    peer.receive('[2,"2","Nonsense",{}]', 0)
    peer.receive('[2,"3","Heartbeat",{}]', 0)
    events = peer.answer("1", v16.HeartbeatResponse(current_time=TIME))
    assert [type(event) for event in events] == [Malformed, Called]
    assert [frame[:2] for frame in sent(peer)] == [[3, "1"], [4, "2"]]


# Our own requests


def test_one_call_is_open_and_the_others_wait_for_its_answer() -> None:
    peer = csms()
    first = peer.call(v201.ClearCacheRequest(), 0)
    peer.call(v201.ClearCacheRequest(), 0)
    assert sent(peer) == [[2, "m1", "ClearCache", {}]]
    (event,) = peer.receive('[3,"m1",{"status":"Accepted"}]', 5)
    assert isinstance(event, Answered)
    assert (event.message_id, event.late) == (first, False)
    assert event.response == v201.ClearCacheResponse(status=v201.ClearCacheStatusEnumType.ACCEPTED)
    assert sent(peer) == [[2, "m2", "ClearCache", {}]]
    assert peer.deadline == 35


def test_a_full_queue_is_said_and_nothing_is_lost() -> None:
    peer = csms()
    for _ in range(3):
        peer.call(v201.ClearCacheRequest(), 0)
    with pytest.raises(LocalError, match="too many requests"):
        peer.call(v201.ClearCacheRequest(), 0)
    assert [type(event) for event in peer.close()] == [Abandoned] * 3


def test_a_callerror_ends_the_request() -> None:
    peer = csms()
    peer.call(v201.ClearCacheRequest(), 0)
    (event,) = peer.receive('[4,"m1","NotSupported","no cache",{"a":1}]', 1)
    assert event == Refused("m1", v201.ClearCacheRequest(), "NotSupported", "no cache", {"a": 1})


def test_a_call_times_out_and_the_next_is_sent() -> None:
    peer = csms()
    peer.call(v201.ClearCacheRequest(), 0)
    peer.call(v201.ClearCacheRequest(), 10)
    peer.outgoing()
    assert peer.expire(29.9) == []
    assert peer.expire(30) == [TimedOut("m1", v201.ClearCacheRequest())]
    assert sent(peer) == [[2, "m2", "ClearCache", {}]]
    assert peer.deadline == 60


def test_a_late_answer_is_an_event_not_a_crash() -> None:
    peer = csms()
    peer.call(v201.ClearCacheRequest(), 0)
    peer.expire(30)
    (event,) = peer.receive('[3,"m1",{"status":"Rejected"}]', 31)
    assert isinstance(event, Answered)
    assert event.late
    (event,) = peer.receive('[3,"m1",{"status":"Rejected"}]', 32)
    assert isinstance(event, Stray)


def test_an_answer_to_nothing_is_stray_and_never_answered() -> None:
    for version in Version:
        peer = csms(version)
        for text in ('[3,"x",{}]', '[4,"x","GenericError","",{}]', '[4,"-1","GenericError","",{}]'):
            (event,) = peer.receive(text, 0)
            assert isinstance(event, Stray)
        assert peer.outgoing() == []


def test_a_broken_answer_ends_the_request_and_only_2_1_says_so_to_the_other_end() -> None:
    for version, request in (
        (Version.V1_6, v16.ClearCacheRequest()),
        (Version.V2_0_1, v201.ClearCacheRequest()),
        (Version.V2_1, v21.ClearCacheRequest()),
    ):
        for text in ('[3,"m1",{"status":"Perhaps"}]', '[3,"m1"]', '[3,"m1",{},{}]', '[3,"m1",{'):
            peer = csms(version)
            peer.call(request, 0)
            peer.outgoing()
            (event,) = peer.receive(text, 0)
            assert isinstance(event, Failed)
            assert [frame[:2] for frame in sent(peer)] == [[5, "m1"]] * (version is Version.V2_1)
            assert peer.deadline is None


def test_a_callresulterror_is_reported_in_2_1_and_unknown_before() -> None:
    text = '[5,"h1","FormatViolation","bad",{}]'
    assert csms(Version.V2_1).receive(text, 0) == [
        ResultRefused("h1", "FormatViolation", "bad", {})
    ]
    assert isinstance(csms(Version.V1_6).receive(text, 0)[0], Ignored)
    assert isinstance(csms(Version.V2_0_1).receive(text, 0)[0], Malformed)


def test_only_our_own_requests_of_this_version_can_be_sent() -> None:
    peer = csms()
    for request, reason in (
        (v201.HeartbeatRequest(), "not for a csms to send"),
        (v16.ClearCacheRequest(), "conversation in 2.0.1"),
        (v201.UnlockConnectorRequest(evse_id="1", connector_id=1), "evseId"),  # type: ignore[arg-type]
    ):
        with pytest.raises(LocalError, match=reason):
            peer.call(request, 0)
    assert peer.outgoing() == []


def test_a_send_passes_an_open_call_and_is_never_answered() -> None:
    station = Peer(Version.V2_1, Role.STATION, new_id=numbered(), tolerance=STRICT)
    request = v21.NotifyPeriodicEventStreamRequest(
        id=1, pending=0, basetime=TIME, data=[v21.StreamDataElementType(t=0.5, v="230")]
    )
    station.call(v21.HeartbeatRequest(), 0)
    station.send(request)
    call, send = station.outgoing()
    peer = csms(Version.V2_1)
    (event,) = peer.receive(send, 0)
    assert isinstance(event, Sent)
    assert event.request == request
    assert peer.outgoing() == []
    (event,) = peer.receive('[6,"s","NotifyPeriodicEventStream",{}]', 0)
    assert isinstance(event, Malformed)
    (event,) = peer.receive('[6,"s","Heartbeat",{}]', 0)
    assert isinstance(event, Malformed)
    assert peer.outgoing() == []
    with pytest.raises(LocalError, match="not sent as a CALL"):
        station.call(request, 0)
    assert call.startswith("[2,")


def test_after_the_end_nothing_is_sent_and_open_requests_are_reported() -> None:
    peer = csms()
    peer.call(v201.ClearCacheRequest(), 0)
    peer.call(v201.ClearCacheRequest(), 0)
    assert peer.close() == [
        Abandoned("m1", v201.ClearCacheRequest(), True),
        Abandoned("m2", v201.ClearCacheRequest(), False),
    ]
    assert peer.outgoing() == []
    assert isinstance(peer.receive(HEARTBEAT, 0)[0], Ignored)
    with pytest.raises(LocalError, match="has ended"):
        peer.call(v201.ClearCacheRequest(), 0)


def test_a_retry_may_keep_its_message_id() -> None:
    peer = csms()
    peer.call(v201.ClearCacheRequest(), 0, message_id="mine")
    peer.expire(30)
    peer.call(v201.ClearCacheRequest(), 30, message_id="mine")
    assert [frame[1] for frame in sent(peer)] == ["mine", "mine"]
    (event,) = peer.receive('[3,"mine",{"status":"Accepted"}]', 31)
    assert isinstance(event, Answered)
    assert not event.late
