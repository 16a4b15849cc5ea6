"""One station through a relay: what passes, what waits, and what is answered on the way."""

from __future__ import annotations

import msgspec
import pytest

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station import Ev
from chargeplane.station.memory import Memory
from tests.station.local_controller.middle import WIRES, Middle, frames, online

KNOWN = IdToken("DEADBEEF")
FAMILY_2X = (Version.V2_0_1, Version.V2_1)


def visit(middle: Middle, duration_s: float = 120.0) -> None:
    """Somebody charges at EVSE 1."""
    middle.core.plug_in(1, Ev(soc=0.2), middle.now_s)
    middle.wait(5)
    middle.core.tap(KNOWN, middle.now_s, 1)
    middle.wait(duration_s)
    middle.core.tap(KNOWN, middle.now_s, 1)
    middle.wait(5)
    middle.core.unplug(1, middle.now_s)
    middle.wait(5)


def numbers(middle: Middle) -> list[int]:
    return [each.seq_no for each in middle.events()]


@pytest.mark.parametrize("version", Version)
def test_every_frame_passes_unchanged_and_in_order(version: Version) -> None:
    middle = online(version)
    visit(middle)
    assert middle.seen["station up"] == middle.seen["central up"]
    assert middle.seen["central down"] == middle.seen["station down"]
    assert "StatusNotification" in middle.central.names()
    assert not middle.central.malformed


def test_a_request_of_the_central_system_and_its_answer_pass() -> None:
    middle = online()
    middle.central.ask(
        v21.TriggerMessageRequest(requested_message=v21.MessageTriggerEnumType.HEARTBEAT)
    )
    middle.carry()
    assert middle.central.said == [
        v21.TriggerMessageResponse(status=v21.TriggerMessageStatusEnumType.ACCEPTED)
    ]


@pytest.mark.parametrize("text", ["nonsense", '[9,"x",{}]', '[2,"x","NoSuchAction",{}]', "[]"])
def test_what_nobody_can_read_passes_unchanged(text: str) -> None:
    middle = online()
    middle.relay.from_station(text, 1.0)
    assert middle.relay.to_central() == [text]
    middle.relay.from_central(text, 1.0)
    assert middle.relay.to_station() == [text]


@pytest.mark.parametrize("version", FAMILY_2X)
def test_a_visit_without_the_central_system_is_told_later_and_whole(version: Version) -> None:
    middle = online(version)
    visit(middle)
    middle.central.heard.clear()
    middle.lose_central()
    visit(middle)
    assert not middle.core.hub.outbox
    assert not middle.events()
    middle.central_is_back().carry()
    assert numbers(middle) == list(range(len(middle.events())))
    kinds = [each.event_type for each in middle.events()]
    assert (kinds[0], kinds[-1]) == ("Started", "Ended")
    assert not middle.relay.backlog


def test_transaction_messages_go_before_all_others() -> None:
    middle = online()
    visit(middle)
    middle.central.heard.clear()
    middle.lose_central()
    visit(middle)
    middle.central_is_back().carry()
    names = middle.central.names()
    events = names.count("TransactionEvent")
    assert names[:events] == ["TransactionEvent"] * events
    assert names.count("StatusNotification") == 1  # of all, the last of the connector


def test_a_transaction_message_waits_behind_those_of_the_backlog() -> None:
    middle = online()
    middle.core.plug_in(1, Ev(soc=0.2), middle.now_s)
    middle.core.tap(KNOWN, middle.now_s, 1)
    middle.wait(5)
    middle.lose_central()
    middle.wait(600)
    middle.central_is_back()
    assert middle.relay.backlog.has_transactions
    middle.core.unplug(1, middle.now_s)
    middle.collect()
    while middle.move("station up"):  # while the central system has not answered anything yet
        middle.move("station down")
    middle.carry()
    assert numbers(middle) == list(range(len(middle.events())))
    assert middle.events()[-1].event_type == "Ended"


def test_the_message_on_its_way_when_the_central_system_goes_is_answered_and_told_again() -> None:
    middle = online()
    middle.core.plug_in(1, Ev(soc=0.2), middle.now_s)
    middle.core.tap(KNOWN, middle.now_s, 1)
    middle.collect()
    while not any('"TransactionEvent"' in text for text in middle.seen["central up"]):
        next(name for name in reversed(WIRES) if middle.move(name))
    told = middle.seen["central up"][-1]
    middle.lose_central().carry()
    assert not middle.core.hub.outbox
    middle.central_is_back().carry()
    assert middle.seen["central up"].count(told) == 2
    assert list(dict.fromkeys(numbers(middle))) == list(range(len(set(numbers(middle)))))


