"""Frames of an older program, a row each, are put on strips when its database is upgraded."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from chargeplane.runtime.store import Settings, frames, new_id, upgrade
from chargeplane.runtime.store.columns import Id, Moment, Words
from chargeplane.runtime.store.ids import later_than
from chargeplane.runtime.store.migrating import connected, reading
from chargeplane.runtime.store.schema import Schema
from tests.runtime.store.ledger import CORE, NOW, TENANT_ID, make_tenant
from tests.runtime.store.test_tables import OTHER_ID

MILLISECOND = timedelta(milliseconds=1)
ROWS = 1_500  # more than are moved at once
OLD = sa.table(
    "frames",
    *(sa.column(name, Id) for name in ("tenant_id", "id")),
    *(sa.column(name, Words) for name in ("station_id", "direction", "message_id")),
    *(sa.column(name, Words) for name in ("text", "answer")),
    *(sa.column(name, Moment) for name in ("at", "answered_at")),
    sa.column("epoch", sa.Integer),
)


def upgrade_to(settings: Settings, last: str, folder: Path) -> None:
    """The core as an older program left it."""
    for each in CORE.versions[0].glob("core_*.py"):
        if each.stem <= last:
            shutil.copy(each, folder)
    older = Schema()
    older.versions = [folder]
    assert upgrade(settings, older) == (last,)


def old_rows() -> list[dict[str, Any]]:
    """Frames of three stations, two of them of one name; every other one with its answer."""
    first, rows = new_id(), []
    for number in range(ROWS):
        at = NOW + number * 20 * MILLISECOND
        row: dict[str, Any] = {
            "tenant_id": OTHER_ID if number % 3 == 2 else TENANT_ID,
            "station_id": "two" if number % 3 == 1 else "one",
            "id": later_than(first, number * 20 * MILLISECOND),
            "direction": "in",
            "at": at,
            "epoch": 1 + number // 100,
            "message_id": f"{number}",
            "text": f"call {number}",
            "answered_at": None,
            "answer": None,
        }
        if number % 2:
            row |= {"answered_at": at + 3 * MILLISECOND, "answer": f"answer {number}"}
        rows.append(row)
    return rows


def test_every_frame_is_found_again(empty: Settings, tmp_path: Path) -> None:
    upgrade_to(empty, "core_0003", tmp_path)
    rows = old_rows()
    with connected(empty) as connection:
        make_tenant(connection)
        make_tenant(connection, OTHER_ID)
        connection.execute(sa.insert(OLD), rows)
    upgrade(empty, CORE)
    with reading(empty) as connection:
        for tenant_id, station_id in ((TENANT_ID, "one"), (TENANT_ID, "two"), (OTHER_ID, "one")):
            mine = [
                row
                for row in reversed(rows)
                if (row["tenant_id"], row["station_id"]) == (tenant_id, station_id)
            ]
            found = frames.recent(connection, tenant_id, station_id, count_max=9_999)
            calls = [each for each in found if each.message_id is not None]
            assert [(each.id, each.text, each.epoch, each.at) for each in calls] == [
                (row["id"], row["text"], row["epoch"], row["at"]) for row in mine
            ]
            answers = [(each.text, each.at) for each in found if each.message_id is None]
            assert answers == [
                (row["answer"], row["answered_at"]) for row in mine if row["answer"] is not None
            ]
        strips = connection.execute(sa.select(sa.func.count()).select_from(frames.frame_strips))
        assert strips.scalar_one() < ROWS / 20
        assert "frames" not in sa.inspect(connection).get_table_names()
