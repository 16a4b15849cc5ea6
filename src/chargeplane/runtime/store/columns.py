"""Column types that mean the same on SQLite and PostgreSQL.

=========  =====================  ==================  ==========================================
type       in Python              in SQLite           in PostgreSQL
=========  =====================  ==================  ==========================================
``Id``     ``uuid.UUID``          BLOB of 16 bytes    uuid
``Moment`` aware ``datetime``     INTEGER, µs UTC     timestamp with time zone
``Exact``  ``Decimal``            TEXT                numeric
``Words``  ``str``                TEXT                text, in the order of its code points
=========  =====================  ==================  ==========================================

What cannot be stored exactly is refused with ValueError: a naive time, a Decimal that is not finite
or too long, text that is not ``storable``. SQLite cannot order or add ``Exact`` values; do it in
Python.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Dialect, LargeBinary, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

from chargeplane.runtime.store.text import is_storable

__all__ = ["DIGITS_MAX", "Exact", "Id", "Moment", "Words"]

DIGITS_MAX = 60
"""Of a stored Decimal, on each side of the point: far beyond any bill, far below a memory bomb."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
        if not value.is_finite():
            raise ValueError(f"{value} is no number that can be stored")
        exponent = value.as_tuple().exponent
        if value.adjusted() >= DIGITS_MAX or not -DIGITS_MAX <= int(exponent) < DIGITS_MAX:
            raise ValueError(f"a number of more than {DIGITS_MAX} digits cannot be stored")
        # Written out, since numeric knows neither exponents (1E+3 is 1000) nor a negative zero.
        plain = f"{value if value else abs(value):f}"
        return plain if dialect.name == "sqlite" else Decimal(plain)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Words(TypeDecorator[str]):
    """Text of any length, compared and ordered by code point on both engines."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text(collation=None if dialect.name == "sqlite" else "C"))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and not is_storable(value):
            raise ValueError("text with NUL or a lone surrogate; pass it through storable() first")
        return value
