"""Which charging profiles a station takes, clears and reports."""

from __future__ import annotations

from typing import Any

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station import EvseSpec, Inventory
from tests.station.smart_charging.asking import PERIODS, clear, composite, install
from tests.station.stage import Stage, online

FAMILIES = ("1.6", "2.0.1", "2.1")
FLAT = [(0, 10.0)]
STARTS = {"startSchedule": "2026-01-05T00:00:00Z"}
STATION_MAX = {"purpose": "ChargingStationMaxProfile", "kind": "Absolute", "schedule": STARTS}


def started(version: str) -> Stage:
    stage = online(version)
    stage.plug_in(1)
    return stage.tap()


BOTH: dict[str, tuple[int, PERIODS, dict[str, Any], str]] = {
    "an EVSE that is not there": (3, FLAT, {}, "UnknownEvse"),
    "a station maximum on an EVSE": (1, FLAT, STATION_MAX, "InvalidProfile"),
    "a relative station maximum": (
        0,
        FLAT,
        STATION_MAX | {"kind": "Relative", "schedule": {}},
        "InvalidProfile",
    ),
    "a transaction on the station": (0, FLAT, {"purpose": "TxProfile"}, "InvalidProfile"),
    "a transaction on an idle EVSE": (2, FLAT, {"purpose": "TxProfile"}, "TxNotFound"),
    "a level that is too high": (1, FLAT, {"level": 11}, "InvalidStackLevel"),
    "a recurring one that does not say how often": (
        1,
        FLAT,
        {"kind": "Recurring", "schedule": STARTS},
        "InvalidProfile",
    ),
    "a recurring one without a start": (
        1,
        FLAT,
        {"kind": "Recurring", "recurrencyKind": "Daily"},
        "InvalidSchedule",
    ),
    "a first period that begins late": (1, [(1, 10.0)], {}, "InvalidSchedule"),
    "periods out of order": (1, [(0, 10.0), (60, 9.0), (30, 8.0)], {}, "InvalidSchedule"),
    "a negative limit": (1, [(0, -1.0)], {}, "InvalidSchedule"),
    "no time at all": (1, FLAT, {"schedule": {"duration": 0}}, "InvalidSchedule"),
    "more periods than the station keeps": (
        1,
        [(each, 10.0) for each in range(101)],
        {},
        "TooManyElements",
    ),
    "an end before the begin": (
        1,
        FLAT,
        {"validFrom": "2026-01-05T09:00:00Z", "validTo": "2026-01-05T08:00:00Z"},
        "InvalidProfile",
    ),
}
"""EVSE, periods, what else is said, and the reason in the words of 2.x."""


@pytest.mark.parametrize("version", FAMILIES)
@pytest.mark.parametrize("what", BOTH)
def test_what_cannot_be_followed_is_rejected(what: str, version: str) -> None:
    evse_id, periods, said, reason = BOTH[what]
    stage = started(version)
    answer = install(stage, evse_id, periods, **said)
    assert answer == ("Rejected" if version == "1.6" else f"Rejected: {reason}")
    assert clear(stage) == "Unknown"


ONLY_2X: dict[str, tuple[PERIODS, dict[str, Any], str]] = {
    "external constraints": (
        FLAT,
        {"purpose": "ChargingStationExternalConstraints"},
        "InvalidProfile",
    ),
    "an update of one that is not dynamic": (FLAT, {"dynUpdateInterval": 5}, "InvalidProfile"),
    "a transaction without its id": (
        FLAT,
        {"purpose": "TxProfile", "transactionId": None},
        "MissingParam",
    ),
    "an absolute one without a start": (FLAT, {"kind": "Absolute"}, "InvalidSchedule"),
    "a relative one with a start": (FLAT, {"schedule": STARTS}, "InvalidSchedule"),
    "a random delay of the station": (
        FLAT,
        {
            "purpose": "ChargingStationMaxProfile",
            "kind": "Absolute",
            "schedule": STARTS | {"randomizedDelay": 9},
        },
        "InvalidSchedule",
    ),
    "no phases": ([(0, 10.0, 0)], {}, "InvalidSchedule"),
    "another phase than the wired one": (
        FLAT,
        {
            "schedule": {
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 9.0, "numberPhases": 1, "phaseToUse": 2}
                ]
            }
        },
        "InvalidSchedule",
    ),
}


