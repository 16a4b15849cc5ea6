"""What the two engines have in common: an address, a writer's and a readers' engine, their moods.

A *mood* is a failure that is nobody's fault among the units: a full disk, a lock, a server that
restarts. It passes, and the same work is tried again. Any other error belongs to the unit that
caused it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

__all__ = ["Backend", "Settings", "Tending"]


@dataclass(frozen=True)
class Settings:
    """Where the database is, and the bounds of the store."""

    url: str = field(repr=False)  # it may hold a password
    """``sqlite:///PATH`` or ``postgresql://USER@HOST/NAME``."""
    batch_units_max: int = 512
    waiting_units_max: int = 10_000
    readers_max: int = 4
    waiting_reads_max: int = 10_000
    deadline_s: float = 30.0
    """How long a unit or a read waits if the caller does not say."""
    retry_s_max: float = 1.0
    """The longest pause between two attempts while the database is away."""
    lock_s_max: float = 1.0
    """How long one attempt waits for a lock that somebody else holds."""
    connect_s_max: int = 3


class Tending(Protocol):
    """Looks after the database from the start of its writer to its end."""

    def start(self) -> None:
        """Before the first commit."""
        ...

    def note(self, connection: Connection, rows_count: int) -> None:
        """So many rows were committed; the writer is between two transactions."""
        ...

    def stop(self) -> None:
        """After the last commit."""
        ...


class Backend(ABC):
    """One kind of database."""

    name: str
    driver_errors: type[Exception]
    """The root of what the driver raises where SQLAlchemy does not wrap it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = make_url(settings.url)

    @abstractmethod
    def make(self) -> None:
        """Make an empty database where there is none, if that is ours to do."""

    @abstractmethod
    def is_made(self) -> bool:
        """False if there is none, and ``make`` would make it."""

    @abstractmethod
    def writer(self) -> Engine:
        """An engine whose transactions may write. Nothing is pooled."""

    @abstractmethod
    def readers(self) -> Engine:
        """An engine with a bounded pool; its connections cannot write."""

    def tending(self) -> Tending | None:
        """What works beside one writer; None if there is nothing to do."""
        return None

    @abstractmethod
    def is_mood(self, error: BaseException) -> bool:
        """True for an error of the driver after which the same statement may well succeed later."""

    @abstractmethod
    def lock_schema(self, connection: Connection) -> None:
        """Let one program at a time change the schema, until the transaction ends."""

    def is_away(self, error: BaseException | None) -> bool:
        """True if the database, and no unit, is the cause of this error.

        A full disk also undoes the savepoints, and then what is raised is the failure to roll one
        back; so the errors behind the error count.
        """
        while error is not None:
            if isinstance(error, DBAPIError):
                if error.connection_invalidated:
                    return True
                error = error.orig
            if isinstance(error, self.driver_errors) and self.is_mood(error):
                return True
            error = error.__cause__ or error.__context__ if error else None
        return False

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """What connecting, beginning, committing and rolling back may raise."""
        return (SQLAlchemyError, self.driver_errors)

    def _url(self, driver: str) -> URL:
        return self.url.set(drivername=f"{self.name}+{driver}")
