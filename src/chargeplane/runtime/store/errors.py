"""What can go wrong with the store, seen from outside.

An error of a unit's own (a broken constraint, a value that cannot be stored) reaches its caller as
it was raised, usually as a ``sqlalchemy.exc.StatementError``.
"""

from __future__ import annotations

__all__ = [
    "BackupError",
    "NewerDatabase",
    "OlderDatabase",
    "StoreBusy",
    "StoreClosed",
    "StoreError",
    "StoreUnavailable",
]


class StoreError(Exception):
    """Anything the store itself has to say."""


class StoreUnavailable(StoreError):
    """The database did not answer in time. Nothing may be acknowledged.

    Attributes:
        may_be_stored: False if the unit certainly left no trace. True if it was under way: its
            commit may have come through, so try again only what is safe to run twice.
    """

    def __init__(self, message: str, *, may_be_stored: bool = False) -> None:
        super().__init__(message)
        self.may_be_stored = may_be_stored


class StoreBusy(StoreError):
    """More readers are waiting than the store lets in."""


class StoreClosed(StoreError):
    """The store is closed, or is closing and could not finish this unit."""


class NewerDatabase(StoreError):
    """The database was made by a newer program, or by one with more blocks. It is not touched."""


class OlderDatabase(StoreError):
    """The database needs ``upgrade`` first."""


class BackupError(StoreError):
    """A backup that is damaged or does not hold what it should, or a place that is not empty."""
