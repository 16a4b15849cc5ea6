"""Posting: entries move from the day book to their transactions, many at once.

An ordinary message that goes on in its transaction is durable in the day book, where entries lie in
the order of arrival and those of one commit share a few pages. In the ledger itself each
transaction has a place of its own, and to write there for each message would be to write a page for
each message. A moment later all that has come meanwhile is moved there together, in one commit:
whatever happens, an entry is in one of the two, and whoever reads the ledger reads both.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from sqlalchemy import Connection, text

from chargeplane.runtime.store import Function, Store, StoreError

__all__ = ["Posting", "post"]

_log = logging.getLogger(__name__)

PAUSE_S: Final = 1.0
ENTRIES_MAX: Final = 2_048
"""With so many nobody waits: the day book is read from end to end when a transaction is folded."""

_COLUMNS: Final = "tenant_id, station_id, transaction_id, frame_id, is_loose, at, body"
_NOT_LOOSE: Final = _COLUMNS.replace("is_loose", "false")
_ORDER: Final = "ORDER BY tenant_id, station_id, transaction_id, frame_id"
# Nobody else writes to SQLite, and so what is deleted is what was copied.
_COPY: Final = text(
    f"INSERT INTO ledger ({_COLUMNS}) SELECT {_NOT_LOOSE} FROM ledger_daybook "
    f"WHERE true {_ORDER} ON CONFLICT DO NOTHING"
)
_CLEAR: Final = text("DELETE FROM ledger_daybook")
# On PostgreSQL other nodes add entries meanwhile, and may post the same ones.
_MOVE: Final = text(
    "WITH posted AS (DELETE FROM ledger_daybook RETURNING *) "
    f"INSERT INTO ledger ({_COLUMNS}) SELECT {_NOT_LOOSE} FROM posted {_ORDER} "
    "ON CONFLICT DO NOTHING"
)


def post(connection: Connection) -> None:
    """Move every entry of the day book into the ledger. Safe to repeat."""
    if connection.dialect.name == "sqlite":
        connection.execute(_COPY)
        connection.execute(_CLEAR)
    else:
        connection.execute(_MOVE)


class Posting:
    """Posts when there are enough entries, or a moment after the first."""

    def __init__(
        self, store: Store, *, pause_s: float = PAUSE_S, entries_max: int = ENTRIES_MAX
    ) -> None:
        self._store = store
        self._pause_s = pause_s
        self._entries_max = entries_max
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def note(self) -> None:
        """One more entry is on its way into the day book."""
        self._count += 1
        if self._count >= self._entries_max and self._timer is not None:
            self._timer.cancel()
            self._post()  # those before this one, which is not queued yet
            self._count = 1
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._pause_s, self._post)

    def _post(self) -> None:
        self._timer, self._count = None, 0
        try:
            # If the queue is full, the next entry begins a new pause.
            self._store.submit(Function(post), self._told)
        except StoreError as error:  # it is closed; whoever opens it next will post
            self._told(None, error)

    def _told(self, _: object, error: Exception | None) -> None:
        if error is not None:
            _log.warning("entries stay in the day book of the ledger: %s", error)
