"""Column types that mean the same on SQLite and PostgreSQL.

============  ====================  ==================  ========================================
type          in Python             in SQLite           in PostgreSQL
============  ====================  ==================  ========================================
``Id``        ``uuid.UUID``         BLOB of 16 bytes    uuid
``Moment``    aware ``datetime``    INTEGER, µs UTC     timestamp with time zone
``Exact``     ``Decimal``           TEXT                numeric
``Words``     ``str``               TEXT                text, in the order of its code points
``Deflated``  ``bytes``             BLOB, often zlib    bytea, often zlib
============  ====================  ==================  ========================================

What cannot be stored exactly is refused with ValueError: a naive time, a Decimal that is not finite
or too long, text that is not ``storable``. SQLite cannot order or add ``Exact`` values; do it in
Python.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Dialect, LargeBinary, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

from chargeplane.runtime.store.text import is_storable

__all__ = [
    "DEFLATED_BYTES_MIN",
    "DIGITS_MAX",
    "Deflated",
    "Exact",
    "Id",
    "Moment",
    "Words",
    "binder",
]

DIGITS_MAX = 60
"""Of a stored Decimal, on each side of the point: far beyond any bill, far below a memory bomb."""

DEFLATED_BYTES_MIN: Final = 16 * 1024
"""Fewer are stored as they are."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_QUICKLY: Final = 1  # of nine levels; the others take longer and gain little
_NOT_STORABLE = "text with NUL or a lone surrogate; pass it through storable() first"


class Id(TypeDecorator[UUID]):
    """An id, in 16 bytes on both engines. The order of the bytes is the order of the ids."""

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(LargeBinary(16) if dialect.name == "sqlite" else Uuid())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return value.bytes if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return UUID(bytes=value) if isinstance(value, bytes) else value


class Moment(TypeDecorator[datetime]):
    """A time with microseconds, in UTC whatever zone it came in."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        column = BigInteger() if dialect.name == "sqlite" else TIMESTAMP(timezone=True)
        return dialect.type_descriptor(column)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value} has no zone; only aware times are stored")
        if dialect.name == "sqlite":
            return (value - _EPOCH) // _MICROSECOND
        utc: datetime = value.astimezone(UTC)
        return utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)


class Exact(TypeDecorator[Decimal]):
    """A decimal number with every digit it came with: 1.10 stays 1.10."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        plain = _written_out(value)
        return plain if dialect.name == "sqlite" else Decimal(plain)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


def _written_out(value: Decimal) -> str:
    """All digits, since numeric knows neither exponents (1E+3 is 1000) nor a negative zero."""
    plain = str(value)
    if len(plain) <= DIGITS_MAX and plain.isdigit():  # most often: whole watt-hours
        return plain
    if not value.is_finite():
        raise ValueError(f"{value} is no number that can be stored")
    exponent = value.as_tuple().exponent
    if value.adjusted() >= DIGITS_MAX or not -DIGITS_MAX <= int(exponent) < DIGITS_MAX:
        raise ValueError(f"a number of more than {DIGITS_MAX} digits cannot be stored")
    return f"{value if value else abs(value):f}"


class Words(TypeDecorator[str]):
    """Text of any length, compared and ordered by code point on both engines."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text(collation=None if dialect.name == "sqlite" else "C"))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and not is_storable(value):
            raise ValueError(_NOT_STORABLE)
        return value


class Deflated(TypeDecorator[bytes]):
    """Bytes that are compressed (RFC 1950) where they lie if they are many, and else after a zero.

    zlib lets go of the interpreter each time, and who wants it back waits: with a few bytes nothing
    is gained.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else _deflated(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        stored = bytes(value)
        return stored[1:] if stored[0] == 0 else zlib.decompress(stored)


def _deflated(value: bytes) -> bytes:
    return zlib.compress(value, _QUICKLY) if len(value) >= DEFLATED_BYTES_MIN else b"\0" + value


# Whole columns ------------------------------------------------------------------------------

Bind = Callable[[Sequence[Any]], Sequence[Any]]
"""Takes the values of one column in many rows, and gives them as the driver wants them."""


def binder(kind: TypeEngine[Any], dialect: Dialect) -> Bind | None:
    """What binds the values of a column of this type; None if they go as they are.

    It stores and refuses what the type itself does. Rows are written by the hundred, and to go
    through SQLAlchemy for each value takes longer than SQLite takes for the row.
    """
    quick = _QUICK.get((type(kind), dialect.name))
    if quick is not None:
        return quick
    bind = kind.dialect_impl(dialect).bind_processor(dialect)
    return None if bind is None else lambda values: [bind(each) for each in values]


# The driver of SQLite searches for an adapter of each value that is not exactly an int, a float, a
# str or a bytearray, which takes four times as long as to bind it: hence no bytes and no bool.


def _ids_on_sqlite(values: Sequence[UUID | None]) -> Sequence[bytearray | None]:
    first = values[0] if values else None
    if first is not None and first is values[-1] and values.count(first) == len(values):
        return [bytearray(first.int.to_bytes(16, "big"))] * len(values)  # most often the tenant
    return [None if id_ is None else bytearray(id_.int.to_bytes(16, "big")) for id_ in values]


def _moments_on_sqlite(values: Sequence[datetime | None]) -> Sequence[int | None]:
    try:
        return [None if at is None else (at - _EPOCH) // _MICROSECOND for at in values]
    except TypeError:  # a naive time has no distance to an aware one
        naive = [at for at in values if at is not None and at.utcoffset() is None]
        raise ValueError(f"{naive} have no zone; only aware times are stored") from None


def _numbers_on_sqlite(values: Sequence[Decimal | None]) -> Sequence[str | None]:
    return [None if number is None else _written_out(number) for number in values]


def _booleans_on_sqlite(values: Sequence[bool | None]) -> Sequence[int | None]:
    if not _BOOLEANS.issuperset(values):
        raise ValueError("a value of a boolean column is neither true nor false")
    return [None if value is None else int(value) for value in values]


def _deflated_on_sqlite(values: Sequence[bytes | None]) -> Sequence[bytearray | None]:
    return [None if value is None else bytearray(_deflated(value)) for value in values]


def _words(values: Sequence[str | None]) -> Sequence[str | None]:
    if not is_storable("".join([text for text in values if text is not None])):
        raise ValueError(_NOT_STORABLE)
    return values


_BOOLEANS: Final = frozenset({None, True, False})
_QUICK: Final[dict[tuple[type, str], Bind]] = {
    (Id, "sqlite"): _ids_on_sqlite,
    (Moment, "sqlite"): _moments_on_sqlite,
    (Exact, "sqlite"): _numbers_on_sqlite,
    (Boolean, "sqlite"): _booleans_on_sqlite,
    (Deflated, "sqlite"): _deflated_on_sqlite,
    (Words, "sqlite"): _words,
    (Words, "postgresql"): _words,
}
