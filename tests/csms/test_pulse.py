"""What flows now, from events alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from chargeplane.csms.pulse import FLOWS_MAX, FRESH_S_MAX, Pulse, measured_power_w
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.events import (
    MeterSampled,
    StationConnected,
    StationDisconnected,
    TransactionEnded,
)
from chargeplane.domain.metering import POWER, MeterValue
from chargeplane.runtime.clock import SimulatedClock
from tests.csms.making import NOW, TENANT_ID

EVSE = EvseAddress(1, 1)


def facts(station_id: str = "CP1", at: datetime = NOW) -> dict[str, Any]:
    return {
        "tenant_id": str(TENANT_ID),
        "station_id": station_id,
        "reported_at": at,
        "received_at": at,
    }


def power(value: object, unit: str = "W", phase: str | None = None, **more: Any) -> MeterValue:
    number = Decimal(str(value))
    return MeterValue(sampled_at=NOW, value=number, unit=unit, measurand=POWER, phase=phase, **more)


def sampled(
    *values: MeterValue,
    transaction_id: str | None = "t1",
    energy_wh: int | None = None,
    station_id: str = "CP1",
    at: datetime = NOW,
) -> MeterSampled:
    return MeterSampled(
        **facts(station_id, at),
        evse=EVSE,
        meter_values=values,
        transaction_id=transaction_id,
        energy_wh=None if energy_wh is None else Decimal(energy_wh),
    )


def connected(epoch: int, station_id: str = "CP1", version: str = "2.0.1") -> StationConnected:
    return StationConnected(
        **facts(station_id), ocpp_version=version, transport="json", security_profile=0, epoch=epoch
    )


def gone(epoch: int, station_id: str = "CP1") -> StationDisconnected:
    return StationDisconnected(**facts(station_id), epoch=epoch, reason="")


def told(*events: Any, clock: SimulatedClock | None = None) -> Pulse:
    pulse = Pulse(clock or SimulatedClock(NOW))
    for event in events:
        pulse.hear(event)
    return pulse


def watts(pulse: Pulse, station_id: str = "CP1") -> float | None:
    return pulse.power_w(TENANT_ID, station_id)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((power(7.4, "kW"),), 7400.0),
        ((power(1000, phase="L1"), power(2000, phase="L2"), power(3, phase="L3")), 3003.0),
        ((power(1, phase="L1-N"), power(5)), 5.0),
        ((power(11, multiplier=3),), 11_000.0),
        ((power("NaN"),), None),
        ((power(5, location="Inlet"),), None),
        ((power(5, "horses"),), None),
        ((), None),
    ],
    ids=range(8),
)
def test_the_power_of_a_message(values: tuple[MeterValue, ...], found: float | None) -> None:
    assert measured_power_w(values) == found


def test_the_power_of_a_station_is_that_of_its_transactions() -> None:
    pulse = told(sampled(power(3000)), sampled(power(4000), transaction_id="t2"))
    assert watts(pulse) == 7000.0
    pulse.hear(sampled(power(1000), transaction_id="t2"))
    assert watts(pulse) == 4000.0
    assert pulse.totals(TENANT_ID).power_w == 4000.0


def test_each_transaction_is_told_with_its_evse_and_when_it_was_measured() -> None:
    later = NOW + timedelta(seconds=5)
    pulse = told(sampled(power(3000)), sampled(transaction_id="mute"))
    pulse.hear(sampled(power(4000), transaction_id="t2", at=later))
    assert pulse.flows(TENANT_ID, "CP1") == [
        ("t1", 1, NOW, 3000.0),
        ("t2", 1, later, 4000.0),
    ]
    assert pulse.flows(TENANT_ID, "CP2") == pulse.flows(UUID(int=9), "CP1") == []


def test_meters_outside_of_transactions_do_not_count_twice() -> None:
    assert watts(told(sampled(power(9000), transaction_id=None))) is None


def test_without_a_power_the_energy_between_two_samples_tells_it() -> None:
    pulse = told(sampled(energy_wh=1000))
    assert watts(pulse) is None
    pulse.hear(sampled(energy_wh=1110, at=NOW + timedelta(seconds=36)))
    assert watts(pulse) == 11_000.0


def test_when_a_transaction_ends_nothing_flows() -> None:
    ended = TransactionEnded(**facts(), transaction_id="t1", energy_wh=Decimal(5))
    pulse = told(sampled(power(3000)), ended, ended)
    assert (watts(pulse), pulse.totals(TENANT_ID).power_w) == (None, 0.0)


def test_of_a_station_that_is_gone_nothing_is_known() -> None:
    pulse = told(connected(1), sampled(power(3000)))
    assert pulse.totals(TENANT_ID).power_w == 3000.0
    pulse.hear(gone(1))
    assert (watts(pulse), pulse.totals(TENANT_ID)) == (None, pulse_of_nobody())


def pulse_of_nobody() -> object:
    return Pulse(SimulatedClock(NOW)).totals(TENANT_ID)


def test_the_late_end_of_an_old_connection_changes_nothing() -> None:
    pulse = told(connected(1), connected(2), gone(1), connected(1, "CP2", "1.6"))
    totals = pulse.totals(TENANT_ID)
    assert (totals.connected, totals.by_version) == (2, {"1.6": 1, "2.0.1": 1})


async def test_what_an_earlier_run_has_left_to_tell_says_nothing_about_now() -> None:
    clock = SimulatedClock(NOW)
    await clock.advance(60)
    assert told(connected(1), sampled(power(1)), clock=clock).totals(TENANT_ID).connected == 0


async def test_a_sample_that_is_too_old_is_forgotten() -> None:
    clock = SimulatedClock(NOW)
    pulse = told(sampled(power(3000)), clock=clock)
    assert pulse.totals(TENANT_ID).power_w == 3000.0
    await clock.advance(FRESH_S_MAX + 1)
    assert (pulse.totals(TENANT_ID).power_w, watts(pulse)) == (0.0, None)


def test_no_station_makes_us_follow_more_transactions_than_may_be() -> None:
    pulse = told(
        *(sampled(power(1), transaction_id=f"t{number}") for number in range(FLOWS_MAX + 9))
    )
    assert watts(pulse) == float(FLOWS_MAX)


def test_the_sum_of_many_stations_follows_every_change() -> None:
    pulse = told(*(sampled(power(100), station_id=f"S{number}") for number in range(50)))
    assert pulse.totals(TENANT_ID).power_w == 5000.0
    for number in range(25):
        pulse.hear(sampled(power(200), station_id=f"S{number}"))
    assert pulse.totals(TENANT_ID).power_w == 7500.0
    pulse.hear(sampled(power(0), station_id="S0"))
    assert pulse.drawing(TENANT_ID) == {f"S{number}" for number in range(1, 50)}
    assert pulse_of_nobody() == pulse.totals(type(TENANT_ID)(int=9))
