"""Corrections: what counts, what was measured, and the ledger of both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.transactions import corrections
from chargeplane.csms.transactions.tables import ledger_row
from chargeplane.domain.events import Event, TransactionRepaired
from chargeplane.domain.ledger import EntryKind, LedgerEntry
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.store import Rows, Store, new_id, outbox
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client
from tests.csms.transactions.test_figures import HOUR, session

REASON = {"reason": "the meter was read by hand"}


class World:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.central = CentralSystem(store, SystemClock())
        self.events: list[Event] = []
        self.central.bus.listen(self.events.append)
        self.operator = client(store, *self.central.routes)
        self.viewer = client(store, *self.central.routes, role="viewer")
        self.ids: list[str] = []

    async def begin(self) -> None:
        rows = [session(1, NOW - 2 * HOUR, NOW - HOUR, 5000), session(2, NOW - HOUR, None)]
        rows.append(ledger_row(TENANT_ID, new_id(), self._ended(), NOW, is_loose=False))
        await self.store.write(Rows(tuple(rows)))
        items = (await self.operator.get("/transactions")).json()["items"]
        self.ids = [each["id"] for each in reversed(items)]

    def _ended(self) -> LedgerEntry:
        return LedgerEntry(
            tenant_id=str(TENANT_ID),
            station_id="CP1",
            family=2,
            kind=EntryKind.ENDED,
            reported_at=NOW - HOUR,
            received_at=NOW - HOUR,
            frame_id=str(new_id()),
            transaction_id="w1",
            seq_no=9,
        )

    async def correct(self, body: dict[str, Any], id_: str | None = None) -> httpx.Response:
        path = f"/transactions/{id_ or self.ids[0]}/corrections"
        return await self.operator.post(path, json=body)


@pytest.fixture
async def world(sqlite_store: Store) -> AsyncIterator[World]:
    world = World(sqlite_store)
    await world.begin()
    yield world
    await world.operator.aclose()
    await world.viewer.aclose()


async def test_a_correction_counts_and_what_was_measured_stays(world: World) -> None:
    answer = await world.correct(REASON | {"energy_wh": 4200.5, "id_token": "ANNA"})
    assert answer.status_code == 201, answer.text
    for shown in (answer.json(), (await world.operator.get("/transactions")).json()["items"][1]):
        assert (shown["energy_wh"], shown["measured_energy_wh"]) == (4200.5, 5000.0)
        assert (shown["id_token"], shown["corrections_count"]) == ("ANNA", 1)
    again = (await world.correct(REASON | {"energy_wh": 0})).json()
    assert (again["energy_wh"], again["id_token"], again["corrections_count"]) == (0.0, "ANNA", 2)
    one = (await world.operator.get(f"/transactions/{world.ids[0]}")).json()
    assert one == again


async def test_the_ledger_shows_corrections_among_the_messages_in_pages(world: World) -> None:
    await world.correct(REASON | {"energy_wh": 1})
    await world.correct({"reason": "a second look", "ended_at": "2026-11-21T11:30:00Z"})
    seen: list[dict[str, Any]] = []
    path = f"/transactions/{world.ids[0]}/ledger?limit=1"
    query = ""
    while True:
        page = (await world.operator.get(path + query)).json()
        seen += page["items"]
        if page["next"] is None:
            break
        query = f"&cursor={page['next']}"
    assert [each["kind"] for each in seen] == ["ended", "corrected", "corrected"]
    assert seen[0]["correction"] is None
    assert seen[1]["correction"] == {
        "by_name": "operator",
        "reason": REASON["reason"],
        "energy_wh": 1.0,
        "started_at": None,
        "ended_at": None,
        "id_token": None,
    }


async def test_who_bills_is_told_of_it_and_it_is_in_the_outbox(world: World) -> None:
    await world.correct(REASON | {"energy_wh": 4000})
    [event] = world.events
    assert isinstance(event, TransactionRepaired)
    told = (event.transaction_id, float(event.energy_wh), float(event.previous_energy_wh or 0))
    assert told == (world.ids[0], 4000.0, 5000.0)
    kept = await world.store.read(lambda c: outbox.after(c, [TENANT_ID], UUID(int=0), 10))
    assert [each.topic for each in kept] == ["transaction_repaired"]


@pytest.mark.parametrize(
    "body",
    [
        REASON,
        {"energy_wh": 1},
        {"reason": "", "energy_wh": 1},
        {"reason": "   ", "energy_wh": 1},
        REASON | {"energy_wh": -1},
        REASON | {"energy_wh": "much"},
        REASON | {"ended_at": "2026-11-21T09:00:00Z"},
        REASON | {"ended_at": "2026-11-21T12:00:00"},
        REASON | {"colour": "red"},
    ],
    ids=range(9),
)
async def test_a_correction_that_says_nothing_or_cannot_be_is_refused(
    world: World, body: dict[str, Any]
) -> None:
    assert (await world.correct(body)).status_code == 400
    assert world.events == []


async def test_a_transaction_that_goes_on_is_not_corrected(world: World) -> None:
    answer = await world.correct(REASON | {"energy_wh": 1}, world.ids[1])
    assert (answer.status_code, answer.json()["type"].split(":")[-1]) == (409, "transaction-active")


async def test_only_who_may_corrects_and_only_what_is_there(world: World) -> None:
    path = f"/transactions/{world.ids[0]}/corrections"
    body = REASON | {"energy_wh": 1}
    assert (await world.viewer.post(path, json=body)).status_code == 403
    assert (await world.correct(body, str(new_id()))).status_code == 404


async def test_a_transaction_has_no_more_corrections_than_may_be(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corrections, "CORRECTIONS_MAX", 2)
    codes = [(await world.correct(REASON | {"energy_wh": n})).status_code for n in range(3)]
    assert codes == [201, 201, 409]


async def test_times_are_corrected_together(world: World) -> None:
    start = NOW - timedelta(days=1)
    body = REASON | {"started_at": start.isoformat(), "ended_at": (start + HOUR).isoformat()}
    shown = (await world.correct(body)).json()
    assert (shown["started_at"], shown["ended_at"]) == (
        "2026-11-20T12:00:00Z",
        "2026-11-20T13:00:00Z",
    )
