"""Statements of SQLAlchemy Core, compiled once and then given to the driver directly.

SQLAlchemy spends some 30 µs on each execution, the driver two or three. On the way of a message
that is the difference that counts. The column types do their work all the same; only lists in IN()
are beyond it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement, ReturnsRows
from sqlalchemy.types import TypeEngine

__all__ = ["Prepared"]

_Process = Callable[[Any], Any]


class _Plan(NamedTuple):
    """What is left of a statement when its engine is known."""

    sql: str | bytes
    binds: tuple[tuple[str, _Process], ...]
    constants: Mapping[str, Any]


class Prepared:
    """One statement, for any number of executions on either engine. Errors are SQLAlchemy's.

    A value that its column refuses raises the ValueError of the column.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._plans: dict[str, _Plan] = {}
        self._readers: dict[str, tuple[_Process, ...]] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Execute it, and return how many rows it touched."""
        touched: int = self._execute(connection, values).rowcount
        return touched

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Execute it, and return its rows in the order of its columns."""
        cursor, dialect = self._execute(connection, values), connection.dialect
        readers = self._readers.get(dialect.name)
        if readers is None:
            readers = _readers(self._statement, dialect, cursor.description)
            self._readers[dialect.name] = readers
        return [
            tuple(read(value) for read, value in zip(readers, row, strict=True))
            for row in cursor.fetchall()
        ]

    def _execute(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        dialect = connection.dialect
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = _plan(self._statement, dialect)
        sql, binds, constants = plan
        if constants:
            values = {**constants, **values}
        driver: Any = connection.connection.driver_connection
        try:
            if dialect.positional:
                return driver.execute(sql, [bind(values[name]) for name, bind in binds])
            return driver.execute(sql, {name: bind(values[name]) for name, bind in binds})
        except dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(
                str(self._statement),
                None,
                error,
                dialect.loaded_dbapi.Error,
                hide_parameters=True,
                dialect=dialect,
            ) from error


def _plan(statement: ClauseElement, dialect: Dialect) -> _Plan:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    names = compiled.positiontup if dialect.positional else list(compiled.binds)
    binds = tuple(
        (name, _exact(compiled.binds[name].type, dialect).bind_processor(dialect) or _as_it_is)
        for name in names or ()
    )
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    # psycopg takes no str that was put together at run time; this one holds no values.
    sql = str(compiled)
    return _Plan(sql if dialect.positional else sql.encode(), binds, constants)


def _readers(
    statement: ClauseElement, dialect: Dialect, description: Sequence[Sequence[Any]]
) -> tuple[_Process, ...]:
    """How to read each column. The description of a result holds the server's types."""
    assert isinstance(statement, ReturnsRows)
    return tuple(
        _exact(column.type, dialect).result_processor(dialect, told[1]) or _as_it_is
        for column, told in zip(statement.exported_columns, description, strict=True)
    )


def _exact(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)


def _as_it_is(value: Any) -> Any:
    return value
