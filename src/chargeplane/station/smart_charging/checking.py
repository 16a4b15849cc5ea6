"""Which charging profiles a station takes (K01; 1.6 section 5.16)."""

from __future__ import annotations

from chargeplane.domain.charging import ChargingProfile, Kind, Purpose
from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.smart_charging.installed import STATION_WIDE, Profiles

__all__ = ["is_enabled", "reason_against"]

_CONTROLLER = "SmartChargingCtrlr"


def is_enabled(hub: Hub) -> bool:
    """Whether smart charging is switched on."""
    return hub.variables.flag(_CONTROLLER, "Enabled")


def reason_against(
    hub: Hub, profiles: Profiles, evse_id: int, profile: ChargingProfile, *, starting: bool = False
) -> str | None:
    """Why a profile is rejected, a reason code of 2.x; None: it may be installed.

    ``starting``: it comes with a remote start, and its transaction is still to begin.
    """
    if not is_enabled(hub):
        return "NotEnabled"
    if evse_id and evse_id not in hub.evses:
        return "UnknownEvse"  # K01.FR.28
    return (
        (None if starting else _of_place(hub, evse_id, profile))
        or _of_profile(hub, profile)
        or _of_schedule(hub, evse_id, profile)
        or _of_room(hub, profiles, profile)
    )


def _of_place(hub: Hub, evse_id: int, profile: ChargingProfile) -> str | None:
    """Whether its purpose fits the EVSE and the transaction."""
    if profile.purpose in STATION_WIDE and evse_id != 0:
        return "InvalidProfile"
    if profile.purpose is not Purpose.TX:
        return None if profile.transaction_id is None else "InvalidProfile"
    if evse_id == 0:
        return "InvalidProfile"  # K01.FR.16
    transaction = hub.evses[evse_id].transaction
    known = transaction is not None and transaction.id == profile.transaction_id
    return None if known else "TxNotFound"  # K01.FR.09, K01.FR.33


def _of_profile(hub: Hub, profile: ChargingProfile) -> str | None:
    if profile.purpose is Purpose.EXTERNAL_CONSTRAINTS:
        return "InvalidProfile"  # K01.FR.22
    if not 0 <= profile.stack_level <= hub.variables.number(_CONTROLLER, "ProfileStackLevel"):
        return "InvalidStackLevel"
    if hub.version is Version.V2_1 and profile.id < 0:
        return "InvalidProfileId"  # K01.FR.81
    if profile.kind is Kind.RELATIVE and profile.purpose in STATION_WIDE:
        return "InvalidProfile"  # K01.FR.38
    if (profile.kind is Kind.RECURRING) != (profile.recurrence is not None):
        return "InvalidProfile"
    valid_from, valid_to = profile.valid_from, profile.valid_to
    if valid_from is not None and valid_to is not None and valid_from >= valid_to:
        return "InvalidProfile"
    return None


def _of_schedule(hub: Hub, evse_id: int, profile: ChargingProfile) -> str | None:
    schedule, variables = profile.schedule, hub.variables
    if schedule.rate_unit.value not in variables.words(_CONTROLLER, "RateUnit"):
        return "UnsupportedRateUnit"  # K01.FR.26
    if (profile.kind in {Kind.RELATIVE, Kind.DYNAMIC}) != (schedule.start is None):
        return "InvalidSchedule"  # K01.FR.40, K01.FR.41
    starts = [each.start_s for each in schedule.periods]
    if not starts or starts[0] != 0 or starts != sorted(set(starts)):
        return "InvalidSchedule"  # K01.FR.31, K01.FR.35
    if len(starts) > variables.number(_CONTROLLER, "PeriodsPerSchedule"):
        return "TooManyElements"
    if schedule.duration_s is not None and schedule.duration_s <= 0:
        return "InvalidSchedule"
    if any(each.rate is not None and each.rate < 0 for each in schedule.periods):
        return "InvalidSchedule"
    phases = [each.phases for each in schedule.periods if each.phases is not None]
    if phases and evse_id and hub.evses[evse_id].spec.is_dc:
        return "NoPhaseForDC"  # K01.FR.44
    return None if all(1 <= each <= 3 for each in phases) else "InvalidSchedule"


def _of_room(hub: Hub, profiles: Profiles, profile: ChargingProfile) -> str | None:
    variable = hub.variables.of_key("MaxChargingProfilesInstalled")
    assert variable is not None
    full = len(profiles) >= int(variable.actual) and profile.id not in profiles
    return "OutOfMemory" if full else None
