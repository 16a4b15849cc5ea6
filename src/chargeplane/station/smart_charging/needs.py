"""What a vehicle of ISO 15118 needs, and the schedule that it chooses (K15-K20, Q01, Q02)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from chargeplane.domain.charging import RateUnit
from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.conversation import Outcome
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    Cause,
    EvseChanged,
    NeedsWanted,
    StopWanted,
    TransactionEnded,
)
from chargeplane.station.smart_charging.installed import Profiles
from chargeplane.station.smart_charging.limiting import Limiting
from chargeplane.station.smart_charging.schedules import Part, schedule_of
from chargeplane.station.vehicle import Ev

__all__ = ["Needs"]

TUPLES_MAX = 100
"""Periods that a vehicle takes of one schedule."""
STAY_S = 8 * 3600
"""How far a schedule reaches for a vehicle whose departure nobody knows."""
_Transfer = v21.EnergyTransferModeEnumType
_Status = v21.NotifyEVChargingNeedsStatusEnumType
_VOLTAGE_DC_V = 800.0


class Needs:
    """Tells of the needs once a transaction may charge, and again when they change."""

    def __init__(self, hub: Hub, profiles: Profiles, limiting: Limiting) -> None:
        self._hub = hub
        self._profiles = profiles
        self._limiting = limiting
        self._told: set[str] = set()
        """The transactions of which the central system knows the needs."""
        self._allowed: dict[str, frozenset[str]] = {}
        hub.hears(EvseChanged, self._on_changed)
        hub.hears(NeedsWanted, lambda wanted: self._tell(hub.evses[wanted.evse_id]))
        hub.hears(TransactionEnded, self._on_ended)
        if hub.version is Version.V2_1:
            hub.answers(v21.NotifyAllowedEnergyTransferRequest, self._on_allowed)

    def answer_profile(self, evse_id: int) -> None:
        """The vehicle chooses its schedule within a new profile (K15.FR.10, K16.FR.05)."""
        evse = self._hub.evses.get(evse_id)
        if evse is None or evse.ev is None or evse.transaction is None:
            return
        if evse.transaction.id not in self._told:
            return
        found = schedule_of(
            self._hub,
            self._profiles,
            self._limiting,
            evse_id=evse_id,
            duration_s=max(int(evse.ev.departs_in_s or STAY_S), 1),
            rate_unit=RateUnit.W,
        )
        if found is None:
            return
        most_w, last_w = evse.ev.power_w_max, None
        periods: list[v21.ChargingSchedulePeriodType] = []
        for part in found.parts[:TUPLES_MAX]:
            rate_w = _chosen_w(part, most_w)
            if rate_w != last_w:
                last_w = rate_w
                period = v21.ChargingSchedulePeriodType(start_period=part.start_s, limit=rate_w)
                periods.append(period)
        schedule = v21.ChargingScheduleType(
            id=1,
            duration=found.duration_s,
            charging_rate_unit=v21.ChargingRateUnitEnumType.W,
            charging_schedule_period=periods,
        )
        self._hub.ask(
            v21.NotifyEVChargingScheduleRequest(
                time_base=found.start, charging_schedule=schedule, evse_id=evse_id
            )
        )

    def _on_changed(self, changed: EvseChanged) -> None:
        evse = self._hub.evses.get(changed.evse_id)
        if evse is None or evse.transaction is None or not evse.closed:
            return
        if evse.transaction.id not in self._told:
            self._tell(evse)

    def _on_ended(self, ended: TransactionEnded) -> None:
        self._told.discard(ended.transaction_id)
        self._allowed.pop(ended.transaction_id, None)

    def _on_allowed(
        self, request: v21.NotifyAllowedEnergyTransferRequest
    ) -> v21.NotifyAllowedEnergyTransferResponse:
        """The station negotiates anew with the vehicle (Q02.FR.06, Q02.FR.07)."""
        statuses = v21.NotifyAllowedEnergyTransferStatusEnumType
        for evse in self._hub.transactions():
            if evse.transaction and evse.transaction.id == request.transaction_id:
                words = frozenset(each.value for each in request.allowed_energy_transfer)
                self._allowed[evse.transaction.id] = words
                self._hub.afterwards(partial(self._tell, evse))
                return v21.NotifyAllowedEnergyTransferResponse(status=statuses.ACCEPTED)
        return v21.NotifyAllowedEnergyTransferResponse(status=statuses.REJECTED)

    def _tell(self, evse: Evse) -> None:
        """K15.FR.01, K17.FR.01, K20.FR.01."""
        ev, transaction = evse.ev, evse.transaction
        if ev is None or not ev.edition or transaction is None:
            return
        self._told.add(transaction.id)
        request = v21.NotifyEVChargingNeedsRequest(
            evse_id=evse.id,
            max_schedule_tuples=TUPLES_MAX,
            charging_needs=self._needs(evse, ev),
            timestamp=self._hub.time() if self._hub.version is Version.V2_1 else UNSET,
        )
        self._hub.ask(request, partial(self._on_answer, evse, transaction.id))

    def _on_answer(self, evse: Evse, transaction_id: str, outcome: Outcome) -> None:
        """What the central system refuses ends the transaction (Q01.FR.06, K18.FR.23)."""
        if (
            isinstance(outcome, v21.NotifyEVChargingNeedsResponse)
            and outcome.status is _Status.REJECTED
            and evse.ev is not None
            and evse.ev.edition == "20"
            and evse.transaction is not None
            and evse.transaction.id == transaction_id
        ):
            self._hub.tell(StopWanted(evse.id, Cause.TRANSFER_REJECTED))

    def _needs(self, evse: Evse, ev: Ev) -> v21.ChargingNeedsType:
        departs: datetime | None = None
        if ev.departs_in_s is not None:
            departs = self._hub.time() + timedelta(seconds=ev.departs_in_s / self._hub.speed)
        is_20 = ev.edition == "20" and self._hub.version is Version.V2_1
        offers = _offers(evse, ev, is_20)
        assert evse.transaction is not None
        allowed = self._allowed.get(evse.transaction.id)
        wanted = [each for each in offers if allowed is None or each.value in allowed]
        is_dc = evse.spec.is_dc
        return v21.ChargingNeedsType(
            requested_energy_transfer=(wanted or offers)[0],
            available_energy_transfer=offers if is_20 else UNSET,
            control_mode=v21.ControlModeEnumType.SCHEDULED_CONTROL if is_20 else UNSET,
            departure_time=departs or UNSET,
            v2x_charging_parameters=_v2x(ev) if is_20 else UNSET,
            ac_charging_parameters=UNSET if is_20 or is_dc else _ac(evse, ev),
            dc_charging_parameters=_dc(ev) if is_dc and not is_20 else UNSET,
        )


def _chosen_w(part: Part, most_w: float) -> float:
    return min(float(part.rate), most_w)


def _offers(evse: Evse, ev: Ev, is_20: bool) -> list[v21.EnergyTransferModeEnumType]:
    """What the vehicle can do, what it likes best first."""
    if evse.spec.is_dc:
        plain, both = _Transfer.DC, _Transfer.DC_BPT
    else:
        three = min(evse.spec.phases, ev.phases) == 3
        plain = _Transfer.AC_THREE_PHASE if three else _Transfer.AC_SINGLE_PHASE
        both = _Transfer.AC_BPT
    gives = is_20 and ev.is_bidirectional and evse.spec.discharge_w_max > 0
    return [both, plain] if gives else [plain]


def _ac(evse: Evse, ev: Ev) -> v21.ACChargingParametersType:
    volts = evse.spec.voltage_v
    return v21.ACChargingParametersType(
        energy_amount=round(ev.need_wh),
        ev_min_current=6,
        ev_max_current=round(ev.power_w_max / volts / ev.phases),
        ev_max_voltage=round(volts),
    )


def _dc(ev: Ev) -> v21.DCChargingParametersType:
    return v21.DCChargingParametersType(
        ev_max_current=round(ev.power_w_max / _VOLTAGE_DC_V),
        ev_max_voltage=round(_VOLTAGE_DC_V),
        ev_max_power=round(ev.power_w_max),
        ev_energy_capacity=round(ev.capacity_wh),
        energy_amount=round(ev.need_wh),
        state_of_charge=round(ev.soc * 100),
        full_soc=round(ev.soc_max * 100),
        bulk_soc=round(ev.knee_soc * 100),
    )


def _v2x(ev: Ev) -> v21.V2XChargingParametersType:
    room_wh = (ev.soc_max - ev.soc) * ev.capacity_wh
    return v21.V2XChargingParametersType(
        max_charge_power=ev.power_w_max,
        max_discharge_power=ev.discharge_w_max if ev.is_bidirectional else UNSET,
        ev_target_energy_request=round(ev.need_wh, 1),
        ev_min_energy_request=round((ev.soc_min - ev.soc) * ev.capacity_wh, 1),
        ev_max_energy_request=round(room_wh, 1),
        target_soc=round(ev.soc_target * 100),
    )