@pytest.mark.parametrize("what", ONLY_2X)
def test_what_only_2_1_can_say_and_the_station_cannot_is_rejected(what: str) -> None:
    periods, said, reason = ONLY_2X[what]
    evse_id = 0 if "Constraints" in said.get("purpose", "") else 1
    assert install(started("2.1"), evse_id, periods, **said) == f"Rejected: {reason}"


def test_phases_of_direct_current_are_rejected() -> None:
    inventory = Inventory(evses=(EvseSpec(phases=0, voltage_v=400),))
    stage = online("2.0.1", inventory=inventory)
    assert install(stage, 1, [(0, 10.0, 3)]) == "Rejected: NoPhaseForDC"
    assert install(stage, 1, FLAT) == "Accepted"


@pytest.mark.parametrize("version", FAMILIES)
def test_another_unit_than_the_station_knows_is_rejected(version: str) -> None:
    stage = online(version, variables={"SmartChargingCtrlr.RateUnit": "A"})
    answer = install(stage, 1, FLAT, schedule={"chargingRateUnit": "W"})
    assert answer.startswith("Rejected")
    assert answer in {"Rejected", "Rejected: UnsupportedRateUnit"}
    assert composite(stage, 1, 60, "W") is None
    assert composite(stage, 1, 60, "A") is not None


@pytest.mark.parametrize("version", FAMILIES)
def test_a_profile_of_another_transaction_is_rejected(version: str) -> None:
    stage = started(version)
    wrong = 4711 if version == "1.6" else "4711"
    answer = install(stage, 1, FLAT, purpose="TxProfile", transactionId=wrong)
    assert answer in {"Rejected", "Rejected: TxNotFound"}


def test_1_6_may_leave_out_the_transaction_and_the_start() -> None:
    stage = started("1.6")
    assert install(stage, 1, FLAT, purpose="TxProfile", transactionId=None) == "Accepted"
    assert install(stage, 1, [(0, 8.0)], id=2, level=1, kind="Absolute") == "Accepted"
    assert stage.core.evse(1).power_w == 6_900


def test_the_store_has_an_end_but_a_known_id_is_always_replaced() -> None:
    stage = online("2.1", variables={"MaxChargingProfilesInstalled": "2"})
    assert [install(stage, 1, FLAT, id=each, level=each) for each in (1, 2, 3)] == [
        "Accepted",
        "Accepted",
        "Rejected: OutOfMemory",
    ]
    assert install(stage, 2, [(0, 12.0)], id=2, level=9) == "Accepted"
    variables = stage.core.variables
    assert variables.text("SmartChargingCtrlr", "Entries", "ChargingProfiles") == "2"


def test_in_1_6_the_same_place_of_the_stack_is_replaced() -> None:
    stage = started("1.6")
    assert install(stage, 1, FLAT, id=1) == "Accepted"
    assert install(stage, 1, [(0, 20.0)], id=2) == "Accepted"
    assert clear(stage, id=1) == "Unknown"
    assert clear(stage, id=2) == "Accepted"


def test_in_1_6_the_default_of_a_connector_replaces_that_of_the_station_there() -> None:
    stage = online("1.6")
    install(stage, 0, [(0, 10.0)], id=1)
    install(stage, 2, [(0, 20.0)], id=2)
    limits = [composite(stage, each, 60, "A") for each in (1, 2)]
    assert [each and each[3] for each in limits] == [[(0, 10.0, 3)], [(0, 20.0, 3)]]


def test_in_2_x_two_profiles_never_stand_in_the_same_place() -> None:
    stage = online("2.1")
    early, late = {"validTo": "2026-02-01T00:00:00Z"}, {"validFrom": "2026-02-01T00:00:00Z"}
    assert install(stage, 1, FLAT, id=1, **early) == "Accepted"
    assert install(stage, 1, FLAT, id=2) == "Rejected: DuplicateProfile"
    assert install(stage, 1, FLAT, id=2, **late) == "Accepted"
    assert install(stage, 0, FLAT, id=3) == "Rejected: DuplicateProfile"
    assert install(stage, 0, FLAT, id=3, level=1) == "Accepted"
    assert install(stage, 2, FLAT, id=4, level=1) == "Rejected: DuplicateProfile"
    assert install(stage, 2, FLAT, id=4) == "Accepted"


