"""GetCompositeSchedule, exact to the second and to 0.1 of a unit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chargeplane.station import Ev, EvseSpec, Inventory
from tests.station.central import START
from tests.station.smart_charging.asking import composite, install
from tests.station.stage import online

FAMILIES = ("1.6", "2.0.1", "2.1")
DAILY = {"kind": "Recurring", "recurrencyKind": "Daily"}
ABSOLUTE = {"kind": "Absolute"}


@pytest.mark.parametrize("version", FAMILIES)
def test_without_profiles_it_is_what_the_hardware_can(version: str) -> None:
    stage = online(version)
    assert composite(stage, 1, 600) == ("W", START, 600, [(0, 22_000.0, 3)])
    assert composite(stage, 1, 600, "A") == ("A", START, 600, [(0, 32.0, 3)])
    assert composite(stage, 0, 600) == ("W", START, 600, [(0, 44_000.0, 3)])


@pytest.mark.parametrize("version", FAMILIES)
def test_what_cannot_be_told_is_rejected(version: str) -> None:
    stage = online(version)
    assert composite(stage, 3, 600) is None
    assert composite(stage, 1, 0) is None


@pytest.mark.parametrize("version", FAMILIES)
def test_it_is_the_lowest_of_all_purposes_at_each_time(version: str) -> None:
    stage = online(version)
    stage.plug_in(1, Ev(capacity_wh=400_000))
    stage.tap().wait(100)
    at_ten = {"startSchedule": (START + timedelta(seconds=600)).isoformat()}
    maximum = {"purpose": "ChargingStationMaxProfile", **ABSOLUTE}
    assert install(stage, 0, [(0, 16.0), (600, 30.0)], **maximum, schedule=at_ten) == "Accepted"
    install(stage, 1, [(0, 24.0), (300, 12.0, 1)], id=2, schedule={"duration": 900})
    install(stage, 1, [(0, 20.0)], id=3, purpose="TxProfile", schedule={"duration": 200})
    found = composite(stage, 1, 2_000)
    assert found == (
        "A",
        START + timedelta(seconds=100),
        2_000,
        [
            (0, 20.0, 3),  # the profile of the transaction, until 200 s after its start
            (100, 24.0, 3),  # then the default
            (200, 12.0, 1),
            (800, 16.0, 3),  # then that of the station alone
            (1_100, 30.0, 3),
        ],
    )


@pytest.mark.parametrize("version", FAMILIES)
def test_watts_and_amperes_are_brought_to_the_unit_that_is_asked_for(version: str) -> None:
    stage = online(version)
    schedule = {"chargingRateUnit": "W"}
    install(stage, 1, [(0, 5_000.0), (60, 3_000.0, 1)], schedule=schedule)
    install(stage, 1, [(0, 10.0)], id=2, level=1, schedule={"duration": 30})
    assert composite(stage, 1, 90, "A") == (
        "A", START, 90, [(0, 10.0, 3), (30, 7.2, 3), (60, 13.0, 1)]
    )  # fmt: skip
    assert composite(stage, 1, 90) == (
        "W", START, 90, [(0, 6_900.0, 3), (30, 5_000.0, 3), (60, 3_000.0, 1)]
    )  # fmt: skip


@pytest.mark.parametrize("version", FAMILIES)
def test_the_station_takes_what_its_evses_take_but_not_more_than_it_may(version: str) -> None:
    stage = online(version)
    install(stage, 1, [(0, 10.0), (100, 6.0)])
    install(stage, 2, [(0, 16.0)], id=2)
    starts = {"startSchedule": START.isoformat(), "duration": 50}
    install(
        stage,
        0,
        [(0, 20.0)],
        id=3,
        purpose="ChargingStationMaxProfile",
        **ABSOLUTE,
        schedule=starts,
    )
    found = composite(stage, 0, 200)
    assert found == ("A", START, 200, [(0, 20.0, 3), (50, 26.0, 3), (100, 22.0, 3)])


@pytest.mark.parametrize("version", FAMILIES)
def test_a_daily_profile_keeps_its_hours_when_summer_time_begins(version: str) -> None:
    stage = online(version, variables={"ClockCtrlr.TimeZone": "Europe/Berlin"})
    night = {"startSchedule": "2026-01-01T00:00:00+01:00", "duration": 6 * 3_600}
    install(stage, 0, [(0, 32.0), (2 * 3_600, 10.0), (4 * 3_600, 32.0)], **DAILY, schedule=night)
    stage.core.hub.set_time(datetime(2026, 3, 28, 22, tzinfo=UTC))  # 23:00 in Berlin
    found = composite(stage, 1, 86_400, "A")
    assert found is not None
    # From 2:00 to 4:00 on the wall, of which the hour from 2:00 to 3:00 is skipped.
    assert found[3] == [(0, 32.0, 3), (3 * 3_600, 10.0, 3), (4 * 3_600, 32.0, 3)]


def test_local_time_leaves_the_zone_of_the_start_aside() -> None:
    stage = online("2.1", variables={"ClockCtrlr.TimeZone": "America/New_York"})
    noon = {"startSchedule": "2026-01-05T12:00:00Z", "duration": 3_600, "useLocalTime": True}
    assert install(stage, 1, [(0, 10.0)], **ABSOLUTE, schedule=noon) == "Accepted"
    found = composite(stage, 1, 86_400, "A")
    assert found is not None
    assert found[3] == [(0, 32.0, 3), (9 * 3_600, 10.0, 3), (10 * 3_600, 32.0, 3)]


def test_direct_current_has_no_phases() -> None:
    inventory = Inventory(evses=(EvseSpec(power_w_max=150_000, phases=0, voltage_v=400),))
    stage = online("2.1", inventory=inventory)
    install(stage, 1, [(0, 100.0), (10, 500.0)])
    assert composite(stage, 1, 60, "W") == (
        "W",
        START,
        60,
        [(0, 40_000.0, None), (10, 150_000.0, None)],
    )


def test_a_schedule_is_cut_off_after_a_month() -> None:
    found = composite(online("2.1"), 1, 400 * 86_400)
    assert found is not None
    assert found[2] == 31 * 86_400


def test_more_parts_than_fit_are_cut_off_and_the_duration_says_where() -> None:
    stage = online("1.6")
    starts = {"startSchedule": START.isoformat()}
    periods = [(each * 600, 6.0 + each % 2) for each in range(100)]
    install(stage, 1, periods, **DAILY, schedule=starts)
    found = composite(stage, 1, 31 * 86_400)
    assert found is not None
    assert len(found[3]) == 1_024
    # A day has 100 parts, of which the last goes on into the next day with another limit.
    assert found[2] == 10 * 86_400 + 24 * 600
