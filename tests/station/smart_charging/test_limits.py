"""What charging profiles do to the vehicle at the EVSE."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.station import Ev, EvseSpec, Inventory
from tests.station.central import START
from tests.station.smart_charging.asking import clear, install
from tests.station.stage import TOKEN, Stage, online

FAMILIES = ("1.6", "2.0.1", "2.1")


def charging(version: str, ev: Ev | None = None, **options: object) -> Stage:
    """A station with a vehicle that charges on EVSE 1 since 8:00:10."""
    stage = online(version, **options)
    stage.plug_in(1, ev or Ev(capacity_wh=400_000, power_w_max=22_000))
    return stage.wait(10).tap()


def power_w(stage: Stage, evse_id: int = 1) -> float:
    return stage.core.evse(evse_id).power_w


@pytest.mark.parametrize("version", FAMILIES)
def test_the_vehicle_follows_a_profile_of_its_transaction_from_period_to_period(
    version: str,
) -> None:
    stage = charging(version)
    assert power_w(stage) == 22_000
    periods = [(0, 10.0), (60, 16.0, 1), (120, 0.0), (180, 8.0)]
    assert install(stage, 1, periods, purpose="TxProfile") == "Accepted"
    seen = [power_w(stage)]
    for _ in range(3):
        seen.append(power_w(stage.wait(60)))
    assert seen == [6_900, 3_680, 0, 5_520]


@pytest.mark.parametrize("version", FAMILIES)
def test_energy_follows_the_periods_to_the_watt_hour(version: str) -> None:
    stage = charging(version)
    schedule = {"chargingRateUnit": "W", "duration": 7_200}
    install(stage, 1, [(0, 6_000.0), (3_600, 4_500.0)], purpose="TxProfile", schedule=schedule)
    begun = stage.core.evse(1).register
    stage.wait(3_600)
    assert stage.core.evse(1).register - begun == pytest.approx(6_000)
    stage.wait(3_600 * 2)
    assert stage.core.evse(1).register - begun == pytest.approx(6_000 + 4_500 + 22_000)


@pytest.mark.parametrize("version", FAMILIES)
def test_a_profile_ends_with_its_transaction(version: str) -> None:
    stage = charging(version)
    install(stage, 1, [(0, 10.0)], purpose="TxProfile")
    stage.tap().wait(5)
    assert clear(stage) == "Unknown"
    stage.tap(evse_id=1)
    assert power_w(stage) == 22_000


@pytest.mark.parametrize("version", FAMILIES)
def test_below_six_amperes_the_evse_pauses_and_says_so(version: str) -> None:
    stage = charging(version)
    install(stage, 1, [(0, 5.9), (60, 6.0)], purpose="TxProfile")
    assert power_w(stage) == 0
    stage.wait(60)
    assert power_w(stage) == 4_140
    if version == "1.6":
        states = [each.status for each in stage.central.all(v16.StatusNotificationRequest)]
        assert states[-3:] == ["Charging", "SuspendedEVSE", "Charging"]
    else:
        told = stage.central.all(v21.TransactionEventRequest)
        changed = [each for each in told if each.trigger_reason == "ChargingStateChanged"]
        states = [each.transaction_info.charging_state for each in changed]
        assert states[-2:] == ["SuspendedEVSE", "Charging"]


@pytest.mark.parametrize("version", FAMILIES)
def test_below_the_least_rate_of_a_profile_the_evse_pauses(version: str) -> None:
    stage = charging(version)
    schedule = {"minChargingRate": 8.0}
    install(stage, 1, [(0, 7.0), (60, 8.0)], purpose="TxProfile", schedule=schedule)
    assert power_w(stage) == 0
    assert power_w(stage.wait(60)) == 5_520


@pytest.mark.parametrize("version", FAMILIES)
def test_a_default_profile_holds_from_the_first_watt_on(version: str) -> None:
    stage = online(version)
    assert install(stage, 0, [(0, 0.0), (300, 32.0)]) == "Accepted"
    stage.plug_in(1, Ev(capacity_wh=400_000, power_w_max=22_000))
    stage.wait(10).tap()
    assert stage.core.evse(1).charging_state == "SuspendedEVSE"
    assert stage.core.evse(1).register_wh == 0
    stage.wait(299)
    assert power_w(stage) == 0
    assert power_w(stage.wait(1)) == 22_000


def test_a_paused_start_is_never_told_as_charging() -> None:
    stage = online("2.1")
    install(stage, 1, [(0, 0.0)])
    stage.plug_in(1)
    stage.wait(10).tap().wait(60)
    states = {
        each.transaction_info.charging_state
        for each in stage.central.all(v21.TransactionEventRequest)
    }
    assert states == {"EVConnected", "SuspendedEVSE"}


@pytest.mark.parametrize("version", FAMILIES)
def test_a_profile_of_the_transaction_overrules_the_default_while_it_has_a_period(
    version: str,
) -> None:
    stage = charging(version)
    install(stage, 1, [(0, 8.0)], level=5)
    install(stage, 1, [(0, 20.0)], id=2, purpose="TxProfile", schedule={"duration": 60})
    assert power_w(stage) == 13_800
    assert power_w(stage.wait(60)) == 5_520


@pytest.mark.parametrize("version", FAMILIES)
def test_clearing_a_profile_lets_the_vehicle_charge_on(version: str) -> None:
    stage = charging(version)
    install(stage, 1, [(0, 8.0)], id=7)
    assert power_w(stage) == 5_520
    assert clear(stage, id=7) == "Accepted"
    assert power_w(stage) == 22_000
    assert clear(stage, id=7) == "Unknown"


def test_a_vehicle_with_one_phase_gets_the_amperes_of_one_phase() -> None:
    stage = charging("1.6", Ev(capacity_wh=400_000, power_w_max=7_400, phases=1))
    schedule = {"chargingRateUnit": "W"}
    install(stage, 1, [(0, 6_900.0), (60, 3_680.0, 1)], purpose="TxProfile", schedule=schedule)
    assert power_w(stage) == 2_300
    assert power_w(stage.wait(60)) == 3_680


def test_on_direct_current_watts_are_watts_and_nothing_is_too_little() -> None:
    inventory = Inventory(evses=(EvseSpec(power_w_max=150_000, phases=0, voltage_v=400),))
    stage = charging("2.1", Ev(power_w_max=150_000), inventory=inventory)
    schedule = {"chargingRateUnit": "W"}
    install(stage, 1, [(0, 1_000.0)], purpose="TxProfile", schedule=schedule)
    assert power_w(stage) == 1_000
    install(stage, 1, [(0, 100.0)], purpose="TxProfile")
    assert power_w(stage) == 40_000


@pytest.mark.parametrize("version", FAMILIES)
def test_a_limit_of_the_station_is_shared_and_what_is_left_goes_to_the_other(version: str) -> None:
    stage = charging(version)
    maximum = {"purpose": "ChargingStationMaxProfile", "kind": "Absolute"}
    begun = {"startSchedule": START.isoformat()}
    assert install(stage, 0, [(0, 20.0)], **maximum, schedule=begun) == "Accepted"
    assert power_w(stage) == 13_800
    stage.plug_in(2, Ev(capacity_wh=400_000, power_w_max=22_000))
    stage.tap(TOKEN, 2)
    assert [power_w(stage, each) for each in (1, 2)] == [6_900, 6_900]
    install(stage, 2, [(0, 6.0)], id=2)
    assert [power_w(stage, each) for each in (1, 2)] == [9_660, 4_140]
    install(stage, 0, [(0, 9.0)], **maximum, schedule=begun)
    assert [power_w(stage, each) for each in (1, 2)] == [6_210, 0]


def test_the_lower_one_holds_of_a_profile_and_the_limit_of_the_owner() -> None:
    stage = charging("2.1")
    install(stage, 1, [(0, 10.0), (60, 20.0)], purpose="TxProfile")
    stage.core.set_limit(1, 9_000, stage.now_s)
    stage.carry()
    assert power_w(stage) == 6_900
    assert power_w(stage.wait(60)) == 9_000
    stage.core.set_limit(1, None, stage.now_s)
    assert power_w(stage.carry()) == 13_800


def test_a_daily_profile_follows_the_clock_on_the_wall_over_the_change_to_summer_time() -> None:
    quiet = {"ClockCtrlr.TimeZone": "Europe/Berlin", "MeterValueSampleInterval": "0"}
    stage = charging("2.1", variables=quiet)
    stage.core.hub.set_time(datetime(2026, 3, 28, tzinfo=UTC))
    daily = {"startSchedule": "2026-01-01T17:00:00+01:00", "duration": 3 * 3_600}
    said = {"kind": "Recurring", "recurrencyKind": "Daily", "schedule": daily}
    assert install(stage, 0, [(0, 10.0)], **said) == "Accepted"
    stage.disconnect()  # nobody sets its clock
    hours = []
    for hour in range(48):
        if stage.core.evse(1).profile_w == 6_900:
            hours.append(hour)
        stage.wait(3_600)
    # From 17:00 to 20:00 in Berlin, which is an hour earlier of UTC from the 29th on.
    assert hours == [16, 17, 18, 24 + 15, 24 + 16, 24 + 17]


def test_smart_charging_that_is_switched_off_limits_nothing() -> None:
    stage = charging("2.1")
    install(stage, 1, [(0, 10.0)], purpose="TxProfile")
    data = v21.SetVariableDataType(
        attribute_value="false",
        component=v21.ComponentType(name="SmartChargingCtrlr"),
        variable=v21.VariableType(name="Enabled"),
    )
    stage.ask(v21.SetVariablesRequest(set_variable_data=[data]))
    assert power_w(stage) == 22_000
    assert install(stage, 1, [(0, 10.0)], purpose="TxProfile") == "Rejected: NotEnabled"
