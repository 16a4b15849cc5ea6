"""One unit on its way: between the coroutine that waits for it and the writer's thread.

The two never take a lock. The caller gives up by settling the future and *then* looking whether the
writer has begun; the writer says that it begins and *then* looks whether anybody still waits. So a
unit that was given up is either never begun, or known to be.
"""

from __future__ import annotations

from asyncio import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from chargeplane.runtime.store.errors import StoreUnavailable
from chargeplane.runtime.store.units import Unit

__all__ = ["Ticket"]

R = TypeVar("R")


@dataclass(slots=True, eq=False)
class Ticket(Generic[R]):
    """A unit, and what became of it.

    As a context manager it keeps what the unit raises: that belongs to the unit's caller and must
    not reach the other units of the batch.
    """

    unit: Unit[R]
    future: Future[R]
    expires_at_s: float
    begun: bool = False
    result: Any = None
    error: Exception | None = None

    @property
    def is_wanted(self) -> bool:
        """True while somebody waits."""
        return not self.future.done()

    def apply_if_wanted(self, connection: Connection) -> None:
        """Called by the writer, in a transaction."""
        self.begun = True
        if self.is_wanted:
            self.result = self.unit.apply(connection)

    def give_up(self, reason: str) -> None:
        """Called by the caller's side at the end of its patience."""
        if not self.future.done():
            error = StoreUnavailable(reason)
            self.future.set_exception(error)
            error.may_be_stored = self.begun

    def deliver(self) -> None:
        """Called by the caller's side when the writer is done with it."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)

    def __enter__(self) -> None:
        self.error = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, Exception):
            self.error = error
            return True
        return False  # the end of the process is not the unit's
