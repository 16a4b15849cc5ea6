"""Smart charging as 2.x says it."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.charging import Purpose, RateUnit
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.hub import Hub
from chargeplane.station.smart_charging.checking import reason_against
from chargeplane.station.smart_charging.installed import Installed, Profiles, Wanted
from chargeplane.station.smart_charging.limiting import Limiting
from chargeplane.station.smart_charging.profiles_2x import profile_of_2x, reason_against_2x
from chargeplane.station.smart_charging.reporting import install as install_reports
from chargeplane.station.smart_charging.schedules import schedule_of

__all__ = ["install"]

_Set = v21.ChargingProfileStatusEnumType
_Clear = v21.ClearChargingProfileStatusEnumType
_Generic = v21.GenericStatusEnumType


def install(hub: Hub, profiles: Profiles, limiting: Limiting) -> None:
    """Answer what 2.x asks of this block."""
    hub.answers(v21.SetChargingProfileRequest, partial(_set, hub, profiles, limiting))
    hub.answers(v21.ClearChargingProfileRequest, partial(_clear, hub, profiles, limiting))
    hub.answers(v21.GetCompositeScheduleRequest, partial(_composite, hub, profiles, limiting))
    install_reports(hub, profiles)


def _set(
    hub: Hub, profiles: Profiles, limiting: Limiting, request: v21.SetChargingProfileRequest
) -> v21.SetChargingProfileResponse:
    evse_id, sent = request.evse_id, request.charging_profile
    reason = reason_against_2x(sent)
    if reason is None:
        profile = profile_of_2x(sent)
        installed = Installed(evse_id, profile, sent)
        reason = reason_against(hub, profiles, evse_id, profile)
        reason = reason or _of_rivals(profiles, installed)
        if reason is None:
            profiles.put(installed)
            hub.afterwards(limiting.apply)
            return v21.SetChargingProfileResponse(status=_Set.ACCEPTED)
    return v21.SetChargingProfileResponse(
        status=_Set.REJECTED, status_info=v21.StatusInfoType(reason_code=reason)
    )


def _of_rivals(profiles: Profiles, new: Installed) -> str | None:
    """Two profiles never stand in the same place (K01.FR.06, K01.FR.39, K01.FR.52, K01.FR.53)."""
    profile, evse_id = new.profile, new.evse_id
    if any(each.profile.may_meet(profile) for each in profiles.rivals(evse_id, profile)):
        return "DuplicateProfile"
    if profile.purpose is not Purpose.TX_DEFAULT:
        return None
    others = {each.evse_id for each in profiles} - {evse_id}
    elsewhere = others if evse_id == 0 else others & {0}
    taken = any(profiles.rivals(each, profile) for each in elsewhere)
    return "DuplicateProfile" if taken else None


def _clear(
    hub: Hub, profiles: Profiles, limiting: Limiting, request: v21.ClearChargingProfileRequest
) -> v21.ClearChargingProfileResponse:
    """By id, or by all that is said (K10.FR.03, K10.FR.04)."""
    criteria = request.charging_profile_criteria or v21.ClearChargingProfileType()
    purpose = criteria.charging_profile_purpose
    if request.charging_profile_id is not UNSET:
        wanted = Wanted(frozenset({request.charging_profile_id}))
    elif purpose and purpose.value not in set(Purpose):
        return v21.ClearChargingProfileResponse(status=_Clear.UNKNOWN)  # the station has no such
    else:
        wanted = Wanted(
            None,
            given(criteria.evse_id),
            Purpose(purpose.value) if purpose else None,
            given(criteria.stack_level),
        )
    found = profiles.remove(wanted)
    hub.afterwards(limiting.apply)
    return v21.ClearChargingProfileResponse(status=_Clear.ACCEPTED if found else _Clear.UNKNOWN)


def _composite(
    hub: Hub, profiles: Profiles, limiting: Limiting, request: v21.GetCompositeScheduleRequest
) -> v21.GetCompositeScheduleResponse:
    unit = request.charging_rate_unit
    found = schedule_of(
        hub,
        profiles,
        limiting,
        evse_id=request.evse_id,
        duration_s=request.duration,
        rate_unit=RateUnit(unit.value) if unit else None,
    )
    if found is None:
        return v21.GetCompositeScheduleResponse(status=_Generic.REJECTED)
    return v21.GetCompositeScheduleResponse(
        status=_Generic.ACCEPTED,
        schedule=v21.CompositeScheduleType(
            evse_id=found.evse_id,
            duration=found.duration_s,
            schedule_start=found.start,
            charging_rate_unit=v21.ChargingRateUnitEnumType(found.rate_unit.value),
            charging_schedule_period=[
                v21.ChargingSchedulePeriodType(
                    start_period=each.start_s,
                    limit=float(each.rate),
                    number_phases=each.phases or UNSET,
                )
                for each in found.parts
            ],
        ),
    )
