"""What can be written: units of work, and the two commonest kinds.

A unit is applied inside a transaction that it shares with others, and must keep to these rules:

* it touches nothing but the connection it is given, and leaves transactions to the store;
* it may be applied more than once, when the first attempt was rolled back;
* it may be applied **after it was committed**, when the connection broke in the middle of the
  commit and nobody knows how that ended. So it inserts under natural keys with ``insert_or_get``,
  makes its ids before it is submitted, and changes other rows only if it created its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Executable

__all__ = ["COMPANION", "Function", "Statements", "Unit"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Unit(Protocol[R_co]):
    """Some work that is stored as a whole or not at all."""

    def apply(self, connection: Connection) -> R_co:
        """Do it, and return what the caller wants to know."""
        ...


COMPANION: ContextVar[Callable[[Connection], None] | None] = ContextVar("companion", default=None)
"""Done with every ``Function`` that is made while it is set, in the same transaction."""


class Function(Unit[R]):
    """A function as a unit."""

    def __init__(self, work: Callable[[Connection], R]) -> None:
        self._work = work
        self._companion = COMPANION.get()

    def apply(self, connection: Connection) -> R:
        result = self._work(connection)
        if self._companion is not None:
            self._companion(connection)
        return result


@dataclass(frozen=True)
class Statements:
    """Some statements, in order."""

    statements: tuple[Executable, ...]

    def apply(self, connection: Connection) -> None:
        for statement in self.statements:
            connection.execute(statement)
