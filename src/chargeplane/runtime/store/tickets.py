"""One unit on its way: between the coroutine that waits for it and the writer's thread.

The two never take a lock. The caller gives up by settling the waiter and *then* looking whether the
writer has begun; the writer says that it begins and *then* looks whether anybody still waits. So a
unit that was given up is either never begun, or known to be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection

from chargeplane.runtime.store.errors import StoreUnavailable
from chargeplane.runtime.store.units import Unit

__all__ = ["Kept", "Tell", "Ticket", "Told", "Waiter"]

R = TypeVar("R")

Tell = Callable[[Any, Exception | None], None]
"""Takes the result of a unit, or the error that kept it from being stored."""


class Waiter(Protocol):
    """Whoever waits for a unit: a future, or ``Told``."""

    def done(self) -> bool:
        """Whether it waits no longer."""

    def set_result(self, result: Any, /) -> None:
        """The unit is durable."""

    def set_exception(self, error: Exception, /) -> None:
        """It is not, or nobody knows."""


class Told:
    """Calls a function once; cheaper than a future with somebody behind it."""

    __slots__ = ("_tell",)

    def __init__(self, tell: Tell) -> None:
        self._tell: Tell | None = tell

    def done(self) -> bool:
        return self._tell is None

    def set_result(self, result: Any, /) -> None:
        self._call(result, None)

    def set_exception(self, error: Exception, /) -> None:
        self._call(None, error)

    def _call(self, result: Any, error: Exception | None) -> None:
        tell, self._tell = self._tell, None
        if tell is not None:
            tell(result, error)


class Kept:
    """A context that keeps what is raised in it, for whoever it belongs to."""

    __slots__ = ("error",)
    error: Exception | None

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


@dataclass(eq=False, slots=True)
class Ticket(Kept, Generic[R]):
    """A unit, and what became of it.

    As a context manager it keeps what the unit raises: that belongs to the unit's caller and must
    not reach the other units of the batch.
    """

    unit: Unit[R]
    waiter: Waiter
    expires_at_s: float
    begun: bool = False
    result: Any = None
    error: Exception | None = None

    @property
    def is_wanted(self) -> bool:
        """True while somebody waits."""
        return not self.waiter.done()

    def apply_if_wanted(self, connection: Connection) -> None:
        """Called by the writer, in a transaction."""
        self.begun = True
        if self.is_wanted:
            self.result = self.unit.apply(connection)

    def give_up(self, reason: str) -> None:
        """Called by the caller's side at the end of its patience."""
        if not self.waiter.done():
            error = StoreUnavailable(reason, may_be_stored=self.begun)
            self.waiter.set_exception(error)

    def deliver(self) -> None:
        """Called by the caller's side when the writer is done with it."""
        if self.waiter.done():
            return
        if self.error is None:
            self.waiter.set_result(self.result)
        else:
            self.waiter.set_exception(self.error)
