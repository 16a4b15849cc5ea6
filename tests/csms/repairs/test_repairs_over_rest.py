"""What was repaired is shown for each station, with its meaning and the frame that needed it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.gateway.conversation import REPAIR_BINARY
from chargeplane.csms.inventory import Known
from chargeplane.csms.repairs.meanings import MEANINGS
from chargeplane.ocpp.soap import Remark
from chargeplane.ocpp.tolerance import REPAIRS
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links.upgrading import REPAIR_CONNECTION, REPAIR_SUBPROTOCOL
from chargeplane.runtime.store import Function, Store
from tests.csms.driving import driving
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

ROOT = Path(__file__).resolve().parents[3]
BOOT = {"chargePointVendor": "Acme", "chargePointModel": "One", "colour": "red"}


@pytest.fixture
async def known(sqlite_store: Store) -> Store:
    def fill(connection: Connection) -> None:
        for name in ("CP1", "CP2"):
            register(connection, Known(TENANT_ID, name, 0, None, Registration.ACCEPTED, 0), NOW)

    await sqlite_store.write(Function(fill))
    return sqlite_store


async def visited(store: Store) -> CentralSystem:
    """CP1 comes once, says something odd and goes; then the program ends."""
    central = CentralSystem(store, SystemClock())
    await central.start()
    port = await central.listen("127.0.0.1", 0)
    async with driving(port, "CP1", "ocpp1.6") as station:
        await station.ask("BootNotification", BOOT)
        await station.ask("Heartbeat", [])
    await central.stop()
    return central


async def test_repairs_are_listed_with_meaning_and_frame_and_kept_over_a_restart(
    known: Store,
) -> None:
    await visited(known)
    central = await visited(known)
    async with client(known, *central.routes, role="viewer") as viewer:
        answer = await viewer.get("/stations/CP1/repairs")
        assert answer.status_code == 200, answer.text
        items: dict[str, Any] = {each["name"]: each for each in answer.json()["items"]}
        assert {name: each["count"] for name, each in items.items()} == {
            "unknown-member": 2,
            "null-payload": 2,
        }
        odd = items["unknown-member"]
        assert odd["meaning"] == REPAIRS["unknown-member"].description
        assert odd["first_at"] < odd["last_at"]
        frames = await viewer.get(f"/stations/CP1/frames?frame_id={odd['frame_id']}")
        [frame] = frames.json()["items"]
        assert (frame["id"], frame["action"]) == (odd["frame_id"], "BootNotification")
        assert frame["pair_id"] is not None
        assert frames.json()["next"] is None
        assert (await viewer.get("/stations/CP2/repairs")).json() == {"items": []}
        assert (await viewer.get("/stations/CP9/repairs")).status_code == 404


async def test_a_frame_that_is_not_there_is_not_found_and_no_fault(known: Store) -> None:
    central = await visited(known)
    async with client(known, *central.routes) as rest:
        for nothing in ("f" * 32, "0" * 32, "019a" + "0" * 28):
            answer = await rest.get(f"/stations/CP1/frames?frame_id={nothing}")
            assert (answer.status_code, answer.json()["items"]) == (200, [])


def test_every_name_that_is_counted_has_a_meaning() -> None:
    others = {REPAIR_BINARY, REPAIR_CONNECTION, REPAIR_SUBPROTOCOL}
    remarks = {f"soap-{remark.replace('_', '-')}" for remark in Remark}
    assert set(MEANINGS) == set(REPAIRS) | others | remarks


def test_the_console_says_each_meaning_in_german() -> None:
    path = ROOT / "ui" / "src" / "blocks" / "repairs" / "meanings.de.json"
    words: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    assert set(words) == set(MEANINGS)
