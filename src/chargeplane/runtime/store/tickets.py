"""One unit on its way: between the coroutine that waits for it and the writer's thread.

The two never take a lock. The caller gives up by waiting no more and *then* looking whether the
writer has begun; the writer says that it begins and *then* looks whether anybody still waits. So a
unit that was given up is either never begun, or known to be.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, TypeVar

from msgspec import Struct
from sqlalchemy import Connection

from chargeplane.runtime.store.errors import StoreUnavailable
from chargeplane.runtime.store.units import Unit

__all__ = ["Kept", "Tell", "Ticket"]

R = TypeVar("R")

Tell = Callable[[Any, Exception | None], None]
"""Takes the result of a unit, or the error that kept it from being stored."""


class Kept(Struct, eq=False):
    """A context that keeps what is raised in it, for whoever it belongs to."""

    error: Exception | None = None

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
        return False  # the end of the process is nobody's error


class Ticket(Kept, Generic[R], eq=False, kw_only=True):
    """A unit, and what became of it.

    As a context manager it keeps what the unit raises: that belongs to the unit's caller and must
    not reach the other units of the batch.
    """

    unit: Unit[R]
    tell: Tell | None
    """Called once, in the loop of whoever waits; None: nobody waits."""
    expires_at_s: float
    begun: bool = False
    result: Any = None

    @property
    def is_wanted(self) -> bool:
        """True while somebody waits."""
        return self.tell is not None

    def apply_if_wanted(self, connection: Connection) -> None:
        """Called by the writer, in a transaction."""
        self.begun = True
        if self.is_wanted:
            self.result = self.unit.apply(connection)

    def give_up(self, reason: str) -> None:
        """Called by the caller's side at the end of its patience."""
        tell, self.tell = self.tell, None
        if tell is not None:
            tell(None, StoreUnavailable(reason, may_be_stored=self.begun))

    def deliver(self) -> None:
        """Called by the caller's side when the writer is done with it."""
        tell, self.tell = self.tell, None
        if tell is not None:
            tell(self.result, self.error)
