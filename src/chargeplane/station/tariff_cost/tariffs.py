"""Tariffs that the central system sets, and the bills of transactions that run by them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec
from msgspec.structs import replace

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, decode_custom
from chargeplane.station.evse import ChargingState, Evse
from chargeplane.station.hub import Hub
from chargeplane.station.screen_signals import CostShown
from chargeplane.station.signals import (
    Cause,
    CostAsked,
    EvseChanged,
    LimitWanted,
    StopWanted,
    TariffRefused,
    TransactionEnded,
    TransactionStarted,
    UpdateWanted,
)
from chargeplane.station.tariff_cost.bill import Bill
from chargeplane.station.tariff_cost.conditions import Moment, has_conditions
from chargeplane.station.tariff_cost.driver_tariffs import DriverTariffs

__all__ = ["Tariffs"]

TICK_S = 60.0
"""Between two looks at the conditions, in charging time (I12.FR.31)."""
_DRAWER = "tariffs"
_Set = v21.TariffSetStatusEnumType
_Clear = v21.TariffClearStatusEnumType
_Change = v21.TariffChangeStatusEnumType
_CTRLR = "TariffCostCtrlr"


class Tariffs:
    """By EVSE; 0 for all that have none of their own."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._by_evse: dict[int, v21.TariffType] = {}
        self._bills: dict[str, Bill] = {}
        self._charged: dict[str, bool] = {}
        self._changed: dict[str, v21.TariffType] = {}
        """By transaction: what came with ChangeTransactionTariff."""
        self._chosen: dict[str, IdToken | None] = {}
        """By transaction: for whom its tariff was chosen."""
        self._untold: set[str] = set()
        """Transactions whose tariff the next event names (I07.FR.32, I08.FR.22, I11.FR.07)."""
        for key, text in hub.memory.take_all(_DRAWER, msgspec.Raw).items():
            tariff = msgspec.json.decode(text, type=v21.TariffType, dec_hook=decode_custom)
            self._by_evse[int(key)] = tariff
        self._drivers = DriverTariffs(hub, lambda each: self._status_of(each).value)
        hub.answers(v21.SetDefaultTariffRequest, self._on_set)
        hub.answers(v21.GetTariffsRequest, self._on_get)
        hub.answers(v21.ClearTariffsRequest, self._on_clear)
        hub.answers(v21.ChangeTransactionTariffRequest, self._on_change)
        hub.completes(v21.TransactionEventRequest, self._complete)
        hub.hears(TransactionStarted, lambda each: self._begin(hub.evses[each.evse_id]))
        hub.hears(EvseChanged, self._on_changed)
        hub.hears(LimitWanted, lambda _: self._tick_all())
        hub.hears(TransactionEnded, self._on_ended)
        hub.hears(CostAsked, self._on_asked)
        hub.hears(TariffRefused, self._on_refused)

    # What is asked.

    def _on_set(self, request: v21.SetDefaultTariffRequest) -> v21.SetDefaultTariffResponse:
        """I07.FR.02 to I07.FR.10."""
        tariff, evse_id = request.tariff, request.evse_id
        status, why = self._status_of(tariff), ""
        if evse_id and evse_id not in self._hub.evses:
            status, why = _Set.REJECTED, "UnknownEvse"
        elif any(each.tariff_id == tariff.tariff_id for each in self._by_evse.values()):
            status = _Set.DUPLICATE_TARIFF_ID
        if status is _Set.ACCEPTED:
            self._by_evse[evse_id] = tariff
            text = msgspec.Raw(msgspec.json.encode(tariff))
            self._hub.memory.put(_DRAWER, str(evse_id), text)
        info = v21.StatusInfoType(reason_code=why) if why else UNSET
        return v21.SetDefaultTariffResponse(status=status, status_info=info)

    def _status_of(self, tariff: v21.TariffType) -> v21.TariffSetStatusEnumType:
        groups = (tariff.energy, tariff.charging_time, tariff.idle_time)
        lists = [each.prices for each in groups if each]
        if sum(map(len, lists)) > self._hub.variables.number(_CTRLR, "MaxElements", "Tariff"):
            return _Set.TOO_MANY_ELEMENTS
        allowed = self._hub.variables.text(_CTRLR, "ConditionsSupported", "Tariff") == "true"
        conditioned = any(map(has_conditions, lists))
        if conditioned and not allowed:
            return _Set.CONDITION_NOT_SUPPORTED
        return _Set.ACCEPTED

    def _on_get(self, request: v21.GetTariffsRequest) -> v21.GetTariffsResponse:
        evse_id, statuses = request.evse_id, v21.TariffGetStatusEnumType
        if evse_id and evse_id not in self._hub.evses:
            return v21.GetTariffsResponse(status=statuses.REJECTED)
        rows = [
            v21.TariffAssignmentType(
                tariff_id=tariff.tariff_id,
                tariff_kind=v21.TariffKindEnumType.DEFAULT_TARIFF,
                valid_from=tariff.valid_from,
                evse_ids=[key] if key else list(self._hub.evses),
            )
            for key, tariff in sorted(self._by_evse.items())
            if evse_id in {0, key} or (key == 0 and evse_id not in self._by_evse)
        ]
        rows += [
            each for each in self._own_rows() if not evse_id or evse_id in (each.evse_ids or ())
        ]
        status = statuses.ACCEPTED if rows else statuses.NO_TARIFF
        return v21.GetTariffsResponse(status=status, tariff_assignments=rows or UNSET)

    def _own_rows(self) -> Iterator[v21.TariffAssignmentType]:
        """Of drivers and of transactions (I09.FR.05, I09.FR.06)."""
        tokens: dict[str, list[str]] = {}
        evse_ids: dict[str, list[int]] = {}
        for token, tariff in self._drivers:
            tokens.setdefault(tariff.tariff_id, []).append(token.value)
            evse_ids.setdefault(tariff.tariff_id, [])
        for evse in self._hub.transactions():
            assert evse.transaction is not None
            bill = self._bills.get(evse.transaction.id)
            is_own = evse.transaction.id in self._changed or (
                bill is not None and bill.tariff.tariff_id in tokens
            )
            if bill is not None and is_own:
                evse_ids.setdefault(bill.tariff.tariff_id, []).append(evse.id)
        for tariff_id, where in evse_ids.items():
            yield v21.TariffAssignmentType(
                tariff_id=tariff_id,
                tariff_kind=v21.TariffKindEnumType.DRIVER_TARIFF,
                evse_ids=where or UNSET,
                id_tokens=tokens.get(tariff_id, UNSET),
            )

    def _on_clear(self, request: v21.ClearTariffsRequest) -> v21.ClearTariffsResponse:
        known = {tariff.tariff_id: key for key, tariff in self._by_evse.items()}
        wanted_evse = request.evse_id
        ids = request.tariff_ids or [
            each for each, key in known.items() if wanted_evse in {UNSET, key}
        ]
        results = []
        for tariff_id in ids:
            key = known.get(tariff_id)
            if key is not None:
                del self._by_evse[key]
                self._hub.memory.drop(_DRAWER, str(key))
            status = _Clear.NO_TARIFF if key is None else _Clear.ACCEPTED
            results.append(v21.ClearTariffsResultType(status=status, tariff_id=tariff_id))
        nothing = [v21.ClearTariffsResultType(status=_Clear.NO_TARIFF)]
        return v21.ClearTariffsResponse(clear_tariffs_result=results or nothing)

    def _on_change(
        self, request: v21.ChangeTransactionTariffRequest
    ) -> v21.ChangeTransactionTariffResponse:
        """I11."""
        evse = next((each for each in self._hub.transactions() if _has(each, request)), None)
        if evse is None or evse.transaction is None:
            return v21.ChangeTransactionTariffResponse(status=_Change.TX_NOT_FOUND)
        status = _Change(self._status_of(request.tariff).value)
        bill = self._bills.get(evse.transaction.id)
        if bill is not None and bill.tariff.currency != request.tariff.currency:
            status = _Change.NO_CURRENCY_CHANGE
        if status is _Change.ACCEPTED:
            self._tick(evse)
            if bill is None:
                self._open(evse, request.tariff)
            else:
                bill.change(request.tariff)
            self._changed[evse.transaction.id] = request.tariff
            self._untold.add(evse.transaction.id)
            signal = UpdateWanted(evse.id, Cause.TARIFF_CHANGED)
            self._hub.afterwards(partial(self._hub.tell, signal))
        return v21.ChangeTransactionTariffResponse(status=status)

    # What it costs.

    def _begin(self, evse: Evse) -> None:
        transaction = evse.transaction
        if transaction is None:
            return
        token = self._chosen[transaction.id] = transaction.token
        if token is not None and self._drivers.has(token):
            tariff = self._drivers.find(token)
        else:
            tariff = self._by_evse.get(evse.id) or self._by_evse.get(0)
        if tariff is None:
            self._forget_bill(evse, transaction.id)
        elif self._hub.variables.text(_CTRLR, "Enabled", "Cost") == "true":
            self._open(evse, tariff)

    def _open(self, evse: Evse, tariff: v21.TariffType) -> None:
        transaction = evse.transaction
        if transaction is not None:
            now = self._hub.time()
            self._bills[transaction.id] = Bill(tariff, now, evse.register_wh)
            self._untold.add(transaction.id)
            self._charged[transaction.id] = _charges(evse)
            self._wake(evse)

    def _wake(self, evse: Evse) -> None:
        act = partial(self._tick, evse, again=True)
        self._hub.after(TICK_S / self._hub.speed, ("tariff", evse.id), act)

    def _on_changed(self, changed: EvseChanged) -> None:
        evse = self._hub.evses.get(changed.evse_id)
        if evse is None:
            return
        running = evse.transaction
        chosen = self._chosen.get(running.id) if running else None
        if running and running.token != chosen and self._drivers.has(running.token):
            self._begin(evse)  # the driver came after the beginning
        else:
            self._tick(evse)

    def _tick_all(self) -> None:
        for evse in self._hub.transactions():
            self._tick(evse)

    def _tick(self, evse: Evse, again: bool = False) -> None:
        """Add what was used since the last time."""
        bill = self._bills.get(evse.transaction.id) if evse.transaction else None
        if bill is None or evse.transaction is None:
            return
        self._hub.live(evse)
        now, started = self._hub.time(), evse.transaction.started_at
        seconds = (now - bill.at).total_seconds() * self._hub.speed
        moment = Moment(
            at=bill.at,
            is_dc=evse.spec.is_dc,
            energy_wh=bill.energy_wh,
            power_w=evse.power_w,
            current_a=abs(evse.power_w) / evse.spec.voltage_v / (evse.phases_used or 1),
            time_s=(bill.at - started).total_seconds() * self._hub.speed,
            charging_s=bill.charging_s,
            idle_s=bill.idle_s,
        )
        charged = self._charged[evse.transaction.id]
        bill.add(moment, now, evse.register_wh, seconds=seconds, charges=charged)
        self._charged[evse.transaction.id] = _charges(evse)
        if again:
            self._wake(evse)

    def _complete(
        self, request: v21.TransactionEventRequest, evse: Evse
    ) -> v21.TransactionEventRequest:
        """Running costs where they are wanted, and the final ones (I12.FR.42)."""
        transaction_id = request.transaction_info.transaction_id
        bill = self._bills.get(transaction_id)
        if bill is not None and transaction_id in self._untold:
            self._untold.discard(transaction_id)
            info = replace(request.transaction_info, tariff_id=bill.tariff.tariff_id)
            request = replace(request, transaction_info=info)
        kind = request.event_type
        running = self._hub.variables.text(_CTRLR, "Enabled", "RunningCost") == "true"
        has_ended = kind is v21.TransactionEventEnumType.ENDED
        if bill is None or not (has_ended or running):
            return request
        self._tick(evse)
        details = bill.details()
        if has_ended:
            total = details.total_cost.total.incl_tax or 0.0
            self._hub.tell(CostShown(request.transaction_info.transaction_id, total))
        return replace(request, cost_details=details)

    def _on_asked(self, asked: CostAsked) -> None:
        bill = self._bills.get(asked.transaction_id)
        for evse in self._hub.transactions() if bill is not None else ():
            if evse.transaction and evse.transaction.id == asked.transaction_id:
                self._tick(evse)
        if bill is not None:
            asked.told(bill.gross)

    def _on_ended(self, ended: TransactionEnded) -> None:
        self._forget_bill(self._hub.evses[ended.evse_id], ended.transaction_id)
        self._chosen.pop(ended.transaction_id, None)
        self._changed.pop(ended.transaction_id, None)

    def _on_refused(self, refused: TariffRefused) -> None:
        """There is no tariff and no cost then (I07.FR.30, I07.FR.31, I08.FR.20, I08.FR.21)."""
        evse = self._hub.evses[refused.evse_id]
        if evse.transaction is not None:
            self._forget_bill(evse, evse.transaction.id)
        self._hub.tell(StopWanted(evse.id, Cause.TARIFF_REFUSED))

    def _forget_bill(self, evse: Evse, transaction_id: str) -> None:
        self._bills.pop(transaction_id, None)
        self._charged.pop(transaction_id, None)
        self._untold.discard(transaction_id)
        self._hub.timers.drop(("tariff", evse.id))


def _charges(evse: Evse) -> bool:
    return evse.charging_state is ChargingState.CHARGING


def _has(evse: Evse, request: v21.ChangeTransactionTariffRequest) -> bool:
    return evse.transaction is not None and evse.transaction.id == request.transaction_id
