"""What ``Running`` takes, and each reason to say no."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from chargeplane.domain.addresses import STATION
from chargeplane.domain.ledger import EntryKind, LedgerEntry, Running, fold
from chargeplane.domain.ledger.running import SAME_TIME_MAX
from chargeplane.domain.metering import BEGIN, END, MeterValue
from chargeplane.domain.tokens import CUT, IdToken
from chargeplane.domain.transactions import SessionState, StopReason
from tests.domain.ledger.histories import fresh
from tests.domain.ledger.telling import (
    DAY,
    Station,
    again,
    at,
    frames_of,
    power,
    register,
    these,
)

FAMILIES = pytest.mark.parametrize("family", [1, 2])


def begun(start: LedgerEntry) -> Running:
    running = Running.begin(start)
    assert running is not None
    return running


class Charging:
    """A transaction of one sample so far, and the station that tells of it."""

    def __init__(self, family: int) -> None:
        self.cp = Station(family)
        self.start = self.cp.start(0, 17, 15_000)
        self.first = self.meter(10, 16_000)
        self.running = begun(self.start)
        assert self.running.extend(self.first)

    def meter(
        self, minutes: float, value: int | str | None, *values: MeterValue, seq: int = 1
    ) -> LedgerEntry:
        number = seq if self.cp.family == 2 else None
        return self.cp.meter(minutes, 17, value, *values, seq=number)

    def stop(
        self, minutes: float, value: int | None, *values: MeterValue, seq: int = 2
    ) -> LedgerEntry:
        number = seq if self.cp.family == 2 else None
        return self.cp.stop(minutes, 17, value, *values, seq=number)

    def takes(self, entry: LedgerEntry) -> bool:
        before = self.running.session()
        taken = self.running.extend(entry)
        if not taken:
            assert self.running.session() == before
        return taken


@FAMILIES
def test_an_ordinary_transaction_has_its_figures_after_each_message(family: int) -> None:
    told = Charging(family)
    running = told.running
    assert these(running.energy_wh, running.meter_start_wh, running.meter_stop_wh) == (
        1000,
        15_000,
        None,
    )
    assert (running.started_at, running.last_at, running.ended) == (at(0), at(10), False)
    assert running.state is SessionState.ACTIVE
    end = told.stop(20, 18_000)
    assert running.extend(end)
    assert these(running.energy_wh, running.meter_stop_wh) == (3000, 18_000)
    assert (running.ended_at, running.stop_reason) == (at(20), StopReason.LOCAL)
    assert (running.state, running.ended) == (SessionState.ENDED, True)
    said = [told.start, told.first, end]
    assert (running.session(frames_of(said)),) == fold(said)


def test_a_token_that_comes_after_the_start_is_the_token_of_the_session() -> None:
    cp = Station(2)
    running = begun(cp.start(0, 17, 1000, tag=None))
    assert running.id_token is None
    assert running.extend(cp.meter(1, 17, 1000, seq=1, id_token=IdToken("LATE")))
    assert running.extend(cp.meter(2, 17, 1000, seq=2, id_token=IdToken("OTHER")))
    assert running.id_token == IdToken("LATE")


@FAMILIES
def test_a_message_without_meter_values_is_taken(family: int) -> None:
    told = Charging(family)
    assert told.takes(told.meter(11, None, seq=2))
    assert these(told.running.energy_wh, told.running.last_at) == (1000, at(11))


@FAMILIES
def test_several_samples_in_one_message_are_taken_in_the_order_of_their_times(family: int) -> None:
    told = Charging(family)
    assert told.takes(told.meter(13, None, register(13, 16_600), register(12, 16_300), seq=2))
    assert told.running.energy_wh == 1600


@FAMILIES
def test_two_different_messages_of_one_second_are_taken(family: int) -> None:
    told = Charging(family)
    assert told.takes(replace(told.meter(10, 16_000, power(10, 11_000), seq=2), received_at=at(11)))


@FAMILIES
@pytest.mark.parametrize(
    "change",
    [
        {"transaction_id": "-1"},
        {"evse": None},
        {"evse": STATION},
        {"offline": True},
        {"reported_at": DAY - timedelta(days=5000)},
        {"reported_at": DAY + timedelta(days=2)},
        {"id_token": IdToken("")},
        {"id_token": IdToken("BEGINNI" + CUT)},
        {"kind": EntryKind.ENDED},
        {"meter_values": ()},
        {"meter_values": (register(0, -1, context=BEGIN),)},
        {"meter_values": (power(0, 0),)},
        {"meter_values": (replace(register(0, 1), sampled_at=DAY - timedelta(days=5000)),)},
        {"meter_values": (register(0, 15_000, context=BEGIN), register(1, 14_000))},
    ],
    ids=[
        "an_id_that_means_unknown",
        "no_evse",
        "the_station_as_evse",
        "offline",
        "a_clock_years_behind",
        "a_clock_days_ahead",
        "an_empty_token",
        "a_token_that_was_cut",
        "an_end",
        "no_meter_value",
        "a_register_that_is_not_known",
        "no_register",
        "a_sample_of_long_ago",
        "a_register_that_falls",
    ],
)
def test_a_start_with_something_odd_does_not_begin(family: int, change: dict[str, object]) -> None:
    start = Station(family).start(0, 17, 15_000)
    assert Running.begin(start) is not None
    assert Running.begin(fresh(replace(start, **change))) is None


def test_a_start_of_1x_without_a_token_does_not_begin() -> None:
    assert Running.begin(Station(1).start(0, 17, 15_000, tag=None)) is None


def test_a_start_of_2x_without_a_number_does_not_begin() -> None:
    assert Running.begin(Station(2).start(0, 17, 15_000, seq_no=None)) is None


@pytest.mark.parametrize("seq", [0, 1, 3, None])
def test_a_number_that_is_not_the_next_is_refused(seq: int | None) -> None:
    told = Charging(2)
    assert not told.takes(told.cp.meter(20, 17, 17_000, seq=seq))


@FAMILIES
@pytest.mark.parametrize(
    "change",
    [
        {"transaction_id": "18"},
        {"transaction_id": None},
        {"tenant_id": "t2"},
        {"station_id": "CP-2"},
        {"offline": True},
        {"kind": EntryKind.STARTED},
        {"reported_at": at(9)},
        {"reported_at": DAY - timedelta(days=5000)},
        {"reported_at": DAY + timedelta(days=2)},
        {"meter_values": (register(20, 17_000), register(20, -1))},
        {"meter_values": (register(20, "NaN"),)},
        {"meter_values": (register(9, 17_000),)},
        {"meter_values": (register(20, 15_900),)},
        {"meter_values": (register(20, 17_000_000),)},
        {"meter_values": (register(20, 17_000, unit="kWh"),)},
        {"meter_values": (register(30 * 1440, 17_000),)},
        {"meter_values": (register(20, 17_000), power(20, 6_000_000))},
    ],
    ids=[
        "another_id",
        "no_id",
        "another_tenant",
        "another_station",
        "offline",
        "a_second_start",
        "a_time_before_the_last_one",
        "a_clock_years_behind",
        "a_clock_days_ahead",
        "a_register_that_is_not_known",
        "no_number",
        "a_sample_before_the_last_one",
        "a_register_that_falls",
        "a_rise_that_no_charger_delivers",
        "a_thousandfold_unit",
        "a_sample_of_the_future",
        "a_power_that_says_the_register_is_in_kwh",
    ],
)
def test_a_message_with_something_odd_is_refused(family: int, change: dict[str, object]) -> None:
    told = Charging(family)
    ordinary = told.meter(20, 17_000, seq=2)
    assert not told.takes(fresh(replace(ordinary, **change)))
    assert told.takes(ordinary)


@FAMILIES
def test_a_message_of_the_other_family_is_refused(family: int) -> None:
    told = Charging(family)
    other = 3 - family
    assert not told.takes(Station(other).meter(20, 17, 17_000, seq=2))


@FAMILIES
@pytest.mark.parametrize("which", ["start", "first"])
def test_a_repetition_is_refused(family: int, which: str) -> None:
    told = Charging(family)
    assert not told.takes(again(told.start if which == "start" else told.first, 1))


@FAMILIES
def test_a_message_that_arrived_before_the_last_one_of_the_same_second_is_refused(
    family: int,
) -> None:
    told = Charging(family)
    early = told.meter(10, 16_000, power(10, 11_000), seq=2)
    assert not told.takes(replace(early, received_at=told.first.received_at - timedelta(0, 0.1)))


@FAMILIES
def test_a_clock_that_stands_still_is_trusted_for_so_many_messages(family: int) -> None:
    cp = Station(family)
    running = begun(cp.start(0, 17, 1000))
    for number in range(1, SAME_TIME_MAX + 1):
        entry = cp.meter(0, 17, 1000 + number, seq=number, late=number)
        assert running.extend(entry) is (number < SAME_TIME_MAX)


@FAMILIES
def test_what_flows_while_the_clock_stands_still_is_limited(family: int) -> None:
    cp = Station(family)
    running = begun(cp.start(0, 17, 1000))
    assert not running.extend(cp.meter(0, 17, 2_500_000, seq=1, late=1000))
    assert running.extend(cp.meter(0, 17, 1_500_000, seq=1, late=1000))


@FAMILIES
def test_an_end_without_a_register_is_refused(family: int) -> None:
    told = Charging(family)
    assert not told.takes(told.stop(20, None))
    assert not told.takes(told.stop(20, None, power(20, 0)))
    assert told.takes(told.stop(20, 17_000))


@FAMILIES
def test_an_end_that_lists_the_values_of_the_whole_transaction_is_refused(family: int) -> None:
    told = Charging(family)
    assert not told.takes(told.stop(20, 17_000, register(0, 15_000, context=BEGIN)))
    assert told.takes(told.stop(20, 17_000, register(20, 17_000, context=END)))


@FAMILIES
def test_an_end_days_after_the_last_message_is_refused(family: int) -> None:
    told = Charging(family)
    assert not told.takes(told.stop(3 * 1440, 17_000))


@FAMILIES
def test_nothing_is_taken_after_the_end(family: int) -> None:
    told = Charging(family)
    assert told.takes(told.stop(20, 17_000))
    assert not told.takes(told.meter(21, 17_000, seq=3))
    assert not told.takes(told.stop(21, 17_000, seq=3))


def test_a_token_that_comes_late_and_was_cut_is_refused() -> None:
    cp = Station(2)
    running = begun(cp.start(0, 17, 1000, tag=None))
    assert not running.extend(cp.meter(1, 17, 1000, seq=1, id_token=IdToken("BEGINNI" + CUT)))
    assert running.id_token is None


@FAMILIES
def test_it_resumes_from_its_entries_in_any_order(family: int) -> None:
    told = Charging(family)
    resumed = Running.resume([told.first, told.start])
    assert resumed is not None
    assert resumed.session() == told.running.session()
    assert resumed.extend(told.stop(20, 17_000))


@FAMILIES
def test_it_does_not_resume_from_what_is_not_ordinary(family: int) -> None:
    told = Charging(family)
    assert Running.resume([]) is None
    assert Running.resume([told.first]) is None
    assert Running.resume([told.start, told.first, again(told.first, 1)]) is None
    assert Running.resume([told.start, told.meter(20, 14_000, seq=1)]) is None


def test_it_resumes_after_a_message_was_overtaken() -> None:
    told = Charging(2)
    second, third = told.meter(20, 17_000, seq=2), told.meter(30, 18_000, seq=3)
    assert not told.takes(third)
    resumed = Running.resume([told.start, told.first, third, second])
    assert resumed is not None
    assert resumed.energy_wh == Decimal(3000)
