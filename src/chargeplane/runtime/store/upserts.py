"""Insert a row, or find the one that is there already: what makes a unit safe to run twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from chargeplane.runtime.store.prepared import Prepared
from chargeplane.runtime.store.schema import TENANT

__all__ = ["insert_new", "insert_or_get"]

_INSERTS: dict[str, Callable[[Table], Any]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


def insert_new(
    connection: Connection, table: Table, values: Mapping[str, Any], key: Sequence[str] = ()
) -> bool:
    """Insert a row unless one of the same key exists; True if it did not.

    Args:
        connection: of the writer.
        table: any of ours.
        values: by column, the tenant among them.
        key: columns of a unique constraint, without the tenant; the primary key if none is named.
            A null in it never meets another null: such rows are all different.
    """
    insert = _insert(table, tuple(values), _key(table, key), connection.dialect.name)
    return insert.run(connection, values) == 1


def insert_or_get(
    connection: Connection, table: Table, values: Mapping[str, Any], key: Sequence[str] = ()
) -> Row[Any] | None:
    """The same; return the row that was there already, perhaps with other content, or None."""
    if insert_new(connection, table, values, key):
        return None
    # If another node held the key, the insert has waited for its commit, and in READ COMMITTED
    # this statement sees it.
    same = (table.c[name] == values[name] for name in _key(table, key))
    return connection.execute(select(table).where(*same)).one()


def _key(table: Table, key: Sequence[str]) -> tuple[str, ...]:
    return (TENANT, *key) if key else tuple(table.primary_key.columns.keys())


@lru_cache(maxsize=256)
def _insert(table: Table, columns: tuple[str, ...], key: tuple[str, ...], dialect: str) -> Prepared:
    values: dict[str, Any] = {name: bindparam(name) for name in columns}
    return Prepared(
        _INSERTS[dialect](table).values(values).on_conflict_do_nothing(index_elements=key)
    )
