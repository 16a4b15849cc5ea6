"""Charging profiles of 2.x as values of the domain, and those that this station cannot follow."""

from __future__ import annotations

from decimal import Decimal

from chargeplane.domain.charging import (
    ChargingProfile,
    ChargingSchedule,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrence,
)
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, UnsetType, given

__all__ = ["profile_of_2x", "reason_against_2x"]

_UNDERSTOOD = frozenset({"start_period", "limit", "number_phases", "phase_to_use", "custom_data"})
"""Fields of a period; the others belong to bidirectional charging and ISO 15118."""
_ONLY_PHASE = 1
"""A station that does not switch phases uses L1 if it uses one."""


def reason_against_2x(sent: v21.ChargingProfileType) -> str | None:
    """Why the station cannot follow a profile; None: ``profile_of_2x`` may be called."""
    if sent.charging_profile_purpose.value not in set(Purpose):
        return "UnsupportedPurpose"  # K01.FR.120
    if sent.charging_profile_kind.value not in set(Kind):
        return "UnsupportedKind"  # K01.FR.121
    if sent.dyn_update_interval is not UNSET or sent.dyn_update_time is not UNSET:
        return "InvalidProfile"  # K01.FR.122
    if sent.max_offline_duration is not UNSET:
        return "InvalidProfile"  # SupportsFeature[MaxOfflineDuration] is false
    if sent.charging_profile_purpose.value == Purpose.TX and sent.transaction_id is UNSET:
        return "MissingParam"  # K01.FR.03
    if len(sent.charging_schedule) != 1:
        return "InvalidSchedule"  # K01.FR.34
    schedule = sent.charging_schedule[0]
    if schedule.randomized_delay or schedule.limit_at_soc:
        return "InvalidSchedule"
    good = all(map(_is_understood, schedule.charging_schedule_period))
    return None if good else "InvalidSchedule"


def _is_understood(period: v21.ChargingSchedulePeriodType) -> bool:
    if period.limit is UNSET:
        return False
    mode = period.operation_mode
    if mode is not UNSET and mode is not v21.OperationModeEnumType.CHARGING_ONLY:
        return False
    said = {name for name in period.__struct_fields__ if getattr(period, name) is not UNSET}
    if said - _UNDERSTOOD - {"operation_mode"}:
        return False
    # K01.FR.19, K01.FR.48
    return period.phase_to_use is UNSET or (
        period.number_phases == 1 and period.phase_to_use == _ONLY_PHASE
    )


def profile_of_2x(sent: v21.ChargingProfileType) -> ChargingProfile:
    """The profile; times in it are as they were sent."""
    schedule = sent.charging_schedule[0]
    recurrence = sent.recurrency_kind
    return ChargingProfile(
        id=sent.id,
        purpose=Purpose(sent.charging_profile_purpose.value),
        stack_level=sent.stack_level,
        kind=Kind(sent.charging_profile_kind.value),
        schedule=ChargingSchedule(
            rate_unit=RateUnit(schedule.charging_rate_unit.value),
            periods=tuple(
                Period(each.start_period, _decimal(each.limit), given(each.number_phases))
                for each in schedule.charging_schedule_period
            ),
            start=given(schedule.start_schedule),
            duration_s=given(schedule.duration),
            least_rate=_decimal(schedule.min_charging_rate) if schedule.min_charging_rate else None,
            is_local=schedule.use_local_time is True,
        ),
        recurrence=Recurrence(recurrence.value) if recurrence else None,
        valid_from=given(sent.valid_from),
        valid_to=given(sent.valid_to),
        transaction_id=given(sent.transaction_id),
    )


def _decimal(value: float | UnsetType) -> Decimal:
    """What was written on the wire; a float would be near it only."""
    return Decimal(0) if value is UNSET else Decimal(repr(value))
