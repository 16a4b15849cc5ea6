"""Transactions that a station speaks of, and that are another one's (CVE-2026-28230).

Nothing of the owner changes: every look-up is keyed by station, so that a stop of somebody else's
transaction is an orphan of the one that says it. That it was tried is worth a critical event.

Known are the transactions that have begun since this process has, up to a bound.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

from chargeplane.csms.contract import Notice, Notify
from chargeplane.domain.events import Event, TransactionStarted

__all__ = ["FOREIGN_TRANSACTION", "ForeignTransactions"]

FOREIGN_TRANSACTION: Final = "ForeignTransaction"
IDS_MAX: Final = 100_000
OWN_ID_CHARACTERS_MIN: Final = 8
"""2.x stations choose ids themselves, and some of them count: 1, 2, 3 is at many stations."""

Is1x = Callable[[UUID, str], bool]
"""Whether a station speaks 1.x, and so was given its ids by us, unique in the installation."""


class ForeignTransactions:
    """A listener of the bus that remembers who has begun what."""

    def __init__(self, notify: Notify, is_1x: Is1x) -> None:
        """``notify`` is told once for each station that speaks of another one's transaction."""
        self._notify = notify
        self._is_1x = is_1x
        self._owners: OrderedDict[tuple[str, str], tuple[str, bool]] = OrderedDict()

    def hear(self, event: Event) -> None:
        """Compare a transaction that is new at its station with those of all others."""
        if not isinstance(event, TransactionStarted) or event.wire_id is None:
            return
        key = event.tenant_id, event.wire_id
        owner, is_given = self._owners.get(key, (None, False))
        if owner is None:
            is_1x = self._is_1x(UUID(event.tenant_id), event.station_id)
            self._owners[key] = event.station_id, is_1x
            if len(self._owners) > IDS_MAX:
                self._owners.popitem(last=False)
        elif owner != event.station_id and (
            is_given or len(event.wire_id) >= OWN_ID_CHARACTERS_MIN
        ):
            detail = f"it speaks of transaction {event.wire_id} of station {owner}"
            tenant_id = UUID(event.tenant_id)
            self._notify(Notice(tenant_id, event.station_id, FOREIGN_TRANSACTION, detail=detail))
