"""Which remote start caused a start."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.csms.remote_control import RemoteStarts, service
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.commands import StartCharging
from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.clock import Clock, SimulatedClock, SystemClock
from tests.csms.making import NOW, station

ABC = IdToken("ABC")
EVSE_1 = EvseAddress(1, 1)
EVSE_2 = EvseAddress(2, 1)
ANYWHERE = StartCharging(id_token=ABC)
AT_1 = StartCharging(id_token=ABC, evse_id=1)


class HandClock(SystemClock):
    """Runs as far as it is pushed."""

    elapsed_s = 0.0

    def monotonic_s(self) -> float:
        return self.elapsed_s


def starts(clock: Clock | None = None) -> RemoteStarts:
    """They get the ids 1, 2, 3, ..."""
    ids = iter(range(1, 100_000))
    return RemoteStarts(clock or SimulatedClock(NOW), lambda: next(ids))


def test_a_1x_start_of_the_same_token_at_the_same_evse_is_the_one_asked_for() -> None:
    pending, cp1 = starts(), station()
    pending.begin(cp1, AT_1)
    assert pending.match(cp1, IdToken("abc"), EVSE_1, None) == "1"


def test_a_remote_start_causes_one_start_only() -> None:
    pending, cp1 = starts(), station()
    pending.begin(cp1, AT_1)
    assert pending.match(cp1, ABC, EVSE_1, None) == "1"
    assert pending.match(cp1, ABC, EVSE_1, None) is None


def test_a_start_of_another_token_evse_or_station_is_not_the_one_asked_for() -> None:
    pending, cp1 = starts(), station()
    pending.begin(cp1, AT_1)
    assert pending.match(cp1, IdToken("XYZ"), EVSE_1, None) is None
    assert pending.match(cp1, ABC, EVSE_2, None) is None
    assert pending.match(station(id_="CP2"), ABC, EVSE_1, None) is None
    assert pending.pending_count == 1


def test_a_remote_start_without_an_evse_is_the_one_asked_for_wherever_it_starts() -> None:
    pending, cp1 = starts(), station()
    pending.begin(cp1, ANYWHERE)
    assert pending.match(cp1, ABC, EVSE_2, None) == "1"


def test_of_two_remote_starts_each_start_finds_its_own() -> None:
    pending, cp1 = starts(), station()
    pending.begin(cp1, AT_1)
    pending.begin(cp1, StartCharging(id_token=ABC, evse_id=2))
    assert pending.match(cp1, ABC, EVSE_2, None) == "2"
    assert pending.match(cp1, ABC, EVSE_1, None) == "1"


def test_in_2x_the_id_that_the_station_says_decides() -> None:
    pending, cp1 = starts(), station()
    pending.begin(cp1, AT_1)
    pending.begin(cp1, AT_1)
    assert pending.match(cp1, ABC, EVSE_1, "2") == "2"
    assert pending.match(cp1, IdToken("another", "Central"), EVSE_2, "1") == "1"


def test_an_id_that_was_forgotten_is_believed_since_only_we_can_have_given_it() -> None:
    assert starts().match(station(), ABC, EVSE_1, "77") == "77"


def test_the_station_may_have_connected_anew_in_between() -> None:
    pending = starts()
    pending.begin(station(), AT_1)
    assert pending.match(station(), ABC, EVSE_1, None) == "1"


async def test_a_start_that_comes_too_late_was_not_caused_by_us() -> None:
    clock = SimulatedClock(NOW)
    pending, cp1 = starts(clock), station()
    pending.begin(cp1, AT_1)
    await clock.advance(60)
    pending.begin(cp1, AT_1)
    await clock.advance(service.PENDING_S_MAX - 59)
    assert pending.match(cp1, ABC, EVSE_1, None) == "2"
    assert pending.match(cp1, ABC, EVSE_1, None) is None
    assert pending.pending_count == 0


def test_of_too_many_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "PENDING_MAX", 3)
    pending = starts()
    for number in range(4):
        pending.begin(station(id_=f"CP{number}"), AT_1)
    assert pending.pending_count == 3
    found = [pending.match(station(id_=f"CP{number}"), ABC, EVSE_1, None) for number in range(4)]
    assert found == [None, "2", "3", "4"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.sampled_from("ab"), st.sampled_from([None, 1, 2])),
        st.tuples(st.just("match"), st.sampled_from("ab"), st.sampled_from([1, 2])),
        st.tuples(st.just("drop"), st.integers(0, 9), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([1, 50, 119, 121]), st.none()),
    ),
    max_size=40,
)


@given(STEPS)
def test_any_story_matches_the_oldest_pending_one_that_fits(
    steps: list[tuple[str, str | int, int | None]],
) -> None:
    """Against a plain list that is searched from its beginning."""
    clock, cp1 = HandClock(), station()
    pending = starts(clock)
    made: list[service.RemoteStart] = []
    model: list[tuple[int, str, int | None, float]] = []
    for kind, what, evse_id in steps:
        now_s = clock.monotonic_s()
        model = [each for each in model if now_s - each[3] <= service.PENDING_S_MAX]
        match kind:
            case "begin":
                command = StartCharging(id_token=IdToken(str(what)), evse_id=evse_id)
                made.append(pending.begin(cp1, command))
                model.append((made[-1].id, str(what), evse_id, now_s))
            case "match":
                assert evse_id is not None
                fit = [each for each in model if each[1] == what and each[2] in {None, evse_id}]
                found = pending.match(cp1, IdToken(str(what)), EvseAddress(evse_id, 1), None)
                assert found == (str(fit[0][0]) if fit else None)
                model = [each for each in model if each not in fit[:1]]
            case "drop" if int(what) < len(made):
                pending.drop(made[int(what)])
                model = [each for each in model if each[0] != made[int(what)].id]
            case "wait":
                clock.elapsed_s += float(what)
        fresh = [each for each in model if clock.monotonic_s() - each[3] <= service.PENDING_S_MAX]
        assert pending.pending_count == len(fresh)
