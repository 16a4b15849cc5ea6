"""The EVSE as a thing: what it offers, measures and shows."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from chargeplane.domain.tokens import IdToken
from chargeplane.station import Ev, EvseSpec
from chargeplane.station.evse import ChargingState, Evse, Status

ALL = (
    "Energy.Active.Import.Register Power.Active.Import Power.Offered Current.Import Voltage SoC "
    "Frequency"
).split()


def charging(spec: EvseSpec | None = None, ev: Ev | None = None) -> Evse:
    return Evse(1, spec or EvseSpec(), ev=ev or Ev(), closed=True)


@pytest.mark.parametrize(
    ("spec", "ev", "offered_w"),
    [
        (EvseSpec(22_000, 3), Ev(phases=3), 22_000),
        (EvseSpec(21_000, 3), Ev(phases=1), 7_000),
        (EvseSpec(7_000, 1), Ev(phases=3), 7_000),
        (EvseSpec(150_000, 0, 400.0), Ev(phases=1), 150_000),
    ],
    ids=["3 on 3", "1 on 3", "3 on 1", "direct"],
)
def test_what_is_offered_follows_the_phases_that_both_have(
    spec: EvseSpec, ev: Ev, offered_w: float
) -> None:
    assert charging(spec, ev).offered_w == pytest.approx(offered_w)


@pytest.mark.parametrize(
    ("spec", "ev_phases", "given_w"),
    [
        (EvseSpec(21_000, 3, discharge_w_max=9_000), 3, 9_000),
        (EvseSpec(21_000, 3, discharge_w_max=9_000), 1, 3_000),
        (EvseSpec(150_000, 0, 400.0, discharge_w_max=9_000), 1, 9_000),
        (EvseSpec(21_000, 3), 3, 0),
    ],
    ids=["3 on 3", "1 on 3", "direct", "not built for it"],
)
def test_what_is_taken_back_follows_the_hardware_and_its_phases(
    spec: EvseSpec, ev_phases: int, given_w: float
) -> None:
    evse = charging(spec, Ev(phases=ev_phases, soc=0.9, discharge_w_max=50_000))
    evse.setpoint_w = -20_000
    assert evse.power_w == pytest.approx(-given_w)


def test_a_limit_from_outside_suspends_and_releases() -> None:
    evse = charging()
    evse.limit_w = 0
    assert (evse.charging_state, evse.power_w) == (ChargingState.SUSPENDED_EVSE, 0)
    evse.limit_w = 5_000
    assert (evse.charging_state, evse.power_w) == (ChargingState.CHARGING, 5_000)


def test_the_meter_counts_while_the_contactor_is_closed() -> None:
    evse = charging()
    evse.advance(3_600)
    evse.closed = False
    evse.advance(7_200)
    assert evse.register_wh == 11_000


@pytest.mark.parametrize(
    ("spec", "phases"),
    [
        (EvseSpec(), ["L1", "L2", "L3"]),
        (EvseSpec(7_000, 1), ["L1"]),
        (EvseSpec(150_000, 0, 400.0), [None]),
    ],
    ids=["three", "one", "direct"],
)
def test_there_is_a_current_for_each_phase_and_they_carry_the_power(
    spec: EvseSpec, phases: list[str | None]
) -> None:
    found = charging(spec).readings(ALL, Random(1))
    currents = [each for each in found if each.measurand == "Current.Import"]
    volts = [each.value for each in found if each.measurand == "Voltage"]
    assert [each.phase for each in currents] == phases
    (power,) = (each.value for each in found if each.measurand == "Power.Active.Import")
    carried_w = sum(v * each.value for v, each in zip(volts, currents, strict=True))
    assert carried_w == pytest.approx(power, rel=0.01)


def test_what_cannot_be_measured_is_left_out() -> None:
    wanted = (*ALL, "Temperature")
    found = {each.measurand for each in Evse(1, EvseSpec()).readings(wanted, Random(1))}
    assert "SoC" not in found
    assert "Temperature" not in found
    assert "Voltage" in found


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, Status.AVAILABLE),
        ({"token": IdToken("A")}, Status.PREPARING),
        ({"ev": Ev()}, Status.PREPARING),
        ({"ev": Ev(), "served": True}, Status.FINISHING),
        ({"is_operative": False}, Status.UNAVAILABLE),
        ({"fault": "GroundFailure", "is_operative": False}, Status.FAULTED),
    ],
    ids=["empty", "token", "vehicle", "served", "out of operation", "broken"],
)
def test_the_status_says_what_is_there(changes: dict[str, Any], status: Status) -> None:
    evse = Evse(1, EvseSpec(), **changes)
    assert evse.status() is status


def test_a_station_out_of_operation_shows_it_on_every_evse() -> None:
    assert Evse(1, EvseSpec()).status(station_operative=False) is Status.UNAVAILABLE
