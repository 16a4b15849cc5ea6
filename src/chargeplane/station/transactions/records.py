"""Transactions that are going on, or of which messages still wait; kept in the memory."""

from __future__ import annotations

from collections.abc import Iterator

from chargeplane.station.hub import Hub
from chargeplane.station.transaction import Transaction

__all__ = ["Records"]

_DRAWER = "transactions"


class Records:
    """By our id. There are at most as many as EVSEs and waiting messages together."""

    def __init__(self, hub: Hub) -> None:
        """Recall what is remembered."""
        self._hub = hub
        self._known = hub.memory.take_all(_DRAWER, Transaction)

    def keep(self, transaction: Transaction) -> None:
        """Remember it as it is now."""
        self._known[transaction.id] = transaction
        self._hub.memory.put(_DRAWER, transaction.id, transaction)

    def find(self, transaction_id: str) -> Transaction | None:
        """The transaction; None if it is forgotten."""
        return self._known.get(transaction_id)

    def open(self) -> Iterator[Transaction]:
        """Those that are going on."""
        return (each for each in self._known.values() if not each.has_ended)

    def tidy(self) -> None:
        """Forget what has ended and been told."""
        waiting = self._hub.outbox.transaction_ids()
        done = [each for each in self._known.values() if each.has_ended]
        for transaction in done:
            if transaction.id not in waiting:
                del self._known[transaction.id]
                self._hub.memory.drop(_DRAWER, transaction.id)