def test_a_heartbeat_without_the_central_system_gets_the_time() -> None:
    middle = online()
    middle.lose_central()
    middle.wait(50)
    middle.relay.from_station('[2,"h","Heartbeat",{}]', middle.now_s)
    assert middle.relay.to_station() == ['[3,"h",{"currentTime":"2026-01-05T08:00:50Z"}]']
    assert not middle.relay.backlog


def test_a_station_that_restarts_alone_is_accepted_as_before_and_told_of_first() -> None:
    middle = online()
    middle.lose_central()
    visit(middle, 30)
    middle.core.restart(middle.now_s)
    middle.lose_station().connect().carry()
    assert middle.core.hub.is_online
    middle.central.heard.clear()
    middle.central_is_back().carry()
    assert middle.central.names()[:2] == ["BootNotification", "TransactionEvent"]


def test_a_station_that_was_never_accepted_is_not_served_alone() -> None:
    middle = Middle()
    middle.is_central_reachable = False
    assert not middle.connect().is_station_here
    middle.central_is_back().connect()
    middle.lose_central().carry()
    assert not middle.is_station_here


def test_a_boot_that_the_central_system_rejects_later_ends_the_connection() -> None:
    middle = online()
    middle.lose_central()
    middle.core.restart(middle.now_s)
    middle.lose_station().connect().carry()
    status = v21.RegistrationStatusEnumType.REJECTED

    def rejects(request: Request) -> Response | None:
        if not isinstance(request, v21.BootNotificationRequest):
            return None
        assert middle.central.now is not None
        return v21.BootNotificationResponse(
            current_time=middle.central.now, interval=60, status=status
        )

    middle.central.responds = rejects
    middle.central_is_back().carry()
    assert not middle.is_station_here


def test_known_tokens_charge_without_the_central_system_and_others_do_not() -> None:
    middle = online()
    visit(middle)
    middle.lose_central()
    for value, status in (("DEADBEEF", "Accepted"), ("STRANGER", "Unknown")):
        token = {"idToken": value, "type": "ISO14443"}
        text = msgspec.json.encode([2, value, "Authorize", {"idToken": token}]).decode()
        middle.relay.from_station(text, middle.now_s)
        (answer,) = frames(middle.relay.to_station())
        assert answer == [3, value, {"idTokenInfo": {"status": status}}]


def test_a_token_that_turns_out_to_be_blocked_stops_its_transaction() -> None:
    middle = online()
    visit(middle)
    middle.lose_central()
    middle.core.plug_in(1, Ev(soc=0.2), middle.now_s)
    middle.core.tap(KNOWN, middle.now_s, 1)
    middle.wait(5)
    assert middle.core.evse(1).transaction is not None

    def blocks(request: Request) -> Response | None:
        if isinstance(request, v21.TransactionEventRequest) and request.id_token:
            info = v21.IdTokenInfoType(status=v21.AuthorizationStatusEnumType.BLOCKED)
            return v21.TransactionEventResponse(id_token_info=info)
        return None

    middle.central.responds = blocks
    middle.central_is_back().carry()
    middle.wait(5)
    assert middle.core.evse(1).transaction is None
    assert middle.events()[-1].trigger_reason == "RemoteStop"


def test_what_only_the_central_system_can_say_is_refused() -> None:
    middle = online()
    middle.lose_central()
    middle.relay.from_station('[2,"d","DataTransfer",{"vendorId":"x"}]', middle.now_s)
    (answer,) = frames(middle.relay.to_station())
    assert answer == [4, "d", ErrorCode.GENERIC_ERROR, "the central system is away", {}]


@pytest.mark.parametrize("version", Version)
def test_a_relay_that_does_not_keep_stations_lets_them_go_with_the_central_system(
    version: Version,
) -> None:
    middle = online(version, keeps=False)
    visit(middle)  # so that the station knows the token
    middle.lose_central()
    assert not middle.is_station_here
    visit(middle)
    assert middle.core.hub.outbox
    middle.central_is_back().connect().carry()
    assert not middle.core.hub.outbox


