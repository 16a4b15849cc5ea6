"""The bills of transactions that run by tariffs: begun, added to, told and closed (I12)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from chargeplane.ocpp import v21
from chargeplane.station.evse import ChargingState, Evse
from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    Cause,
    CostAsked,
    EvseChanged,
    LimitWanted,
    Restarting,
    StopWanted,
    TariffRefused,
    TransactionEnded,
    TransactionResumed,
    TransactionStarted,
)
from chargeplane.station.signals.screens import CostShown
from chargeplane.station.tariff_cost.bill import Bill, KeptBill
from chargeplane.station.tariff_cost.conditions import Moment
from chargeplane.station.tariff_cost.driver_tariffs import DriverTariffs

__all__ = ["Bills"]

TICK_S = 60.0
"""Between two looks at the conditions, in charging time (I12.FR.31)."""
_CTRLR, _DRAWER = "TariffCostCtrlr", "bills"


class Bills:
    """By transaction; kept in the memory with each event, for transactions that are resumed."""

    def __init__(
        self,
        hub: Hub,
        default: Callable[[Evse], v21.TariffType | None],
        drivers: DriverTariffs,
    ) -> None:
        """Args: the hub, the default tariff of an EVSE, and the tariffs of drivers."""
        self._hub = hub
        self._default = default
        self._drivers = drivers
        self._begun = {each.transaction.id for each in hub.transactions() if each.transaction}
        """Transactions whose tariff was chosen, when their driver was known."""
        self._bills = self._recalled()
        self._charged = dict.fromkeys(self._bills, False)
        self._away = set(self._bills)
        """Transactions that a restart interrupts: that time costs nothing."""
        self._untold: set[str] = set()
        """Transactions whose tariff the next event names (I07.FR.32, I08.FR.22, I11.FR.07)."""
        hub.completes(v21.TransactionEventRequest, self._complete)
        hub.hears(TransactionStarted, lambda each: self._begin(hub.evses[each.evse_id]))
        hub.hears(Restarting, lambda _: self._on_restarting())
        hub.hears(TransactionResumed, self._on_resumed)
        hub.hears(EvseChanged, self._on_changed)
        hub.hears(LimitWanted, lambda _: self._tick_all())
        hub.hears(TransactionEnded, self._on_ended)
        hub.hears(CostAsked, self._on_asked)
        hub.hears(TariffRefused, self._on_refused)

    def _recalled(self) -> dict[str, Bill]:
        """Those of transactions that are going on; of others nobody asks any more."""
        found = {}
        for transaction_id, kept in self._hub.memory.take_all(_DRAWER, KeptBill).items():
            if transaction_id in self._begun:
                found[transaction_id] = Bill.of(kept)
            else:
                self._hub.memory.drop(_DRAWER, transaction_id)
        return found

    def find(self, transaction_id: str) -> Bill | None:
        """The bill of a transaction, if it has one."""
        return self._bills.get(transaction_id)

    def change(self, evse: Evse, tariff: v21.TariffType) -> None:
        """Count the transaction of an EVSE by another tariff from now on (I11.FR.08)."""
        transaction = evse.transaction
        assert transaction is not None
        self._tick(evse)
        bill = self._bills.get(transaction.id)
        if bill is None:
            self._begun.add(transaction.id)
            self._open(evse, tariff)
        else:
            bill.change(tariff)
        self._untold.add(transaction.id)

    def _begin(self, evse: Evse) -> None:
        """A tariff applies from when there is a driver to accept it (I07.FR.14, I08.FR.22)."""
        transaction = evse.transaction
        if transaction is None or transaction.token is None or transaction.id in self._begun:
            return
        self._begun.add(transaction.id)
        if self._drivers.has(transaction.token):
            tariff = self._drivers.find(transaction.token)
        else:
            tariff = self._default(evse)
        if tariff is not None and self._hub.variables.text(_CTRLR, "Enabled", "Cost") == "true":
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
        if evse is not None:
            self._begin(evse)  # the driver may have come after the beginning
            self._tick(evse)

    def _on_restarting(self) -> None:
        self._tick_all()
        self._away = set(self._bills)

    def _on_resumed(self, resumed: TransactionResumed) -> None:
        evse = self._hub.evses[resumed.evse_id]
        self._away.discard(resumed.transaction_id)
        if resumed.transaction_id in self._bills:
            self._charged[resumed.transaction_id] = _charges(evse)
            self._wake(evse)

    def _tick_all(self) -> None:
        for evse in self._hub.transactions():
            self._tick(evse)

    def _tick(self, evse: Evse, again: bool = False) -> None:
        """Add what was used since the last time."""
        bill = self._bills.get(evse.transaction.id) if evse.transaction else None
        if bill is None or evse.transaction is None:
            return
        self._hub.live(evse)
        if evse.transaction.id in self._away:
            bill.at = self._hub.time()
            return
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
        self._hub.memory.put(_DRAWER, transaction_id, bill.kept())
        details = bill.details()
        if has_ended:
            total = details.total_cost.total.incl_tax or 0.0
            self._hub.tell(CostShown(request.transaction_info.transaction_id, total))
        return replace(request, cost_details=details)

    def _on_asked(self, asked: CostAsked) -> None:
        """A bill that will be made counts from 0, whatever the central system says meanwhile."""
        for evse in self._hub.transactions():
            assert evse.transaction is not None
            if evse.transaction.id == asked.transaction_id:
                self._tick(evse)
                bill = self._bills.get(asked.transaction_id)
                is_coming = self._default(evse) and asked.transaction_id not in self._begun
                if bill is not None or is_coming:
                    asked.told(bill.gross if bill else 0.0)

    def _on_ended(self, ended: TransactionEnded) -> None:
        self._forget_bill(self._hub.evses[ended.evse_id], ended.transaction_id)
        self._begun.discard(ended.transaction_id)

    def _on_refused(self, refused: TariffRefused) -> None:
        """There is no tariff and no cost then (I07.FR.30, I07.FR.31, I08.FR.20, I08.FR.21)."""
        evse = self._hub.evses[refused.evse_id]
        if evse.transaction is not None:
            self._forget_bill(evse, evse.transaction.id)
        self._hub.tell(StopWanted(evse.id, Cause.TARIFF_REFUSED))

    def _forget_bill(self, evse: Evse, transaction_id: str) -> None:
        if self._bills.pop(transaction_id, None) is not None:
            self._hub.memory.drop(_DRAWER, transaction_id)
        self._charged.pop(transaction_id, None)
        self._untold.discard(transaction_id)
        self._away.discard(transaction_id)
        self._hub.timers.drop(("tariff", evse.id))


def _charges(evse: Evse) -> bool:
    return evse.charging_state is ChargingState.CHARGING
