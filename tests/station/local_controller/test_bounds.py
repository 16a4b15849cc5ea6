"""Every bound of the local controller is reached, and what happens then is what it says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import Response
from chargeplane.runtime.links import HandshakeRefused, connect
from chargeplane.station.local_controller import LocalController, entrance
from chargeplane.station.local_controller.alone import KnownTokens
from chargeplane.station.local_controller.backlog import OTHERS_MAX, Backlog, Lane
from chargeplane.station.local_controller.downward import IDS_MAX, WAITING_MAX, _Ids
from chargeplane.station.local_controller.needs import EVSES_MAX
from chargeplane.station.local_controller.relay import ALONE_IDS_MAX
from chargeplane.station.local_controller.upward import LIVE_MAX
from chargeplane.station.memory import Memory
from tests.csms.driving import Driver
from tests.station.local_controller.middle import Middle, frames, online
from tests.station.local_controller.test_needs import heard, status
from tests.station.server import server

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def test_of_other_messages_the_oldest_go_first() -> None:
    backlog = Backlog(Memory(), "CP1")
    for number in range(OTHERS_MAX + 3):
        assert backlog.put(Lane.OTHERS, f"m{number}", "{}")
    assert (len(backlog), backlog.dropped) == (OTHERS_MAX, 3)
    first = backlog.first()
    assert first is not None
    assert first.message_id == "m3"


def test_of_tokens_the_newest_stay_known() -> None:
    known = KnownTokens(tokens_max=2)
    info = v21.IdTokenInfoType(status=v21.AuthorizationStatusEnumType.ACCEPTED)
    tokens = [v21.IdTokenType(id_token=each, type="Central") for each in ("one", "two", "three")]
    for token in tokens:
        known.note(token, info)
    assert [known.find(token, NOW) for token in tokens] == [None, info, info]


def test_a_token_is_known_until_the_central_system_wants_it_asked_again() -> None:
    known = KnownTokens()
    token = v21.IdTokenType(id_token="one", type="Central")
    accepted = v21.AuthorizationStatusEnumType.ACCEPTED
    known.note(token, v21.IdTokenInfoType(status=accepted, cache_expiry_date_time=NOW))
    assert known.find(token, NOW) is None
    assert known.find(token, NOW.replace(year=2025)) is not None


def heartbeat(number: int) -> str:
    return f'[2,"h{number}","Heartbeat",{{}}]'


def behind_the_backlog() -> Middle:
    """A message of the backlog is on its way, so requests of the station wait."""
    middle = online()
    middle.lose_central()
    middle.relay.from_station('[2,"s","SecurityEventNotification",'
        '{"type":"SettingSystemTime","timestamp":"2026-01-05T08:00:00Z"}]', 0.0)  # fmt: skip
    middle.collect()
    return middle.central_is_back()


def test_too_many_requests_of_a_station_are_refused() -> None:
    middle = behind_the_backlog()
    for number in range(LIVE_MAX + 1):
        middle.relay.from_station(heartbeat(number), 0.0)
    *_, refused = frames(middle.relay.to_station())
    assert refused[:3] == [4, f"h{LIVE_MAX}", "GenericError"]
    assert len(middle.wires["central up"]) == 1


def test_of_requests_that_nobody_answers_the_oldest_are_forgotten() -> None:
    middle = online()
    for number in range(LIVE_MAX + 2):
        middle.relay.from_station(heartbeat(number), 0.0)
    middle.relay.to_central()
    middle.relay.central_lost(0.0)
    answered = [each[1] for each in frames(middle.relay.to_station())]
    assert answered == [f"h{number}" for number in range(2, LIVE_MAX + 2)]


def test_too_many_requests_of_the_central_system_are_refused() -> None:
    middle = online()
    middle.relay.ask(v21.ClearCacheRequest(), 0.0, lambda _: None)
    for number in range(WAITING_MAX + 1):
        middle.relay.from_central(f'[2,"c{number}","ClearCache",{{}}]', 0.0)
    (refused,) = frames(middle.relay.to_central())
    assert refused[:3] == [4, f"c{WAITING_MAX}", "GenericError"]


def test_too_many_requests_of_our_own_are_not_made() -> None:
    middle = online()
    said: list[Response | None] = []
    for _ in range(WAITING_MAX + 2):
        middle.relay.ask(v21.ClearCacheRequest(), 0.0, said.append)
    assert said == [None]


def test_of_ids_the_newest_are_remembered() -> None:
    ids = _Ids()
    for number in range(IDS_MAX + 1):
        ids.add(str(number))
    assert "0" not in ids
    assert "1" in ids


def test_an_answer_to_what_was_answered_alone_too_long_ago_passes() -> None:
    middle = online()
    middle.lose_central()
    for number in range(ALONE_IDS_MAX + 1):
        middle.relay.from_station(heartbeat(number), 0.0)
    middle.collect().central_is_back()
    middle.relay.to_station()
    answers = [f'[3,"h{number}",{{}}]' for number in (0, 1)]
    for text in answers:
        middle.relay.from_central(text, 0.0)
    assert middle.relay.to_station() == answers[:1]


def test_a_number_that_no_evse_has_counts_for_nothing() -> None:
    assert heard(status("Occupied", EVSES_MAX)) == {EVSES_MAX}
    assert heard(status("Occupied", EVSES_MAX + 1)) == set()


async def test_one_station_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance, "STATIONS_MAX", 1)
    async with server() as at, LocalController(at.url) as made:
        await connect(f"{made.url}/CP1", lambda _: Driver(), subprotocols=["ocpp2.1"])
        with pytest.raises(HandshakeRefused) as refused:
            await connect(f"{made.url}/CP2", lambda _: Driver(), subprotocols=["ocpp2.1"])
        assert refused.value.status == 503
        assert [each.identity for each in made.standings()] == ["CP1"]
