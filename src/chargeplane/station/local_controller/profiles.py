"""The limit of a whole station, in the words of both families.

It is a ChargingStationMaxProfile (1.6: ChargePointMaxProfile), as K24 and K25 want it: a local
controller never sets ChargingStationExternalConstraints (K03.FR.08, K14.FR.06).
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station.local_controller.sharing import Answer

__all__ = ["PROFILE_ID", "answer_of", "limiting"]

PROFILE_ID = 2_000_000_001
"""Of the one profile that a controller has at each station; central systems count from below."""
_SCHEDULE_ID = 1
_START = datetime(2020, 1, 1, tzinfo=UTC)
"""Before the time of any clock: that of the station may be another than ours, and the limit holds
at once."""


def limiting(family: Version, limit_w: float | None, stack_level: int) -> Request:
    """The request that sets the limit of a whole station, or lifts it.

    Args:
        family: 1.6 or 2.1.
        limit_w: None to lift it.
        stack_level: at which it lies; the highest of this purpose leads.
    """
    if family is Version.V1_6:
        return _limiting_1x(limit_w, stack_level)
    if limit_w is None:
        return v21.ClearChargingProfileRequest(charging_profile_id=PROFILE_ID)
    schedule = v21.ChargingScheduleType(
        id=_SCHEDULE_ID,
        start_schedule=_START,
        charging_rate_unit=v21.ChargingRateUnitEnumType.W,
        charging_schedule_period=[v21.ChargingSchedulePeriodType(start_period=0, limit=limit_w)],
    )
    profile = v21.ChargingProfileType(
        id=PROFILE_ID,
        stack_level=stack_level,
        charging_profile_purpose=v21.ChargingProfilePurposeEnumType.CHARGING_STATION_MAX_PROFILE,
        charging_profile_kind=v21.ChargingProfileKindEnumType.ABSOLUTE,
        charging_schedule=[schedule],
    )
    return v21.SetChargingProfileRequest(evse_id=0, charging_profile=profile)


def _limiting_1x(limit_w: float | None, stack_level: int) -> Request:
    if limit_w is None:
        return v16.ClearChargingProfileRequest(id=PROFILE_ID)
    schedule = v16.ChargingSchedule(
        start_schedule=_START,
        charging_rate_unit=v16.ChargingRateUnitType.W,
        charging_schedule_period=[
            v16.ChargingSchedulePeriod(start_period=0, limit=Decimal(round(limit_w)))
        ],
    )
    profile = v16.ChargingProfile(
        charging_profile_id=PROFILE_ID,
        stack_level=stack_level,
        charging_profile_purpose=v16.ChargingProfilePurposeType.CHARGE_POINT_MAX_PROFILE,
        charging_profile_kind=v16.ChargingProfileKindType.ABSOLUTE,
        charging_schedule=schedule,
    )
    return v16.SetChargingProfileRequest(connector_id=0, cs_charging_profiles=profile)


def answer_of(response: Response | None) -> Answer:
    """What an answer to such a request means."""
    match response:
        case v16.SetChargingProfileResponse() | v21.SetChargingProfileResponse():
            is_good = response.status.value == "Accepted"
            return Answer.ACCEPTED if is_good else Answer.REFUSED
        case v16.ClearChargingProfileResponse() | v21.ClearChargingProfileResponse():
            return Answer.ACCEPTED  # Unknown: there is none to lift
    return Answer.NONE
