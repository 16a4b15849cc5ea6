"""Rows: the unit of the hot path. The rows of a whole batch are written in a few statements.

A unit that only inserts names its rows, and the writer puts those of all units of a batch together,
so that each table costs a few statements and not one for each row.

Rows are written sink by sink, which is no order in time; so no sink may depend on another. Of the
rows of one key the last one counts if the sink updates, and the first one otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Dialect, Table, bindparam
from sqlalchemy.exc import DBAPIError

from chargeplane.runtime.store.columns import Bind, binder
from chargeplane.runtime.store.prepared import Prepared

__all__ = ["Change", "Removal", "Row", "Rows", "Sink", "write_rows"]

ROWS_AT_ONCE_MAX = 64
"""Of one statement. There is a statement for each number of rows, and the driver keeps them all:
each one that it runs lets go of the interpreter and has to get it back."""
STATEMENTS_MAX = 1_024
_VALUES_AT_ONCE_MAX = 16_000  # SQLite takes 32,766

Row = tuple["Sink | Change | Removal", tuple[Any, ...]]
"""Where it goes, and the values of its columns in their order."""


class _Target:
    """Some columns of a table, and the statement that takes the rows of many units at once."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self.table = table
        self.columns = tuple(columns)
        self.keys = tuple(each.name for each in table.primary_key.columns)
        self.key = itemgetter(*(self.columns.index(name) for name in self.keys))
        """Gives what identifies a row among those of the table."""
        self._binds: dict[str, list[Bind | None]] = {}

    def bound(self, rows: Iterable[tuple[Any, ...]], dialect: Dialect) -> list[tuple[Any, ...]]:
        """Rows as the driver wants them; a column is bound for all rows at once.

        Raises:
            ValueError: a column refuses a value.
        """
        binds = self._binds.get(dialect.name)
        if binds is None:
            kinds = [self.table.c[name].type for name in self.columns]
            binds = self._binds[dialect.name] = [binder(kind, dialect) for kind in kinds]
        columns = list(zip(*rows, strict=True))
        if not columns:
            return []
        bound = [
            values if bind is None else bind(values)
            for bind, values in zip(binds, columns, strict=True)
        ]
        return list(zip(*bound, strict=True))

    def last_of_each(self, rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
        """PostgreSQL changes no row twice in one statement."""
        key = self.key
        return {key(values): values for values in rows}.values()

    def sql(self, count: int, dialect: Dialect) -> str:
        """The statement for so many rows. Names are our own, from the schema."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.table.name}>"


class Sink(_Target):
    """Where rows of one kind go, and what becomes of one whose key is there already."""

    def __init__(self, table: Table, columns: Sequence[str], update: Sequence[str] = ()) -> None:
        """Rows of a table.

        Args:
            table: any of ours.
            columns: in the order in which rows give their values; the primary key among them.
            update: what a row changes in the one that is there already; nothing: the first stays.
        """
        super().__init__(table, columns)
        self.update = tuple(update)

    def write(self, connection: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
        """Write rows together."""
        _write(connection, self, self.last_of_each(rows) if self.update else rows)

    def sql(self, count: int, dialect: Dialect) -> str:
        row = f"({', '.join([_mark(dialect)] * len(self.columns))})"
        changes = ", ".join(f"{name} = excluded.{name}" for name in self.update)
        return (
            f"INSERT INTO {self.table.name} ({', '.join(self.columns)}) "
            f"VALUES {', '.join([row] * count)} "
            f"ON CONFLICT ({', '.join(self.keys)}) "
            f"DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"
        )


class Change(_Target):
    """Changes rows that are there, by their key; a row that is not there stays away.

    The columns are those in whose order values are given; the primary key among them.
    """

    def write(self, connection: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
        """Change each row; of two changes of one row the last counts."""
        _write(connection, self, self.last_of_each(rows))

    def sql(self, count: int, dialect: Dialect) -> str:
        # Both engines call the columns of VALUES so. Only PostgreSQL has to be told their types.
        given = {name: f"given.column{n}" for n, name in enumerate(self.columns, 1)}
        kinds = [self.table.c[name].type.compile(dialect) for name in self.columns]
        mark = _mark(dialect)
        row = ", ".join([mark if mark == "?" else f"{mark}::{kind}" for kind in kinds])
        changes = [f"{name} = {value}" for name, value in given.items() if name not in self.keys]
        mine = [f"{self.table.name}.{name} = {given[name]}" for name in self.keys]
        return (
            f"UPDATE {self.table.name} SET {', '.join(changes)} "
            f"FROM (VALUES {', '.join([f'({row})'] * count)}) AS given "
            f"WHERE {' AND '.join(mine)}"
        )


class Removal:
    """Deletes rows by their primary key; one that is not there is no matter."""

    def __init__(self, table: Table) -> None:
        self.table = table
        keys = list(table.primary_key.columns)
        self._names = tuple(each.name for each in keys)
        self._delete = Prepared(
            table.delete().where(*(each == bindparam(each.name) for each in keys))
        )

    def write(self, connection: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
        """Delete the rows of these keys."""
        for values in rows:
            self._delete.run(connection, dict(zip(self._names, values, strict=True)))


class Rows(Struct, frozen=True, eq=False, gc=False):
    """Some rows as a unit: all of them or none."""

    rows: tuple[Row, ...]

    def apply(self, connection: Connection) -> None:
        """Write these alone."""
        write_rows(connection, self.rows)


def write_rows(connection: Connection, rows: Iterable[Row]) -> None:
    """Write rows of any sinks, those of each sink together.

    Raises:
        ValueError: a column refuses a value.
        DBAPIError: the database refuses a row.
    """
    by_sink: dict[Sink | Change | Removal, list[tuple[Any, ...]]] = {}
    for sink, values in rows:
        by_sink.setdefault(sink, []).append(values)
    for sink, those in by_sink.items():
        sink.write(connection, those)


def _write(connection: Connection, target: _Target, rows: Iterable[tuple[Any, ...]]) -> None:
    dialect = connection.dialect
    bound = target.bound(rows, dialect)
    driver: Any = connection.connection.driver_connection
    at_once_max = min(ROWS_AT_ONCE_MAX, _VALUES_AT_ONCE_MAX // len(target.columns))
    try:
        for start in range(0, len(bound), at_once_max):
            some = bound[start : start + at_once_max]
            values = list(chain.from_iterable(some))
            driver.execute(_statement(target, len(some), dialect), values)
    except dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(
            repr(target),
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            dialect=dialect,
        ) from error


def _mark(dialect: Dialect) -> str:
    return "?" if dialect.paramstyle == "qmark" else "%s"


@lru_cache(maxsize=STATEMENTS_MAX)
def _statement(target: _Target, count: int, dialect: Dialect) -> Any:
    sql = target.sql(count, dialect)
    # psycopg takes no str that was put together at run time; this one holds no values.
    return sql if _mark(dialect) == "?" else sql.encode()
