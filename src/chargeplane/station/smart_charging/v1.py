"""Smart charging as 1.6 says it."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.charging import (
    ChargingProfile,
    ChargingSchedule,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrence,
)
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.hub import Hub
from chargeplane.station.smart_charging.checking import is_enabled, reason_against
from chargeplane.station.smart_charging.installed import Installed, Profiles, Wanted
from chargeplane.station.smart_charging.limiting import Limiting
from chargeplane.station.smart_charging.schedules import schedule_of
from chargeplane.station.smart_charging.starting import Starting

__all__ = ["install"]

_Set = v16.ChargingProfileStatus
_Clear = v16.ClearChargingProfileStatus
_Get = v16.GetCompositeScheduleStatus
_STATION_MAX = v16.ChargingProfilePurposeType.CHARGE_POINT_MAX_PROFILE


def install(hub: Hub, profiles: Profiles, limiting: Limiting) -> None:
    """Answer what 1.6 asks of this block."""
    hub.answers(v16.SetChargingProfileRequest, partial(_set, hub, profiles, limiting))
    Starting(
        hub, partial(_reason_to_start, hub, profiles), partial(_start, hub, profiles, limiting)
    )
    hub.answers(v16.ClearChargingProfileRequest, partial(_clear, hub, profiles, limiting))
    hub.answers(v16.GetCompositeScheduleRequest, partial(_composite, hub, profiles, limiting))


def _reason_to_start(hub: Hub, profiles: Profiles, connector_id: int, sent: object) -> str | None:
    """A profile of a remote start is a TxProfile, and names no transaction (section 5.11)."""
    assert isinstance(sent, v16.ChargingProfile)
    profile = _profile(hub, connector_id, sent)
    if profile.purpose is not Purpose.TX or sent.transaction_id is not UNSET:
        return "InvalidProfile"
    return reason_against(hub, profiles, connector_id, profile, starting=True)


def _start(
    hub: Hub, profiles: Profiles, limiting: Limiting, connector_id: int, sent: object
) -> None:
    """Its transaction has begun."""
    assert isinstance(sent, v16.ChargingProfile)
    _put(hub, profiles, connector_id, sent)
    limiting.apply()


def _put(hub: Hub, profiles: Profiles, connector_id: int, sent: v16.ChargingProfile) -> None:
    """Install it, in the place of one that stands there."""
    profile = _profile(hub, connector_id, sent)
    rivals = frozenset(each.profile.id for each in profiles.rivals(connector_id, profile))
    profiles.remove(Wanted(ids=rivals))
    profiles.put(Installed(connector_id, profile, sent))


def _set(
    hub: Hub, profiles: Profiles, limiting: Limiting, request: v16.SetChargingProfileRequest
) -> v16.SetChargingProfileResponse:
    """One with the same id, or in the same place of the stack, is replaced (section 5.16)."""
    if not is_enabled(hub):
        return v16.SetChargingProfileResponse(status=_Set.NOT_SUPPORTED)
    connector_id, sent = request.connector_id, request.cs_charging_profiles
    profile = _profile(hub, connector_id, sent)
    if reason_against(hub, profiles, connector_id, profile) is not None:
        return v16.SetChargingProfileResponse(status=_Set.REJECTED)
    hub.afterwards(limiting.apply)
    _put(hub, profiles, connector_id, sent)
    return v16.SetChargingProfileResponse(status=_Set.ACCEPTED)


def _clear(
    hub: Hub, profiles: Profiles, limiting: Limiting, request: v16.ClearChargingProfileRequest
) -> v16.ClearChargingProfileResponse:
    wanted = Wanted(
        frozenset({request.id}) if request.id is not UNSET else None,
        given(request.connector_id) if request.id is UNSET else None,
        _purpose(request.charging_profile_purpose) if request.charging_profile_purpose else None,
        given(request.stack_level),
    )
    found = profiles.remove(wanted)
    hub.afterwards(limiting.apply)
    return v16.ClearChargingProfileResponse(status=_Clear.ACCEPTED if found else _Clear.UNKNOWN)


def _composite(
    hub: Hub, profiles: Profiles, limiting: Limiting, request: v16.GetCompositeScheduleRequest
) -> v16.GetCompositeScheduleResponse:
    unit = request.charging_rate_unit
    found = schedule_of(
        hub,
        profiles,
        limiting,
        evse_id=request.connector_id,
        duration_s=request.duration,
        rate_unit=RateUnit(unit.value) if unit else None,
    )
    if found is None:
        return v16.GetCompositeScheduleResponse(status=_Get.REJECTED)
    return v16.GetCompositeScheduleResponse(
        status=_Get.ACCEPTED,
        connector_id=found.evse_id,
        schedule_start=found.start,
        charging_schedule=v16.ChargingSchedule(
            duration=found.duration_s,
            start_schedule=found.start,
            charging_rate_unit=v16.ChargingRateUnitType(found.rate_unit.value),
            charging_schedule_period=[
                v16.ChargingSchedulePeriod(
                    start_period=each.start_s,
                    limit=each.rate,
                    number_phases=each.phases or UNSET,
                )
                for each in found.parts
            ],
        ),
    )


def _purpose(purpose: v16.ChargingProfilePurposeType) -> Purpose:
    return Purpose.STATION_MAX if purpose is _STATION_MAX else Purpose(purpose.value)


def _profile(hub: Hub, connector_id: int, sent: v16.ChargingProfile) -> ChargingProfile:
    """Without a start an absolute schedule counts from the start of charging (section 7.13)."""
    schedule = sent.charging_schedule
    kind = Kind(sent.charging_profile_kind.value)
    if kind is Kind.ABSOLUTE and schedule.start_schedule is UNSET:
        kind = Kind.RELATIVE
    purpose = _purpose(sent.charging_profile_purpose)
    recurrence = sent.recurrency_kind if kind is Kind.RECURRING else UNSET
    return ChargingProfile(
        id=sent.charging_profile_id,
        purpose=purpose,
        stack_level=sent.stack_level,
        kind=kind,
        schedule=ChargingSchedule(
            rate_unit=RateUnit(schedule.charging_rate_unit.value),
            periods=tuple(
                Period(each.start_period, each.limit, given(each.number_phases))
                for each in schedule.charging_schedule_period
            ),
            start=None if kind is Kind.RELATIVE else given(schedule.start_schedule),
            duration_s=given(schedule.duration),
            least_rate=given(schedule.min_charging_rate),
        ),
        recurrence=Recurrence(recurrence.value) if recurrence else None,
        valid_from=given(sent.valid_from),
        valid_to=given(sent.valid_to),
        transaction_id=_transaction_id(hub, connector_id, sent, purpose),
    )


def _transaction_id(
    hub: Hub, connector_id: int, sent: v16.ChargingProfile, purpose: Purpose
) -> str | None:
    """Ours, if the wire id is left out or right; only a TxProfile has one (section 7.8)."""
    evse = hub.evses.get(connector_id)
    transaction = evse.transaction if evse else None
    if purpose is not Purpose.TX or transaction is None:
        return None
    said = sent.transaction_id
    return transaction.id if said is UNSET or said == transaction.wire_id else None