@pytest.mark.parametrize("version", FAMILIES)
def test_all_criteria_of_a_clearing_must_fit(version: str) -> None:
    stage = started(version)
    install(stage, 1, FLAT, id=1)
    install(stage, 2, FLAT, id=2)
    install(stage, 1, FLAT, id=3, level=4)
    install(stage, 1, FLAT, id=4, purpose="TxProfile")
    assert clear(stage, evse_id=2, level=4) == "Unknown"
    assert clear(stage, evse_id=1, purpose="TxDefaultProfile") == "Accepted"
    assert [clear(stage, id=each) for each in (1, 2, 3, 4)] == [
        "Unknown",
        "Accepted",
        "Unknown",
        "Accepted",
    ]


@pytest.mark.parametrize("version", FAMILIES)
def test_profiles_stay_over_a_restart(version: str) -> None:
    stage = online(version)
    install(stage, 0, FLAT, id=1)
    stage.core.restart(stage.now_s)
    stage.carry().disconnect().connect()
    assert clear(stage, id=1) == "Accepted"


def test_1_6_says_not_supported_while_smart_charging_is_off() -> None:
    stage = online("1.6", variables={"SmartChargingCtrlr.Enabled": "false"})
    assert install(stage, 1, FLAT) == "NotSupported"


def test_1_6_lists_the_keys_of_smart_charging() -> None:
    keys = [
        "ChargeProfileMaxStackLevel",
        "ChargingScheduleAllowedChargingRateUnit",
        "ChargingScheduleMaxPeriods",
        "MaxChargingProfilesInstalled",
        "ConnectorSwitch3to1PhaseSupported",
    ]
    answer = online("1.6").ask(v16.GetConfigurationRequest(key=keys))
    assert isinstance(answer, v16.GetConfigurationResponse)
    assert [each.key for each in answer.configuration_key or []] == keys
    assert all(each.readonly for each in answer.configuration_key or [])


def report(
    stage: Stage, evse_id: int | None = None, **criterion: Any
) -> list[tuple[int, list[int]]]:
    stage.central.heard.clear()
    request = v21.GetChargingProfilesRequest(
        request_id=9,
        evse_id=UNSET if evse_id is None else evse_id,
        charging_profile=v21.ChargingProfileCriterionType(**criterion),
    )
    status = str(getattr(stage.ask(request), "status", ""))
    parts = stage.central.all(v21.ReportChargingProfilesRequest)
    assert status == ("Accepted" if parts else "NoProfiles")
    assert [bool(each.tbc) for each in parts] == [True] * (len(parts) - 1) + [False] * bool(parts)
    assert {each.request_id for each in parts} <= {9}
    return [(each.evse_id, [row.id for row in each.charging_profile]) for each in parts]


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_profiles_are_reported_by_evse_as_they_were_sent(version: str) -> None:
    stage = started(version)
    install(stage, 0, FLAT, id=5, **STATION_MAX)
    install(stage, 2, FLAT, id=2, level=3)
    for number in range(10, 22):
        install(
            stage,
            1,
            FLAT,
            id=number,
            level=4,
            validFrom=f"2026-02-{number}T00:00:00Z",
            validTo=f"2026-02-{number}T12:00:00Z",
        )
    whole = [(0, [5]), (1, [*range(10, 20)]), (1, [20, 21]), (2, [2])]
    assert report(stage, stack_level=0) == whole[:1]
    assert report(stage, charging_limit_source=["CSO"]) == whole
    assert report(stage, charging_limit_source=["EMS"]) == []
    assert report(stage, charging_profile_id=[2, 11]) == [(1, [11]), (2, [2])]
    assert report(stage, 0, charging_limit_source=["CSO"]) == whole[:1]
    assert report(stage, 2, stack_level=4) == []
    sent = stage.central.all(v21.ReportChargingProfilesRequest)
    assert sent == []


def test_what_was_sent_comes_back_whole() -> None:
    stage = started("2.1")
    install(stage, 1, [(0, 10.5, 3)], id=5, purpose="TxProfile", schedule={"minChargingRate": 6.5})
    report(stage, stack_level=0)
    (part,) = stage.central.all(v21.ReportChargingProfilesRequest)
    (found,) = part.charging_profile
    transaction = stage.core.evse(1).transaction
    assert transaction is not None
    assert found.transaction_id == transaction.id
    assert found.charging_schedule[0].min_charging_rate == 6.5
    assert found.charging_schedule[0].charging_schedule_period[0].limit == 10.5
