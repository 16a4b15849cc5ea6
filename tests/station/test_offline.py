"""What happens without a connection is told later, in order, and once."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.signals import MessageDropped, TokenDecided
from tests.station.central import START, info_1x, info_2x
from tests.station.stage import TOKEN, Stage, online

UNKNOWN_MAY = {"AllowOfflineTxForUnknownId": "true"}
ONES = [Version.V1_2, Version.V1_5, Version.V1_6]
TWOS = [Version.V2_0_1, Version.V2_1]


@pytest.mark.parametrize("version", ONES)
def test_a_1x_visit_without_connection_is_told_in_order_with_the_id_patched_in(
    version: Version,
) -> None:
    stage = online(version, variables=UNKNOWN_MAY).disconnect()
    stage.charge(300).wait(60)
    assert stage.central.heard == []
    stage.connect()
    names = [each for each in stage.central.names() if each != "StatusNotification"]
    assert names == ["StartTransaction", *["MeterValues"] * 5, "StopTransaction"]
    (stop,) = stage.central.all(v16.StopTransactionRequest)
    assert stop.transaction_id == 101
    values = stage.central.all(v16.MeterValuesRequest)
    assert {each.transaction_id for each in values} <= {101, UNSET}
    if version is not Version.V1_2:
        assert {each.transaction_id for each in values} == {101}
    times = [each.meter_value[0].timestamp for each in values]
    assert times == sorted(times)
    assert times[-1] == START + timedelta(seconds=310)  # when it was measured


@pytest.mark.parametrize("version", TWOS)
def test_a_2x_visit_without_connection_says_that_it_was_offline(version: Version) -> None:
    stage = online(version, variables=UNKNOWN_MAY).disconnect()
    stage.charge(300).connect()
    events = stage.central.all(v21.TransactionEventRequest)
    assert all(each.offline is True for each in events)
    assert [each.seq_no for each in events] == list(range(len(events)))
    assert [one.timestamp <= other.timestamp for one, other in pairwise(events)].count(False) == 0


@pytest.mark.parametrize("version", TWOS)
def test_a_break_in_the_middle_marks_only_what_happened_in_it(version: Version) -> None:
    stage = online(version)
    stage.plug_in()
    stage.tap().wait(130).disconnect().wait(120).connect().wait(60).tap()
    events = stage.central.all(v21.TransactionEventRequest)
    marks = [bool(each.offline) for each in events if each.trigger_reason == "MeterValuePeriodic"]
    assert marks == [False, False, True, True, False]


def test_a_message_that_was_under_way_is_sent_again_under_its_id() -> None:
    stage = online("1.6")
    stage.plug_in()
    stage.tap()
    stage.is_deaf = True
    stage.tap()  # the StopTransaction leaves, and the connection breaks before the answer
    lost = [each for each in stage.frames if "StopTransaction" in each]
    stage.disconnect()
    stage.is_deaf = False
    stage.connect()
    assert [each for each in stage.frames if "StopTransaction" in each] == lost * 2


def test_a_refused_message_is_tried_as_often_as_configured_and_then_given_up() -> None:
    variables = {"TransactionMessageAttempts": "3", "TransactionMessageRetryInterval": "10"}
    stage = online("1.6", variables=variables)
    stage.central.responds = lambda request: (
        ErrorCode.INTERNAL_ERROR if isinstance(request, v16.StartTransactionRequest) else None
    )
    stage.plug_in()
    stage.tap()
    starts = [len(stage.central.all(v16.StartTransactionRequest))]
    for _ in range(4):
        stage.wait(10)
        starts.append(len(stage.central.all(v16.StartTransactionRequest)))
    assert starts == [1, 2, 2, 3, 3]  # after 10 s, and after 20 s more
    assert [each.action for each in stage.saw(MessageDropped)] == ["StartTransaction"]
    stage.tap()
    (stop,) = stage.central.all(v16.StopTransactionRequest)
    assert stop.transaction_id == -1


def test_nothing_of_a_transaction_overtakes_what_waits() -> None:
    stage = online("2.1", variables={"OCPPCommCtrlr.MessageAttempts[TransactionEvent]": "9"})
    stage.is_deaf = True
    stage.plug_in()
    stage.wait(200)  # the first event times out and waits for its next try
    stage.is_deaf = False
    stage.wait(600)
    numbers = [each.seq_no for each in stage.central.all(v21.TransactionEventRequest)]
    assert numbers == list(range(len(numbers)))


def test_a_full_queue_drops_samples_in_the_middle_and_no_start_or_end() -> None:
    stage = online("2.1", variables=UNKNOWN_MAY).disconnect()
    stage.core.hub.outbox._entries_max = 8
    stage.charge(1_800).connect()
    events = stage.central.all(v21.TransactionEventRequest)
    assert len(events) == 8
    assert [events[0].event_type, events[-1].event_type] == ["Started", "Ended"]
    assert {each.action for each in stage.saw(MessageDropped)} == {"TransactionEvent"}


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_offline_a_known_token_may_charge_and_an_unknown_one_may_not(version: str) -> None:
    stage = online(version)
    stage.charge(60).disconnect()
    stage.plug_in()
    stage.tap(IdToken("STRANGER")).tap(TOKEN)
    decided = [(each.token.value, each.accepted) for each in stage.saw(TokenDecided)]
    assert decided[-2:] == [("STRANGER", False), ("DEADBEEF", True)]


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_a_token_that_turns_out_invalid_ends_its_transaction(version: str) -> None:
    stage = online(version, variables=UNKNOWN_MAY).disconnect()
    stage.plug_in()
    stage.tap().wait(30)
    stage.central.responds = _refuses
    stage.connect()
    assert not stage.core.hub.is_busy
    if version == "1.6":
        (stop,) = stage.central.all(v16.StopTransactionRequest)
        assert stop.reason == "DeAuthorized"
    else:
        event = stage.central.all(v21.TransactionEventRequest)[-1]
        assert event.transaction_info.stopped_reason == "DeAuthorized"


def _refuses(request: object) -> v16.StartTransactionResponse | v21.TransactionEventResponse | None:
    if isinstance(request, v16.StartTransactionRequest):
        return v16.StartTransactionResponse(transaction_id=5, id_tag_info=info_1x("Blocked"))
    if isinstance(request, v21.TransactionEventRequest) and request.id_token:
        return v21.TransactionEventResponse(id_token_info=info_2x("Blocked"))
    return None


def test_a_station_that_nobody_answers_asks_no_more_than_it_may() -> None:
    stage = online("1.6")
    stage.is_deaf = True
    for _ in range(100):
        stage.core.set_fault(1, "GroundFailure", stage.now_s)
        stage.core.set_fault(1, "", stage.now_s)
    assert stage.core.hub.conversation.waiting == 48


def test_a_stage_is_quiet_when_nothing_happens() -> None:
    stage = Stage("1.6").connect()
    stage.frames.clear()
    stage.wait(299)
    assert stage.frames == []
