"""Smart charging as 2.x says it."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.charging import Mode, Purpose, RateUnit
from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.hub import Hub
from chargeplane.station.signals import TransactionStarted
from chargeplane.station.smart_charging.dynamic import Dynamic
from chargeplane.station.smart_charging.external import External
from chargeplane.station.smart_charging.installed import OPERATOR, Profiles, Wanted
from chargeplane.station.smart_charging.limiting import Limiting
from chargeplane.station.smart_charging.needs import Needs
from chargeplane.station.smart_charging.priority import Priority
from chargeplane.station.smart_charging.putting import Putting
from chargeplane.station.smart_charging.reporting import install as install_reports
from chargeplane.station.smart_charging.schedules import schedule_of
from chargeplane.station.smart_charging.starting import Starting

__all__ = ["install"]

_Clear = v21.ClearChargingProfileStatusEnumType
_Modes = v21.OperationModeEnumType
_Generic = v21.GenericStatusEnumType


def install(hub: Hub, profiles: Profiles, limiting: Limiting) -> None:
    """Answer what 2.x asks of this block."""
    hub.answers(v21.ClearChargingProfileRequest, partial(_clear, hub, profiles, limiting))
    hub.answers(v21.GetCompositeScheduleRequest, partial(_composite, hub, profiles, limiting))
    install_reports(hub, profiles)
    External(hub, profiles, limiting)
    needs = Needs(hub, profiles, limiting)
    putting = Putting(hub, profiles, limiting, needs)
    hub.answers(v21.SetChargingProfileRequest, putting.on_request)
    Starting(hub, putting.reason_to_start, putting.start)
    if hub.version is Version.V2_1:
        putting.dynamic = Dynamic(hub, profiles, limiting)
        Priority(hub, profiles, limiting)
        hub.answers(v21.AFRRSignalRequest, partial(_signal, hub, profiles, limiting))
    hub.hears(TransactionStarted, lambda _: putting.draw_delays())


def _signal(
    hub: Hub, profiles: Profiles, limiting: Limiting, request: v21.AFRRSignalRequest
) -> v21.AFRRSignalResponse:
    """A signal of the automatic reserve moves setpoints by the curve for it (Q08.FR.10, FR.11)."""
    following = [
        evse
        for evse in hub.transactions()
        if limiting.mode(evse) is Mode.LOCAL_FREQUENCY
        and any(each.profile.schedule.periods[0].signal_curve for each in profiles)
    ]
    if not following:
        info = v21.StatusInfoType(reason_code="NoSignalWattCurve")
        return v21.AFRRSignalResponse(status=_Generic.REJECTED, status_info=info)

    def take() -> None:
        for evse in following:
            limiting.signals[evse.id] = request.signal
        limiting.apply()

    delay_s = (request.timestamp - hub.time()).total_seconds()
    hub.afterwards(lambda: hub.after(max(delay_s, 0.0), "aFRR", take))
    return v21.AFRRSignalResponse(status=_Generic.ACCEPTED)


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
    found = profiles.remove(wanted, OPERATOR)
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
                    setpoint=UNSET if each.setpoint is None else float(each.setpoint),
                    discharge_limit=UNSET if each.floor is None else float(each.floor),
                    operation_mode=_Modes.CENTRAL_SETPOINT if each.setpoint is not None else UNSET,
                )
                for each in found.parts
            ],
        ),
    )
