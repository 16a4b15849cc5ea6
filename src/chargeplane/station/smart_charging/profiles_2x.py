"""Charging profiles of 2.x as values of the domain, and those that a station cannot follow."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from random import Random

from chargeplane.domain.charging import (
    ChargingProfile,
    ChargingSchedule,
    Kind,
    Mode,
    Period,
    Points,
    Purpose,
    RateUnit,
    Recurrence,
    SocCap,
)
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, UnsetType, given
from chargeplane.station.device_model.variables import Place
from chargeplane.station.hub import Hub

__all__ = ["decimal_of", "profile_of_2x", "reason_against_2x"]

_UNDERSTOOD = frozenset(
    {
        "start_period",
        "limit",
        "number_phases",
        "phase_to_use",
        "custom_data",
        "operation_mode",
        "discharge_limit",
        "setpoint",
        "v2x_baseline",
        "v2x_freq_watt_curve",
        "v2x_signal_watt_curve",
        "preconditioning_request",
        "evse_sleep",
    }
)
"""Fields of a period; the others steer each phase by itself, or reactive power."""
_FLOW = frozenset({"limit", "discharge_limit", "setpoint"})
_ONLY_PHASE = 1
"""A station that does not switch phases uses L1 if it uses one."""
_SCHEDULES_MAX = 3
"""For a vehicle of ISO 15118, which chooses one (K15.FR.07)."""
_MODES = {
    Purpose.PRIORITY: frozenset({Mode.CHARGING_ONLY}),
    Purpose.STATION_MAX: frozenset({Mode.CHARGING_ONLY}),
    Purpose.LOCAL_GENERATION: frozenset({Mode.CHARGING_ONLY, Mode.EXTERNAL_LIMITS}),
}


def reason_against_2x(hub: Hub, evse_id: int, sent: v21.ChargingProfileType) -> str | None:
    """Why the station cannot follow a profile; None: ``profile_of_2x`` may be called."""
    purpose = Purpose(sent.charging_profile_purpose.value)
    is_dynamic = sent.charging_profile_kind.value == Kind.DYNAMIC
    if not is_dynamic and (sent.dyn_update_interval or sent.dyn_update_time):
        return "InvalidProfile"  # K01.FR.122, K28.FR.04
    evse = hub.evses.get(evse_id)
    speaks = evse is not None and evse.ev is not None and evse.ev.edition
    if not 1 <= len(sent.charging_schedule) <= (_SCHEDULES_MAX if speaks else 1):
        return "InvalidSchedule"  # K01.FR.34
    schedule = sent.charging_schedule[0]
    periods = schedule.charging_schedule_period
    if is_dynamic and (len(periods) != 1 or periods[0].start_period != 0):
        return "InvalidSchedule"  # K28.FR.03
    if purpose is Purpose.PRIORITY and schedule.duration is not UNSET:
        return "InvalidSchedule"  # K01.FR.70
    if schedule.randomized_delay and purpose not in {Purpose.TX, Purpose.TX_DEFAULT}:
        return "InvalidSchedule"  # K01.FR.95
    for period in periods:
        reason = _against_mode(hub, evse_id, purpose, period) or _against(schedule, period)
        if reason is not None:
            return reason
    return None


def _against_mode(
    hub: Hub, evse_id: int, purpose: Purpose, period: v21.ChargingSchedulePeriodType
) -> str | None:
    """Whether purpose and station have the operation mode (2.1 section K 3.2, Q09.FR.01)."""
    mode = _mode(period)
    if mode not in _MODES.get(purpose, frozenset(Mode)):
        return "InvalidSchedule"  # K01.FR.71
    for each in [evse_id] if evse_id else hub.evses:
        place = Place("V2XChargingCtrlr", "SupportedOperationModes", evse_id=each)
        known = hub.variables.find(place)
        if mode.is_bidirectional and (known is None or mode not in known.actual.split(",")):
            return "UnsupportedParam"
        if mode is Mode.LOCAL_LOAD_BALANCING:
            upper, lower = (_threshold(hub, each, side) for side in ("Upper", "Lower"))
            if upper <= lower:
                return "MissingDevModelInfo"  # Q09.FR.02
    return None


def _threshold(hub: Hub, evse_id: int, side: str) -> Decimal:
    place = Place("V2XChargingCtrlr", "LocalLoadBalancing", f"{side}Threshold", evse_id)
    return Decimal(hub.variables.at(place).actual)


def _against(
    schedule: v21.ChargingScheduleType, period: v21.ChargingSchedulePeriodType
) -> str | None:
    said = {name for name in period.__struct_fields__ if getattr(period, name) is not UNSET}
    if said - _UNDERSTOOD or period.evse_sleep is True:
        return "InvalidSchedule"  # K01.FR.126
    flow = said & _FLOW
    match _mode(period):
        case Mode.CHARGING_ONLY:
            good = flow == {"limit"}
        case Mode.IDLE:
            good = not flow  # Q10.FR.02
        case Mode.CENTRAL_SETPOINT | Mode.CENTRAL_FREQUENCY:
            good = "setpoint" in flow
        case Mode.LOCAL_FREQUENCY:
            if len(period.v2x_freq_watt_curve or ()) < 2 or period.v2x_baseline is UNSET:
                return "NoFreqWattCurve"  # Q08.FR.03
            good = not flow and schedule.charging_rate_unit.value == RateUnit.W  # Q08.FR.04, FR.05
        case _:
            good = True
    # K01.FR.19, K01.FR.48
    phase = period.phase_to_use
    good = good and (phase is UNSET or (period.number_phases == 1 and phase == _ONLY_PHASE))
    good = good and (period.discharge_limit or 0) <= 0
    return None if good else "InvalidSchedule"


def profile_of_2x(sent: v21.ChargingProfileType, now: datetime, rng: Random) -> ChargingProfile:
    """The profile; times in it are as they were sent, random delays are drawn (K01.FR.93)."""
    schedule = sent.charging_schedule[0]
    recurrence, cap = sent.recurrency_kind, schedule.limit_at_soc
    is_dynamic = sent.charging_profile_kind.value == Kind.DYNAMIC
    return ChargingProfile(
        id=sent.id,
        purpose=Purpose(sent.charging_profile_purpose.value),
        stack_level=sent.stack_level,
        kind=Kind(sent.charging_profile_kind.value),
        schedule=ChargingSchedule(
            rate_unit=RateUnit(schedule.charging_rate_unit.value),
            periods=_periods(schedule, rng),
            start=None if is_dynamic else given(schedule.start_schedule),
            duration_s=given(schedule.duration),
            least_rate=decimal_of(schedule.min_charging_rate or UNSET),
            is_local=schedule.use_local_time is True,
            soc_cap=SocCap(cap.soc, Decimal(repr(cap.limit))) if cap else None,
        ),
        recurrence=Recurrence(recurrence.value) if recurrence else None,
        valid_from=given(sent.valid_from),
        valid_to=given(sent.valid_to),
        transaction_id=given(sent.transaction_id),
        updated_at=(sent.dyn_update_time or now) if is_dynamic else None,
        offline_s_max=given(sent.max_offline_duration),
        ends_offline=sent.invalid_after_offline_duration is True,
    )


def _periods(schedule: v21.ChargingScheduleType, rng: Random) -> tuple[Period, ...]:
    """All but the first one begin later by chance (K01.FR.92), and never before the last one."""
    most_s, found, start_s = schedule.randomized_delay or 0, list[Period](), 0
    for each in schedule.charging_schedule_period:
        delay_s = rng.randint(0, most_s) if most_s and each.start_period else 0
        start_s = max(start_s + 1 if found and most_s else 0, each.start_period + delay_s)
        found.append(_period(each, start_s if most_s else each.start_period))
    return tuple(found)


def _period(sent: v21.ChargingSchedulePeriodType, start_s: int) -> Period:
    return Period(
        start_s,
        decimal_of(sent.limit),
        given(sent.number_phases),
        _mode(sent),
        decimal_of(sent.discharge_limit),
        decimal_of(sent.setpoint),
        decimal_of(sent.v2x_baseline),
        _points([(each.frequency, each.power) for each in sent.v2x_freq_watt_curve or ()]),
        _points([(each.signal, each.power) for each in sent.v2x_signal_watt_curve or ()]),
    )


def _mode(period: v21.ChargingSchedulePeriodType) -> Mode:
    return Mode(period.operation_mode.value) if period.operation_mode else Mode.CHARGING_ONLY


def _points(rows: list[tuple[float, float]]) -> Points:
    return tuple(sorted((Decimal(repr(x)), Decimal(repr(y))) for x, y in rows))


def decimal_of(value: float | UnsetType) -> Decimal | None:
    """What was written on the wire; a float would be near it only."""
    return None if value is UNSET else Decimal(repr(value))
