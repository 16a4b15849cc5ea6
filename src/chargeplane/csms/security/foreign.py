"""Transactions that a station speaks of, and that are another one's (CVE-2026-28230).

Nothing of the owner changes: every look-up is keyed by station, so that a stop of somebody else's
transaction is an orphan of the one that says it. That it was tried is worth a critical event.

A transaction that is new at its station is compared with all that the store has, a little later
and many at once: no station waits for it, and one that goes on costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.contract import Notice, Notify
from chargeplane.domain.events import Event, TransactionStarted
from chargeplane.runtime.store import Store, StoreError

__all__ = ["ASKED_MAX", "FOREIGN_TRANSACTION", "ForeignTransactions", "Owner", "OwnersOf"]

_log = logging.getLogger(__name__)
FOREIGN_TRANSACTION: Final = "ForeignTransaction"
ASKED_MAX: Final = 10_000
"""Transactions that wait to be compared; what comes when there are so many is not."""
AT_ONCE_MAX: Final = 500
OWN_ID_CHARACTERS_MIN: Final = 8
"""2.x stations choose ids themselves, and some of them count: 1, 2, 3 is at many stations."""

Is1x = Callable[[UUID, str], bool]
"""Whether a station speaks 1.x, and so was given its ids by us, unique in the installation."""


class Owner(Protocol):
    """Who has a transaction; see ``transactions.owners``."""

    @property
    def wire_id(self) -> str: ...
    @property
    def station_id(self) -> str: ...
    @property
    def transaction_id(self) -> UUID | None: ...


OwnersOf = Callable[[Connection, UUID, Collection[str], int], Sequence[Owner]]


class _Asked(NamedTuple):
    tenant_id: UUID
    station_id: str
    wire_id: str
    transaction_id: UUID
    is_1x: bool


class ForeignTransactions:
    """A listener of the bus that looks up who has begun what."""

    def __init__(self, store: Store, owners: OwnersOf, notify: Notify, is_1x: Is1x) -> None:
        """``notify`` is told once for each transaction of another one that a station speaks of."""
        self._store = store
        self._owners = owners
        self._notify = notify
        self._is_1x = is_1x
        self._asked: list[_Asked] = []
        self._looking: asyncio.Task[None] | None = None

    def hear(self, event: Event) -> None:
        """A transaction is new at its station: have it compared with those of all others."""
        if not isinstance(event, TransactionStarted) or not event.wire_id:
            return
        if len(self._asked) >= ASKED_MAX:
            _log.warning(
                "the transaction is not compared: too many at once",
                extra={"transaction_id": event.transaction_id},
            )
            return
        tenant_id = UUID(event.tenant_id)
        is_1x = self._is_1x(tenant_id, event.station_id)
        mine = UUID(event.transaction_id)
        self._asked.append(_Asked(tenant_id, event.station_id, event.wire_id, mine, is_1x))
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def settle(self) -> None:
        """Wait until all that was heard is compared."""
        while self._looking is not None:
            await self._looking

    async def _look(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked[:AT_ONCE_MAX], self._asked[AT_ONCE_MAX:]
                for tenant_id in {each.tenant_id for each in asked}:
                    await self._compare(
                        tenant_id, [each for each in asked if each.tenant_id == tenant_id]
                    )
        finally:
            self._looking = None

    async def _compare(self, tenant_id: UUID, asked: Sequence[_Asked]) -> None:
        wire_ids = {each.wire_id for each in asked}
        try:
            found = await self._store.read(
                lambda connection: self._owners(
                    connection, tenant_id, wire_ids, OWN_ID_CHARACTERS_MIN
                )
            )
        except StoreError as error:
            _log.warning("%d transactions are not compared with others: %s", len(asked), error)
            return
        of_id: dict[str, list[Owner]] = {}
        for owner in found:
            of_id.setdefault(owner.wire_id, []).append(owner)
        for each in asked:
            robbed = _robbed(each, of_id.get(each.wire_id, ()))
            if robbed is not None:
                detail = f"it speaks of transaction {each.wire_id} of station {robbed}"
                notice = Notice(tenant_id, each.station_id, FOREIGN_TRANSACTION, detail=detail)
                self._notify(notice)


def _robbed(asked: _Asked, owners: Iterable[Owner]) -> str | None:
    """The other station whose transaction it is; None if it is nobody's, or the own one."""
    is_telling = len(asked.wire_id) >= OWN_ID_CHARACTERS_MIN
    others: list[tuple[UUID, str]] = []
    for owner in owners:
        if owner.transaction_id is None:  # we have given it to one station alone
            is_own = owner.station_id == asked.station_id
            return None if is_own or not (asked.is_1x or is_telling) else owner.station_id
        if owner.station_id != asked.station_id and owner.transaction_id < asked.transaction_id:
            others.append((owner.transaction_id, owner.station_id))
    return min(others)[1] if others and is_telling else None
