"""What a day adds up to."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from chargeplane.csms.figures import Day
from chargeplane.csms.transactions import figures
from chargeplane.csms.transactions.tables import COLUMNS, TRANSACTION_SINK
from chargeplane.runtime.store import Row, Rows, Store, id_at
from tests.csms.making import NOW, TENANT_ID

HOUR = timedelta(hours=1)
NOON_30 = NOW + HOUR / 2


def session(
    number: int,
    start: datetime,
    end: datetime | None,
    energy_wh: float = 1000,
    state: str | None = None,
    station_id: str = "CP1",
) -> Row:
    """A transaction as a row."""
    values: dict[str, Any] = dict.fromkeys(COLUMNS)
    values |= {
        "tenant_id": TENANT_ID,
        "station_id": station_id,
        "session_key": f"k{number}",
        "id": type(TENANT_ID)(int=id_at(max(start, NOW - timedelta(days=2))).int + number),
        "family": 2,
        "wire_id": f"w{number}",
        "state": state or ("active" if end is None else "ended"),
        "started_at": start,
        "ended_at": end,
        "energy_wh": Decimal(str(energy_wh)),
        "is_complete": True,
        "is_orphan": False,
        "remarks": "[]",
        "updated_at": NOW,
    }
    return TRANSACTION_SINK, tuple(values[name] for name in COLUMNS)


async def day_of(store: Store, *rows: Row) -> Day:
    await store.write(Rows(rows))
    return await store.read(lambda c: figures.day(c, TENANT_ID, NOON_30))


async def test_the_energy_of_a_session_is_spread_over_its_hours(store: Store) -> None:
    day = await day_of(
        store,
        session(1, NOW - 2 * HOUR, NOW, 4000),
        session(2, NOW - HOUR / 2, None, 3000),
        session(3, NOW - 40 * HOUR, NOW - 30 * HOUR, 9999),
    )
    assert len(day.hours) == figures.HOURS
    assert day.hours[-1].at == NOW
    shown = [(each.energy_wh, each.sessions, each.started) for each in day.hours[-4:]]
    assert shown == [(0.0, 0, 0), (2000.0, 1, 1), (3500.0, 2, 1), (1500.0, 2, 0)]
    assert sum(each.energy_wh for each in day.hours) == 7000.0


async def test_a_session_from_before_the_day_counts_with_what_lies_within(store: Store) -> None:
    day = await day_of(store, session(1, NOW - 33 * HOUR, NOW - 13 * HOUR, 20_000))
    assert round(sum(each.energy_wh for each in day.hours)) == 10_000


async def test_sessions_without_energy_and_repaired_ones_are_counted_by_station(
    store: Store,
) -> None:
    day = await day_of(
        store,
        session(1, NOW - 3 * HOUR, NOW - 2 * HOUR, 0),
        session(2, NOW - 2 * HOUR, NOW - HOUR, 49),
        session(3, NOW - HOUR, NOW, 0, station_id="CP2"),
        session(4, NOW - HOUR, NOW, 7000, "repaired", station_id="CP2"),
        session(5, NOW - HOUR, None, 0),
        session(6, NOW - 60 * HOUR, NOW - 50 * HOUR, 0),
    )
    assert [tuple(each) for each in day.failing] == [("CP1", 2, NOW - HOUR), ("CP2", 1, NOW)]
    assert [tuple(each) for each in day.repaired] == [("CP2", 1, NOW)]
    assert await store.read(lambda c: figures.active_count(c, TENANT_ID)) == 1


async def test_a_session_of_no_length_has_its_energy_in_one_hour(store: Store) -> None:
    day = await day_of(store, session(1, NOW - HOUR, NOW - HOUR, 500))
    assert [each.energy_wh for each in day.hours[-3:]] == [0.0, 500.0, 0.0]
