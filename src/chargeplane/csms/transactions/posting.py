"""Posting: entries move from the day book to their transactions, many at once.

The words are those of bookkeeping, and the thing is a log that is compacted: the day book is an
append-only log in the order of arrival, and posting moves its entries to where they are looked for.

An ordinary message that goes on in its transaction is durable in the day book, where entries lie in
the order of arrival and those of one commit share a few pages. In the ledger itself each
transaction has a place of its own, and to write there for each message would be to write a page for
each message. A moment later all that has come meanwhile is moved there together, in one commit:
whatever happens, an entry is in one of the two, and whoever reads the ledger reads both.

The day book is also the outbox of the samples in it (``samples``). So an entry is posted only when
the bus has told it: those that came before the posting before this one, whose own commit was told
after theirs. An entry stays for one to two pauses while others come; the newest ones are always
there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, TextClause, bindparam, text

from chargeplane.runtime.store import Function, Id, Store, StoreError, new_id

__all__ = ["Posting", "post"]

_log = logging.getLogger(__name__)

PAUSE_S: Final = 1.0
ENTRIES_MAX: Final = 2_048
"""With so many nobody waits: the day book is read from end to end when a transaction is folded. It
holds twice as many, since each pause's entries stay for another one."""

_COLUMNS: Final = "tenant_id, station_id, transaction_id, frame_id, is_loose, at, body"
_NOT_LOOSE: Final = _COLUMNS.replace("is_loose", "false")
_ORDER: Final = "ORDER BY tenant_id, station_id, transaction_id, frame_id"
_OLD: Final = "WHERE frame_id < :before"


def _bound(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("before", type_=Id))


# Nobody else writes to SQLite, and so what is deleted is what was copied.
_COPY: Final = _bound(
    f"INSERT INTO ledger ({_COLUMNS}) SELECT {_NOT_LOOSE} FROM ledger_daybook "
    f"{_OLD} {_ORDER} ON CONFLICT DO NOTHING"
)
_CLEAR: Final = _bound(f"DELETE FROM ledger_daybook {_OLD}")
# On PostgreSQL other nodes add entries meanwhile, and may post the same ones.
_MOVE: Final = _bound(
    f"WITH posted AS (DELETE FROM ledger_daybook {_OLD} RETURNING *) "
    f"INSERT INTO ledger ({_COLUMNS}) SELECT {_NOT_LOOSE} FROM posted {_ORDER} "
    "ON CONFLICT DO NOTHING"
)


def post(connection: Connection, before: UUID) -> None:
    """Move the entries of earlier frames from the day book into the ledger. Safe to repeat."""
    steps = (_COPY, _CLEAR) if connection.dialect.name == "sqlite" else (_MOVE,)
    for each in steps:
        connection.execute(each, {"before": before})


class Posting:
    """Posts when there are enough entries, or a moment after the first."""

    def __init__(
        self,
        store: Store,
        *,
        may_post: Callable[[], bool] = lambda: True,
        pause_s: float = PAUSE_S,
        entries_max: int = ENTRIES_MAX,
    ) -> None:
        """Post to this store.

        Args:
            store: where both books are.
            may_post: false as long as what an earlier run has left is not told yet.
            pause_s: entries wait for others so long.
            entries_max: with so many nobody waits.
        """
        self._store = store
        self._may_post = may_post
        self._pause_s = pause_s
        self._entries_max = entries_max
        self._count = 0
        self._oldest: UUID | None = None
        """The oldest frame whose entry has perhaps not been told."""
        self._is_posting = False
        """One is under way; if it takes longer than a pause, the next entry begins a new one."""
        self._timer: asyncio.TimerHandle | None = None

    def note(self, frame_id: UUID) -> None:
        """One more entry is on its way into the day book."""
        if self._count >= self._entries_max and self._timer is not None:
            self._timer.cancel()
            self._post()  # it comes before this one, which is not queued yet
        self._count += 1
        self._keep(frame_id)
        if self._timer is None:
            self._wait()

    def stop(self) -> None:
        """Wait for no more entries; what is in the day book is posted by whoever opens it next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _keep(self, frame_id: UUID | None) -> None:
        """An entry from this frame on has perhaps not been told."""
        if frame_id is not None and (self._oldest is None or frame_id.int < self._oldest.int):
            self._oldest = frame_id

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._pause_s, self._post)

    def _post(self) -> None:
        self._timer, self._count = None, 0
        if self._is_posting or not self._may_post():
            return
        oldest, self._oldest = self._oldest, None

        def told(_: object, error: Exception | None) -> None:
            self._is_posting = False
            if error is not None:
                _log.warning("entries stay in the day book of the ledger: %s", error)
                self._keep(oldest)

        work = Function(partial(post, before=oldest or new_id()))
        try:
            self._is_posting = self._store.submit(work, told)
        except StoreError as error:  # it is closed; whoever opens it next will post
            told(None, error)
            return
        if not self._is_posting:  # the queue is full; the next entry begins a new pause
            self._keep(oldest)
