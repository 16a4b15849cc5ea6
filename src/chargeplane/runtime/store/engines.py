"""From an address to its engine: the one place that knows which there are."""

from __future__ import annotations

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from chargeplane.runtime.store.backends import Backend, Settings
from chargeplane.runtime.store.errors import StoreError
from chargeplane.runtime.store.postgresql import PostgreSql
from chargeplane.runtime.store.sqlite import Sqlite

__all__ = ["backend_of"]

_BACKENDS: dict[str, type[Backend]] = {each.name: each for each in (Sqlite, PostgreSql)}


def backend_of(settings: Settings) -> Backend:
    """The database behind an address. Nothing is opened yet."""
    try:
        name = make_url(settings.url).get_backend_name()
    except ArgumentError as error:
        raise StoreError(
            "not the address of a database; write postgresql://USER@HOST/NAME or sqlite:///PATH"
        ) from error
    if name not in _BACKENDS:
        raise StoreError(f"{name} is not supported; there are {', '.join(_BACKENDS)}")
    return _BACKENDS[name](settings)
