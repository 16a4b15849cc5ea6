"""Timers, back-off, what is remembered, and the drivers of a day."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.ocpp.versions import Version
from chargeplane.station.core import Core
from chargeplane.station.device_model.variable_table import table
from chargeplane.station.device_model.variables import Variables
from chargeplane.station.fleets.drivers import PUBLIC, Day, visits
from chargeplane.station.inventory import Inventory
from chargeplane.station.signals import Online, PluggedIn
from chargeplane.station.timers import Timers
from chargeplane.station.watch import KEPT_MAX, Watch
from chargeplane.station.wires.backoff import BackOff


def test_timers_go_off_in_the_order_of_time_and_then_of_setting() -> None:
    timers = Timers()
    done: list[str] = []
    for key, at_s in (("c", 3.0), ("a", 1.0), ("b", 1.0), ("dropped", 0.5), ("later", 9.0)):
        timers.set(key, at_s, partial(done.append, key))
    timers.drop("dropped")
    timers.set("c", 2.0, lambda: done.append("c again"))
    moments = []
    while (due := timers.take_due(5.0)) is not None:
        moments.append(due[0])
        due[1]()
    assert done == ["a", "b", "c again"]
    assert moments == [1.0, 1.0, 2.0]
    assert timers.deadline_s == 9.0
    assert "later" in timers


@given(
    st.lists(
        st.tuples(st.sampled_from(["set", "drop", "take"]), st.integers(0, 5), st.integers(0, 99))
    )
)
def test_before_the_next_moment_nothing_is_due(deeds: list[tuple[str, int, int]]) -> None:
    timers = Timers()
    wanted: dict[int, float] = {}
    for deed, key, at_s in deeds:
        if deed == "set":
            timers.set(key, float(at_s), partial(wanted.__delitem__, key))
            wanted[key] = float(at_s)
        elif deed == "drop":
            timers.drop(key)
            wanted.pop(key, None)
        elif (due := timers.take_due(float(at_s))) is None:
            assert all(each > at_s for each in wanted.values())
        else:
            assert due[0] == min(wanted.values())
            due[1]()
        assert timers.next_s <= min(wanted.values(), default=inf)
        assert timers.deadline_s == min(wanted.values(), default=None)


def test_a_clock_that_is_set_shows_the_new_time_at_once() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    core = Core("CP1", Version.V1_6, started_at=noon, now_s=5.0)
    assert core.hub.time() == noon
    core.skew_clock(3_600.0, 5.0)
    assert core.hub.time() == noon + timedelta(hours=1)
    core.advance(65.0)
    assert core.hub.time() == noon + timedelta(hours=1, minutes=1)


def test_the_back_off_doubles_a_few_times_and_begins_anew_after_success() -> None:
    variables = Variables(table(Inventory()))
    variables.preset(
        {
            "OCPPCommCtrlr.RetryBackOffWaitMinimum": "10",
            "OCPPCommCtrlr.RetryBackOffRandomRange": "4",
            "OCPPCommCtrlr.RetryBackOffRepeatTimes": "3",
        }
    )
    back_off = BackOff(variables, Random(1))
    waits_s = [back_off.next_s() for _ in range(6)]
    bases_s = (10, 20, 40, 80, 80, 80)
    assert all(
        base_s <= wait_s <= base_s + 4 for base_s, wait_s in zip(bases_s, waits_s, strict=True)
    )
    assert len(set(waits_s[3:])) == 3  # a new random part each time
    back_off.succeeded()
    assert back_off.next_s() <= 14


def test_a_reader_misses_nothing_and_sees_nothing_twice() -> None:
    log = Watch()
    log.add([PluggedIn(1), Online(), PluggedIn(2)])
    assert log.first(Online, lambda _: True) == Online()
    assert log.first(PluggedIn, lambda _: True) == PluggedIn(2)
    assert log.first(PluggedIn, lambda _: True) is None
    assert log.first(PluggedIn, lambda _: True, since=0) == PluggedIn(1)


def test_what_is_remembered_is_bounded() -> None:
    log = Watch()
    log.add(PluggedIn(number) for number in range(KEPT_MAX + 5))
    assert log.count == KEPT_MAX + 5
    assert log.first(PluggedIn, lambda _: True) == PluggedIn(5)


def test_the_same_seed_gives_the_same_drivers() -> None:
    days = [list(islice(visits(Random(7), ["A", "B"]), 50)) for _ in range(2)]
    assert days[0] == days[1]
    assert {each.token for each in days[0]} == {"A", "B"}
    assert {each.stops_by_token for each in days[0]} == {True, False}
    assert all(each.stay_s >= PUBLIC.stay_s_min for each in days[0])


def test_drivers_come_when_the_day_is_busy() -> None:
    only_at_noon = Day(tuple(2.0 if hour == 12 else 0.0 for hour in range(24)), 600, 60)
    at_s, hours = 0.0, Counter[int]()
    for visit in islice(visits(Random(1), ["A"], only_at_noon, hour=0), 40):
        at_s += visit.after_s
        hours[int(at_s / 3600) % 24] += 1
        at_s += visit.stay_s
    assert set(hours) == {12}


@pytest.mark.parametrize("rates", [(1.0,), (0.0,) * 24])
def test_a_day_without_hours_or_drivers_is_refused(rates: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="24 hours"):
        Day(rates)