def test_a_station_of_1_6_goes_with_the_central_system_in_any_case() -> None:
    middle = online(Version.V1_6)
    middle.lose_central()
    assert not middle.is_station_here
    assert middle.relay.wants_close == "the central system is away"


def test_the_connection_upwards_ends_with_that_of_the_station() -> None:
    middle = online()
    middle.lose_station()
    assert not middle.relay.has_central
    assert not middle.is_central_here


def ask(middle: Middle, said: list[Response | None]) -> None:
    request = v21.ClearCacheRequest()
    middle.relay.ask(request, middle.now_s, said.append)
    middle.collect()


def test_an_own_request_has_an_own_id_and_its_answer_stays_here() -> None:
    middle = online()
    said: list[Response | None] = []
    up = len(middle.seen["central up"])
    ask(middle, said)
    middle.carry()
    assert said == [v21.ClearCacheResponse(status=v21.ClearCacheStatusEnumType.ACCEPTED)]
    assert len(middle.seen["central up"]) == up
    assert frames(middle.seen["station down"])[-1][1] == "own-1"


def test_an_own_request_waits_until_the_station_has_answered_the_central_system() -> None:
    middle = online()
    said: list[Response | None] = []
    middle.central.ask(v21.ClearCacheRequest())
    middle.collect().move("central down")
    ask(middle, said)
    middle.central.ask(v21.GetLocalListVersionRequest())
    assert len(middle.wires["station down"]) == 1
    middle.carry()
    actions = [each[2] for each in frames(middle.seen["station down"])[-3:] if each[0] == 2]
    assert actions == ["ClearCache", "ClearCache", "GetLocalListVersion"]
    assert len(said) == 1
    assert len(middle.central.said) == 2


def test_an_answer_that_comes_too_late_stays_here_too() -> None:
    middle = online()
    said: list[Response | None] = []
    ask(middle, said)
    middle.relay.advance(middle.now_s + 31)
    assert said == [None]
    middle.carry()
    assert not any('"own-1"' in text for text in middle.seen["central up"])


def test_own_requests_end_when_the_station_goes() -> None:
    middle = online()
    said: list[Response | None] = []
    ask(middle, said)
    ask(middle, said)
    middle.lose_station()
    ask(middle, said)
    assert said == [None, None, None]


def test_an_answer_for_a_central_system_that_is_gone_is_not_for_the_next_one() -> None:
    middle = online()
    middle.central.ask(v21.ClearCacheRequest())
    middle.collect().move("central down")
    middle.lose_central().central_is_back().carry()
    assert not middle.central.said
    assert not any(each[0] == 3 for each in frames(middle.seen["central up"]))


def test_what_the_central_system_never_answers_is_given_up_and_blocks_nothing() -> None:
    middle = online()
    middle.lose_central()
    visit(middle)
    middle.central.responds = lambda request: (
        ErrorCode.INTERNAL_ERROR
        if isinstance(request, v21.TransactionEventRequest) and request.seq_no == 1
        else None
    )
    middle.central_is_back().carry()
    assert numbers(middle) == [0, 1]
    middle.wait(3_600)
    told = numbers(middle)
    assert told.count(1) == 5
    assert sorted(set(told)) == list(range(max(told) + 1))
    assert not middle.relay.backlog


def test_a_new_program_goes_on_with_the_same_memory() -> None:
    memory = Memory()
    first = Middle(memory=memory).connect().carry()
    first.lose_central()
    visit(first)
    kept = len(first.relay.backlog)
    assert kept > 3
    again = Middle(memory=memory)
    assert len(again.relay.backlog) == kept
    again.connect().carry()
    assert numbers(again) == list(range(len(again.events())))


def test_without_room_the_station_keeps_its_transaction_messages() -> None:
    middle = Middle(kept_max=2).connect().carry()
    middle.lose_central()
    visit(middle)
    assert not middle.is_station_here
    assert middle.core.hub.outbox
    middle.central_is_back().connect().carry()
    middle.wait(600)
    assert numbers(middle) == list(range(len(middle.events())))


def test_statuses_of_1_6_are_told_to_whoever_shares_the_power() -> None:
    middle = online(Version.V1_6)
    middle.told.clear()
    middle.core.plug_in(1, Ev(), middle.now_s)
    middle.carry()
    (told,) = middle.told
    assert isinstance(told, v16.StatusNotificationRequest)
    assert told.status is v16.ChargePointStatus.PREPARING
