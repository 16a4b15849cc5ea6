"""Limits and setpoints of an energy manager on the site, told to the central system (K11-K13, Q06).

They are charging profiles like others, with a purpose that the central system cannot set.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from chargeplane.domain.charging import (
    ChargingProfile,
    ChargingSchedule,
    Kind,
    Mode,
    Period,
    Purpose,
    RateUnit,
)
from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET, Request
from chargeplane.station.hub import Hub
from chargeplane.station.signals import Cause, ExternalLimitWanted, UpdateWanted
from chargeplane.station.smart_charging.dynamic import renewed
from chargeplane.station.smart_charging.installed import Installed, Profiles, Wanted
from chargeplane.station.smart_charging.limiting import Limiting

__all__ = ["External"]

_FOLLOWING = {Mode.EXTERNAL_SETPOINT, Mode.EXTERNAL_LIMITS}
_PERCENT = 100.0
_Purpose = v21.ChargingProfilePurposeEnumType


class External:
    """Follows the energy manager of the site."""

    def __init__(self, hub: Hub, profiles: Profiles, limiting: Limiting) -> None:
        self._hub = hub
        self._profiles = profiles
        self._limiting = limiting
        self._told_w: dict[int, float] = {}
        """By profile: the value that the central system knows."""
        hub.hears(ExternalLimitWanted, self._on_wanted)

    def _on_wanted(self, wanted: ExternalLimitWanted) -> None:
        profile_id = _profile_id(wanted)
        if wanted.limit_w is None and wanted.setpoint_w is None:
            self._release(wanted, profile_id)
            return
        variables, is_2x = self._hub.variables, self._hub.family is Version.V2_1
        if not wanted.is_generation and self._feed(wanted):
            return
        name = "ExternalConstraintsProfileDisallowed"
        if self._hub.version is Version.V2_1 and variables.flag("SmartChargingCtrlr", name):
            return  # K11.FR.07, Q06.FR.08
        installed = self._installed(wanted, profile_id)
        self._profiles.put(installed)
        self._limiting.apply()
        value_w = wanted.setpoint_w if wanted.limit_w is None else wanted.limit_w
        assert value_w is not None
        if is_2x and self._is_significant(profile_id, value_w):
            self._told_w[profile_id] = value_w
            self._hub.ask(self._notice(wanted, installed))  # K11.FR.02, K12.FR.02, K27.FR.03
            self._tell_rate(wanted.evse_id)

    def _feed(self, wanted: ExternalLimitWanted) -> bool:
        """Put the values into profiles that want them from the site (K29.FR.03, Q05)."""
        fed = False
        for each in list(self._profiles):
            profile = each.profile
            mode = profile.schedule.periods[0].mode
            if each.evse_id not in {0, wanted.evse_id} or mode not in _FOLLOWING:
                continue
            if profile.purpose not in {Purpose.TX, Purpose.TX_DEFAULT}:
                continue
            said = {"rate": wanted.limit_w, "setpoint": wanted.setpoint_w}
            values = {name: Decimal(str(w)) for name, w in said.items() if w is not None}
            self._profiles.put(renewed(each, dict(values), self._hub))
            fed = True
        if fed:
            self._limiting.apply()
        return fed

    def _release(self, wanted: ExternalLimitWanted, profile_id: int) -> None:
        """K13."""
        if self._profiles.remove(Wanted(frozenset({profile_id}))):
            self._told_w.pop(profile_id, None)
            self._limiting.apply()
            if self._hub.family is Version.V2_1:
                evse_id = wanted.evse_id or UNSET
                self._hub.ask(
                    v21.ClearedChargingLimitRequest(
                        charging_limit_source=wanted.source, evse_id=evse_id
                    )
                )
                self._tell_rate(wanted.evse_id)

    def _tell_rate(self, evse_id: int) -> None:
        """K11.FR.04, K13.FR.03."""
        for evse in list(self._hub.transactions()):
            if evse_id in {0, evse.id}:
                self._hub.tell(UpdateWanted(evse.id, Cause.RATE_CHANGED))

    def _is_significant(self, profile_id: int, value_w: float) -> bool:
        known_w = self._told_w.get(profile_id)
        if known_w is None:
            return True
        least = self._hub.variables.number("SmartChargingCtrlr", "LimitChangeSignificance")
        return abs(value_w - known_w) * _PERCENT > least * abs(known_w)

    def _installed(self, wanted: ExternalLimitWanted, profile_id: int) -> Installed:
        """A dynamic profile with one period (K29.FR.04, Q06.FR.02, Q06.FR.04)."""
        now = self._hub.time().replace(microsecond=0)
        purpose = _Purpose.CHARGING_STATION_EXTERNAL_CONSTRAINTS
        if wanted.is_generation:
            purpose = _Purpose.LOCAL_GENERATION
        mode = Mode.EXTERNAL_LIMITS if wanted.setpoint_w is None else Mode.EXTERNAL_SETPOINT
        period = Period(0, _exact(wanted.limit_w), None, mode, None, _exact(wanted.setpoint_w))
        profile = ChargingProfile(
            id=profile_id,
            purpose=Purpose(purpose.value),
            stack_level=0,
            kind=Kind.DYNAMIC,
            schedule=ChargingSchedule(rate_unit=RateUnit.W, periods=(period,)),
            updated_at=now,
        )
        sent = _as_2_1(wanted, profile_id, purpose, mode, now)
        if self._hub.version is not Version.V2_1:
            sent = _as_2_0_1(sent)
        return Installed(wanted.evse_id, profile, sent, wanted.source)

    def _notice(self, wanted: ExternalLimitWanted, installed: Installed) -> Request:
        sent = installed.as_sent
        assert isinstance(sent, v21.ChargingProfileType)
        with_schedule = self._hub.variables.flag(
            "SmartChargingCtrlr", "NotifyChargingLimitWithSchedules"
        )
        return v21.NotifyChargingLimitRequest(
            charging_limit=v21.ChargingLimitType(
                charging_limit_source=wanted.source,
                is_local_generation=True if wanted.is_generation else UNSET,
            ),
            charging_schedule=sent.charging_schedule if with_schedule else UNSET,
            evse_id=wanted.evse_id or UNSET,
        )


def _profile_id(wanted: ExternalLimitWanted) -> int:
    """Below all that the central system may use (K01.FR.82)."""
    return -1 - 2 * wanted.evse_id - wanted.is_generation


def _exact(power_w: float | None) -> Decimal | None:
    return None if power_w is None else Decimal(str(power_w))


def _as_2_1(
    wanted: ExternalLimitWanted,
    profile_id: int,
    purpose: v21.ChargingProfilePurposeEnumType,
    mode: Mode,
    now: datetime,
) -> v21.ChargingProfileType:
    """The profile as the station reports it."""
    period = v21.ChargingSchedulePeriodType(
        start_period=0,
        limit=UNSET if wanted.limit_w is None else wanted.limit_w,
        setpoint=UNSET if wanted.setpoint_w is None else wanted.setpoint_w,
        operation_mode=v21.OperationModeEnumType(mode.value),
    )
    schedule = v21.ChargingScheduleType(
        id=1,
        charging_rate_unit=v21.ChargingRateUnitEnumType.W,
        charging_schedule_period=[period],
    )
    return v21.ChargingProfileType(
        id=profile_id,
        stack_level=0,
        charging_profile_purpose=purpose,
        charging_profile_kind=v21.ChargingProfileKindEnumType.DYNAMIC,
        charging_schedule=[schedule],
        dyn_update_time=now,
    )


def _as_2_0_1(sent: v21.ChargingProfileType) -> v21.ChargingProfileType:
    """The same in words that 2.0.1 has: it begins now, and never ends."""
    schedule = sent.charging_schedule[0]
    period = schedule.charging_schedule_period[0]
    period = v21.ChargingSchedulePeriodType(start_period=0, limit=period.limit or 0.0)
    return v21.ChargingProfileType(
        id=sent.id,
        stack_level=0,
        charging_profile_purpose=v21.ChargingProfilePurposeEnumType.CHARGING_STATION_EXTERNAL_CONSTRAINTS,
        charging_profile_kind=v21.ChargingProfileKindEnumType.ABSOLUTE,
        charging_schedule=[
            v21.ChargingScheduleType(
                id=1,
                charging_rate_unit=schedule.charging_rate_unit,
                start_schedule=sent.dyn_update_time,
                charging_schedule_period=[period],
            )
        ],
    )
