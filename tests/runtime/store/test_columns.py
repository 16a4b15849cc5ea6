"""What goes in comes out, on both engines alike, or is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Connection, Dialect, Integer, create_engine, select
from sqlalchemy.exc import StatementError
from sqlalchemy.types import TypeEngine

from chargeplane.runtime.store import Prepared, Settings, new_id, storable
from chargeplane.runtime.store.columns import (
    DEFLATED_BYTES_MIN,
    Deflated,
    Exact,
    Id,
    Moment,
    Words,
    binder,
)
from chargeplane.runtime.store.engines import backend_of
from chargeplane.runtime.store.text import is_storable
from tests.runtime.store.ledger import TENANT_ID, ledger, make_tenant

Several = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FIND = Prepared(select(ledger.c.amount, ledger.c.at, ledger.c.note, ledger.c.event_id))
FINITE = st.decimals(min_value=-(10**40), max_value=10**40, places=18) | st.decimals(
    min_value=-(10**9), max_value=10**9, places=2
)
AWARE = st.datetimes(
    min_value=datetime(1, 1, 3),  # noqa: DTZ001
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))),
)


@pytest.fixture
def connection(settings: Settings) -> Iterator[Connection]:
    with backend_of(settings).writer().connect() as connection:
        with connection.begin():
            make_tenant(connection)
        yield connection


@contextmanager
def one_row(connection: Connection, **values: object) -> Iterator[None]:
    """A row that is gone again after the block."""
    with connection.begin() as transaction:
        row = {"tenant_id": TENANT_ID, "station_id": "one", "seq": 1}
        connection.execute(ledger.insert().values(row | values))
        yield
        transaction.rollback()


@Several
@given(number=FINITE)
def test_a_decimal_keeps_every_digit(connection: Connection, number: Decimal) -> None:
    with one_row(connection, amount=number):
        [(back, *_)] = FIND.rows(connection, {})
        assert back == number
        assert connection.scalar(select(ledger.c.amount)) == number
        assert f"{back:f}" == f"{number if number else abs(number):f}"


@Several
@given(moment=AWARE)
def test_a_time_keeps_its_microseconds_and_comes_back_in_utc(
    connection: Connection, moment: datetime
) -> None:
    with one_row(connection, at=moment):
        [(_, back, *_)] = FIND.rows(connection, {})
        assert back == moment == connection.scalar(select(ledger.c.at))
        assert back.tzinfo is UTC
        assert connection.scalar(select(ledger.c.seq).where(ledger.c.at == moment)) == 1


@Several
@given(text=st.text(st.characters(codec=None, categories=None)))
def test_any_text_can_be_stored_once_it_is_made_storable(connection: Connection, text: str) -> None:
    clean = storable(text)
    assert is_storable(clean)
    assert storable(clean) == clean
    assert len(clean) == len(text)
    assert clean == text or not is_storable(text)
    with one_row(connection, note=clean):
        [(*_, back, _)] = FIND.rows(connection, {})
        assert back == clean


def test_ids_come_back_and_nothing_stays_nothing(connection: Connection) -> None:
    event_id = new_id()
    with one_row(connection, event_id=event_id):
        assert FIND.rows(connection, {}) == [(None, None, None, event_id)]


def test_ids_sort_by_their_making_and_text_by_its_code_points(connection: Connection) -> None:
    made = [new_id() for _ in range(20)]
    with connection.begin():
        for seq, (name, event_id) in enumerate(zip("bBaAäÄ~z_-9", made, strict=False)):
            row = {"tenant_id": TENANT_ID, "station_id": name, "seq": seq, "event_id": event_id}
            connection.execute(ledger.insert().values(row))
    by_id = connection.scalars(select(ledger.c.event_id).order_by(ledger.c.event_id))
    assert list(by_id) == made[:11]
    by_name = connection.scalars(select(ledger.c.station_id).order_by(ledger.c.station_id))
    assert list(by_name) == sorted("bBaAäÄ~z_-9")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", datetime(2026, 11, 21)),  # noqa: DTZ001
        ("amount", Decimal("NaN")),
        ("amount", Decimal("-Infinity")),
        ("amount", Decimal("1E+60")),
        ("amount", Decimal("1E-61")),
        ("amount", Decimal("1E+999999")),
        ("note", "a\0b"),
        ("note", "\udfff"),
    ],
)
def test_what_cannot_be_stored_exactly_is_refused(
    connection: Connection, column: str, value: object
) -> None:
    with pytest.raises(StatementError) as refused, one_row(connection, **{column: value}):
        pass
    assert isinstance(refused.value.orig, ValueError)


def dialect(engine: str) -> Dialect:
    return create_engine(
        {"sqlite": "sqlite://", "psycopg": "postgresql+psycopg://"}[engine]
    ).dialect


VALUES: dict[str, tuple[TypeEngine[Any], st.SearchStrategy[Any]]] = {
    "id": (Id(), st.uuids()),
    "moment": (Moment(), AWARE | st.datetimes()),
    "exact": (Exact(), st.decimals()),
    "words": (Words(), st.text(st.characters(codec=None, categories=None))),
    "boolean": (Boolean(), st.booleans()),
    "integer": (Integer(), st.integers()),
    "deflated": (Deflated(), st.binary() | st.just(b"\0" * DEFLATED_BYTES_MIN)),
}


@pytest.mark.parametrize("engine", ["sqlite", "psycopg"])
@pytest.mark.parametrize("name", VALUES)
@given(data=st.data())
def test_a_whole_column_is_bound_and_refused_as_its_values_are(
    name: str, engine: str, data: st.DataObject
) -> None:
    (kind, some), speaks = VALUES[name], dialect(engine)
    values = data.draw(st.lists(st.none() | some, max_size=5))
    one = kind.dialect_impl(speaks).bind_processor(speaks)
    try:
        expected = values if one is None else [one(each) for each in values]
    except ValueError:
        with pytest.raises(ValueError, match="."):
            bound_together(kind, values, speaks)
    else:
        assert [*map(bare, bound_together(kind, values, speaks))] == [*map(bare, expected)]


def bare(value: Any) -> Any:
    """What psycopg has wrapped in an object of its own, and leaves without equality."""
    return value.obj if isinstance(value, psycopg.Binary) else value


def bound_together(kind: TypeEngine[Any], values: list[Any], engine: Dialect) -> list[Any]:
    bind = binder(kind, engine)
    return values if bind is None else list(bind(values))


def test_a_boolean_column_takes_nothing_else() -> None:
    with pytest.raises(ValueError, match="boolean"):
        bound_together(Boolean(), [True, "yes"], dialect("sqlite"))


@pytest.mark.parametrize("engine", ["sqlite", "psycopg"])
@pytest.mark.parametrize("length", [0, 1, DEFLATED_BYTES_MIN - 1, DEFLATED_BYTES_MIN])
def test_bytes_come_back_whether_they_are_compressed_or_not(engine: str, length: int) -> None:
    speaks, value = dialect(engine), bytes([0x78, 0]) * length
    stored = Deflated().process_bind_param(value[:length], speaks)
    assert stored is not None
    assert (len(stored) <= length) is (length >= DEFLATED_BYTES_MIN)
    assert Deflated().process_result_value(memoryview(stored), speaks) == value[:length]


def test_numbers_of_the_most_digits_are_stored(connection: Connection) -> None:
    most = Decimal("9" * 60 + "." + "9" * 60)
    with one_row(connection, amount=most):
        assert connection.scalar(select(ledger.c.amount)) == most
    assert UUID(int=1) < TENANT_ID
