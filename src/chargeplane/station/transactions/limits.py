"""Limits of a transaction in cost, energy, time or state of charge (2.1, E16).

The central system sets them in its answers to TransactionEvent, drivers at the station. The one
that is reached first suspends the energy transfer, or with ``EnergyTransfer`` in TxStopPoint ends
the transaction; a higher limit lets it go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from math import inf
from typing import Final

from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    Cause,
    CostAsked,
    DutyWanted,
    EvseChanged,
    LimitKind,
    LimitsWanted,
    LimitWanted,
    TransactionEnded,
    TransactionResumed,
    TransactionStarted,
    UpdateWanted,
)
from chargeplane.station.signals.screens import CostShown
from chargeplane.station.transaction import Transaction
from chargeplane.station.transactions.records import Records
from chargeplane.station.transactions.sessions import Sessions

__all__ = ["Limits"]

LOOK_AGAIN_S = 60.0
"""At least so often, in charging time: power and prices may change."""
_DELAY_S_MIN = 0.001
_COST_DELAY_S_MIN = 1.0
_LITTLE = 1e-3
_CAUSES: Final = {
    LimitKind.COST: Cause.COST_LIMIT,
    LimitKind.ENERGY: Cause.ENERGY_LIMIT,
    LimitKind.TIME: Cause.TIME_LIMIT,
    LimitKind.SOC: Cause.SOC_LIMIT,
}


class Limits:
    """Keeps the limits of all transactions, and acts when one is reached."""

    def __init__(self, hub: Hub, records: Records, sessions: Sessions) -> None:
        """Hear what is wanted, and whatever may bring a limit nearer."""
        self._hub = hub
        self._records = records
        self._sessions = sessions
        self._wanted: dict[int, Mapping[LimitKind, float]] = {}
        """By EVSE: what a driver wants of the transaction to come."""
        self._costs: dict[str, float] = {}
        """By transaction: what the central system said it costs (E16.FR.15)."""
        self._looks: dict[str, tuple[float, float]] = {}
        """By transaction: when its cost was looked at last, and what it was."""
        hub.hears(LimitsWanted, self._on_wanted)
        hub.hears(CostShown, self._on_cost)
        hub.hears(TransactionStarted, lambda each: self._on_started(hub.evses[each.evse_id]))
        hub.hears(TransactionResumed, lambda each: self._watch(hub.evses[each.evse_id]))
        hub.hears(TransactionEnded, self._on_ended)
        hub.hears(EvseChanged, self._on_changed)
        hub.hears(LimitWanted, lambda each: self._watch(hub.evses[each.evse_id]))
        hub.hears(DutyWanted, lambda each: self._watch(hub.evses[each.evse_id]))

    # What is set.

    def _on_wanted(self, wanted: LimitsWanted) -> None:
        evse = self._hub.evses[wanted.evse_id]
        if evse.transaction is not None:
            self._set(evse, evse.transaction, wanted.limits, wanted.by_csms)
        elif not wanted.by_csms:
            self._wanted[evse.id] = wanted.limits

    def _on_started(self, evse: Evse) -> None:
        limits = self._wanted.pop(evse.id, None)
        if limits and evse.transaction is not None:
            self._set(evse, evse.transaction, limits, by_csms=False)

    def _set(
        self, evse: Evse, transaction: Transaction, limits: Mapping[LimitKind, float], by_csms: bool
    ) -> None:
        """Take those that are supported (E16.FR.13), and say so once (E16.FR.01, E16.FR.03)."""
        known = {kind: value for kind, value in limits.items() if kind.value in self._supported()}
        if by_csms:
            transaction.limits_of_csms.update(known)
        else:  # E16.FR.04
            of_csms = transaction.limits_of_csms
            known = {kind: min(value, of_csms.get(kind, inf)) for kind, value in known.items()}
        changed = {
            kind: value for kind, value in known.items() if transaction.limits.get(kind) != value
        }
        if changed or (known and by_csms):
            transaction.limits.update(changed)
            transaction.untold_limits = known
            self._hub.tell(UpdateWanted(evse.id, Cause.LIMIT_SET))
            self._records.keep(transaction)
            self._watch(evse)

    def _supported(self) -> tuple[str, ...]:
        return self._hub.variables.words("TxCtrlr", "SupportedLimits")

    # What is reached.

    def _on_changed(self, changed: EvseChanged) -> None:
        evse = self._hub.evses.get(changed.evse_id)
        if evse is not None:
            self._watch(evse)

    def _on_cost(self, shown: CostShown) -> None:
        """Of the central system, which counts where the station does not (E16.FR.15, FR.16)."""
        for evse in list(self._hub.transactions()):
            running = evse.transaction
            if running and running.id == shown.transaction_id and not running.has_ended:
                self._costs[shown.transaction_id] = shown.total_cost
                self._watch(evse)

    def _on_ended(self, ended: TransactionEnded) -> None:
        self._hub.timers.drop(("limits", ended.evse_id))
        self._costs.pop(ended.transaction_id, None)
        self._looks.pop(ended.transaction_id, None)

    def _watch(self, evse: Evse) -> None:
        """Act on a limit that is reached (E16.FR.10), or else look again when one may be."""
        transaction = evse.transaction
        if transaction is None or transaction.has_ended or not transaction.limits:
            return
        self._hub.live(evse)
        left = dict(self._left(evse, transaction))
        reached = [kind for kind in LimitKind if left.get(kind, inf) <= _LITTLE]
        if reached and not evse.capped:
            self._hub.timers.drop(("limits", evse.id))
            self._sessions.cap(evse, _CAUSES[reached[0]])
        elif not reached:
            if evse.capped:  # E16.FR.14
                self._sessions.uncap(evse)
            delays_s = [self._until_s(evse, kind, each) for kind, each in left.items()]
            delay_s = max(min(delays_s, default=inf), _DELAY_S_MIN)
            again_s = min(delay_s, LOOK_AGAIN_S / self._hub.speed)
            self._hub.after(again_s, ("limits", evse.id), partial(self._watch, evse))

    def _left(self, evse: Evse, transaction: Transaction) -> Iterator[tuple[LimitKind, float]]:
        """How far each limit is away, in its own unit."""
        for kind, limit in transaction.limits.items():
            match kind:
                case LimitKind.COST:
                    yield kind, limit - self._cost(transaction)
                case LimitKind.ENERGY:
                    yield kind, limit - (evse.register - transaction.meter_start_wh)
                case LimitKind.TIME:  # E16.FR.09
                    passed_s = (self._hub.time() - transaction.started_at).total_seconds()
                    yield kind, limit - passed_s
                case LimitKind.SOC if evse.ev is not None:
                    yield kind, limit - evse.ev.soc * 100

    def _until_s(self, evse: Evse, kind: LimitKind, left: float) -> float:
        """How long until a limit, as things are now."""
        if kind is LimitKind.TIME:
            return left
        if kind is LimitKind.COST:
            return self._until_cost_s(evse, left)
        ev = evse.ev
        if ev is None or evse.power_w <= 0:
            return inf
        share = left / ev.capacity_wh if kind is LimitKind.ENERGY else left / 100
        return ev.reaches_in_s(ev.soc + share, evse.aim_w) / self._hub.speed

    def _until_cost_s(self, evse: Evse, left: float) -> float:
        """From what it cost since the last look."""
        assert evse.transaction is not None
        limit = evse.transaction.limits[LimitKind.COST]
        now_s, cost = self._hub.now_s, limit - left
        then_s, before = self._looks.get(evse.transaction.id, (now_s, cost))
        self._looks[evse.transaction.id] = (now_s, cost)
        soonest_s = _COST_DELAY_S_MIN / self._hub.speed
        if now_s <= then_s or cost <= before:
            return soonest_s if now_s <= then_s else inf
        return max(left * (now_s - then_s) / (cost - before), soonest_s)

    def _cost(self, transaction: Transaction) -> float:
        """By the station's own bill, if it makes one (E16.FR.16)."""
        own: list[float] = []
        self._hub.tell(CostAsked(transaction.id, own.append))
        return own[0] if own else self._costs.get(transaction.id, 0.0)
