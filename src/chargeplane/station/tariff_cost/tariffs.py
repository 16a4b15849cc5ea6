"""Tariffs that the central system sets, reads, clears and changes (I07, I09 to I11)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.signals import Cause, TransactionEnded, UpdateWanted
from chargeplane.station.tariff_cost.bills import Bills
from chargeplane.station.tariff_cost.conditions import has_conditions
from chargeplane.station.tariff_cost.default_tariffs import DefaultTariffs
from chargeplane.station.tariff_cost.driver_tariffs import DriverTariffs

__all__ = ["Tariffs"]

_Set = v21.TariffSetStatusEnumType
_Clear = v21.TariffClearStatusEnumType
_Change = v21.TariffChangeStatusEnumType
_CTRLR = "TariffCostCtrlr"


class Tariffs:
    """Answers what the central system asks of tariffs."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._defaults = DefaultTariffs(hub)
        self._changed: set[str] = set()
        """Transactions with a tariff of their own, from ChangeTransactionTariff."""
        self._drivers = DriverTariffs(hub, lambda each: self._status_of(each).value)
        self._bills = Bills(hub, lambda evse: self._defaults.find(evse.id), self._drivers)
        hub.answers(v21.SetDefaultTariffRequest, self._on_set)
        hub.answers(v21.GetTariffsRequest, self._on_get)
        hub.answers(v21.ClearTariffsRequest, self._on_clear)
        hub.answers(v21.ChangeTransactionTariffRequest, self._on_change)
        hub.hears(TransactionEnded, lambda each: self._changed.discard(each.transaction_id))

    def _on_set(
        self, request: v21.SetDefaultTariffRequest
    ) -> v21.SetDefaultTariffResponse | ErrorCode:
        """I07.FR.01 to I07.FR.10."""
        if self._hub.variables.text(_CTRLR, "Enabled", "Tariff") != "true":
            return ErrorCode.NOT_SUPPORTED
        tariff, evse_id = request.tariff, request.evse_id
        status, why = self._status_of(tariff), ""
        if evse_id and evse_id not in self._hub.evses:
            status, why = _Set.REJECTED, "UnknownEvse"
        elif any(each.tariff_id == tariff.tariff_id for each, _ in self._defaults):
            status = _Set.DUPLICATE_TARIFF_ID
        elif not self._defaults.has_room(evse_id):
            status, why = _Set.REJECTED, "OutOfMemory"
        if status is _Set.ACCEPTED:
            self._defaults.install(evse_id, tariff)
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
                evse_ids=evse_ids,
            )
            for tariff, evse_ids in self._defaults
        ]
        rows = [
            each
            for each in (*rows, *self._own_rows())
            if not evse_id or evse_id in (each.evse_ids or ())
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
            bill = self._bills.find(evse.transaction.id)
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
        """I10. Bills keep the tariff that they run by (I10.FR.07)."""
        evse_id = given(request.evse_id)
        gone = (
            []
            if evse_id and evse_id not in self._hub.evses
            else self._defaults.remove(given(request.tariff_ids), evse_id)
        )
        results = [
            v21.ClearTariffsResultType(status=_Clear.ACCEPTED, tariff_id=each) for each in gone
        ]
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
        bill = self._bills.find(evse.transaction.id)
        if bill is not None and bill.tariff.currency != request.tariff.currency:
            status = _Change.NO_CURRENCY_CHANGE
        if status is _Change.ACCEPTED:
            self._bills.change(evse, request.tariff)
            self._changed.add(evse.transaction.id)
            signal = UpdateWanted(evse.id, Cause.TARIFF_CHANGED)
            self._hub.afterwards(partial(self._hub.tell, signal))
        return v21.ChangeTransactionTariffResponse(status=status)


def _has(evse: Evse, request: v21.ChangeTransactionTariffRequest) -> bool:
    return evse.transaction is not None and evse.transaction.id == request.transaction_id
