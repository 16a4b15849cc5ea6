"""The battery: energy, power and time agree, however time is cut."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.station import Ev

VEHICLES = st.builds(
    Ev,
    capacity_wh=st.floats(1_000, 200_000),
    soc=st.floats(0, 1),
    power_w_max=st.floats(1_000, 350_000),
    soc_max=st.floats(0.2, 1),
    knee_soc=st.floats(0.1, 0.95),
    tail_share=st.floats(0.01, 0.9),
)
LIMITS_W = st.floats(500, 400_000)


@given(VEHICLES, LIMITS_W, st.lists(st.floats(0, 20_000), min_size=1, max_size=8))
def test_the_energy_does_not_depend_on_the_steps(
    ev: Ev, limit_w: float, steps: list[float]
) -> None:
    in_one = replace(ev).charge(limit_w, sum(steps))
    in_many = sum(ev.charge(limit_w, step) for step in steps)
    assert in_many == pytest.approx(in_one, rel=1e-6, abs=1e-3)


@given(VEHICLES, LIMITS_W)
def test_it_is_full_exactly_when_it_said_it_would_be(ev: Ev, limit_w: float) -> None:
    full_in_s = ev.full_in_s(limit_w)
    early, late = replace(ev), replace(ev)
    early.charge(limit_w, full_in_s * 0.99)
    late.charge(limit_w, full_in_s + 1)
    assert late.soc == max(ev.soc, ev.soc_max)
    assert late.power_w(limit_w) == 0
    if full_in_s > 60:
        assert early.soc < ev.soc_max


@given(VEHICLES, LIMITS_W, st.floats(0, 100_000))
def test_the_state_of_charge_is_the_energy_over_the_capacity(
    ev: Ev, limit_w: float, duration_s: float
) -> None:
    before = ev.soc
    energy_wh = ev.charge(limit_w, duration_s)
    assert (ev.soc - before) * ev.capacity_wh == pytest.approx(energy_wh, abs=1e-3)
    assert energy_wh <= min(limit_w, ev.power_w_max) * duration_s / 3600 + 1e-6


@given(VEHICLES, LIMITS_W)
def test_the_power_is_the_energy_of_the_next_moment(ev: Ev, limit_w: float) -> None:
    power_w = ev.power_w(limit_w)
    if ev.full_in_s(limit_w) > 10:
        moment_wh = replace(ev).charge(limit_w, 0.01)
        assert moment_wh * 3600 / 0.01 == pytest.approx(power_w, rel=0.01)


def test_the_power_falls_towards_the_end() -> None:
    powers_w = [Ev(soc=soc).power_w(1e9) for soc in (0.1, 0.8, 0.9, 0.99, 1.0)]
    assert powers_w == pytest.approx([11_000, 11_000, 5_775, 1_072.5, 0])


@pytest.mark.parametrize("limit_w", [0.0, -5.0])
def test_without_power_nothing_happens(limit_w: float) -> None:
    ev = Ev()
    assert ev.charge(limit_w, 3600) == 0
    assert ev.power_w(limit_w) == 0
    assert ev.full_in_s(limit_w) == inf


@pytest.mark.parametrize("knee_soc", [0.0, 1.0])
def test_a_battery_that_cannot_be_is_refused(knee_soc: float) -> None:
    with pytest.raises(ValueError, match="knee_soc"):
        Ev(knee_soc=knee_soc)
