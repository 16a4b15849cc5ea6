"""Campaigns: planned rows, asked when stations are here, taken back, forgotten by no restart."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from chargeplane.csms.firmware.awaiting import Awaiting
from chargeplane.csms.firmware.service import Window
from chargeplane.csms.firmware.tables import Image, add_updates, coming
from chargeplane.domain.commands import NoAnswer, UpdateFirmware
from chargeplane.domain.events import FirmwareStatusChanged, StationBooted
from chargeplane.runtime.store import Function, new_id
from tests.csms.firmware.making import NAMES, Works
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

HOUR = timedelta(hours=1)
WINDOW = Window(NOW, NOW + HOUR, NOW + 5 * HOUR)


async def planned(works: Works, image: Image, *names: str, is_signed: bool | None = None) -> int:
    wanted = UpdateFirmware(image_id=str(image.id), is_signed=is_signed)
    _, updates, refused = await works.campaigns.plan(image, names, WINDOW, wanted)
    assert len(updates) + len(refused) == len(set(names))
    return len(updates)


async def test_stations_are_asked_when_they_are_here_and_once(works: Works) -> None:
    assert await planned(works, await works.image(), *NAMES) == 3
    works.here = {"CP1"}
    assert await works.campaigns.once() == 1
    works.here = {"CP1", "CP2"}
    assert await works.campaigns.once() == 1
    assert works.asked == ["CP1", "CP2"]
    states = {row.station_id: row.state for row in await works.rows()}
    assert states == {"CP1": "accepted", "CP2": "accepted", "CP3": "planned"}
    told = [each.state for each in works.told if isinstance(each, FirmwareStatusChanged)]
    assert told == ["planned"] * 3 + ["accepted"] * 2


async def test_a_restart_forgets_nothing(works: Works) -> None:
    await planned(works, await works.image(), "CP1")
    works.campaigns = works.new_campaigns()
    works.here = {"CP1"}
    assert await works.campaigns.once() == 1
    row = await works.row()
    assert (row.state, row.install_at, row.until_at) == ("accepted", *WINDOW[1:])


async def test_after_the_window_nobody_is_asked(works: Works) -> None:
    await planned(works, await works.image(), "CP1")
    await works.clock.advance(5 * 3_600)
    works.here = {"CP1"}
    assert await works.campaigns.once() == 0
    async with client(works.store, *works.block.routes) as rest:
        (shown,) = (await rest.get("/stations/CP1/firmware-updates")).json()["items"]
    assert shown["state"] == "expired"


async def test_nobody_is_asked_twice_where_no_answer_came(works: Works) -> None:
    await planned(works, await works.image(), "CP1")
    works.here, works.answers = {"CP1"}, NoAnswer(reason="silence")
    assert await works.campaigns.once() == 1
    assert await works.campaigns.once() == 0
    assert (await works.row()).state == "unanswered"


async def test_what_is_planned_can_be_taken_back_and_what_was_sent_cannot(works: Works) -> None:
    image = await works.image()
    await planned(works, image, "CP1", "CP2")
    works.here = {"CP1"}
    await works.campaigns.once()
    async with client(works.store, *works.block.routes) as rest:
        assert (await rest.delete(f"/firmware/{image.id}")).status_code == 409
        answers = {
            row.station_id: (await rest.delete(f"/firmware-updates/{row.id}")).status_code
            for row in await works.rows()
        }
    assert answers == {"CP1": 409, "CP2": 204}
    works.here = {"CP1", "CP2"}
    assert await works.campaigns.once() == 0
    assert (await works.row("CP2")).state == "cancelled"


async def test_an_image_that_is_for_others_is_refused_by_station(works: Works) -> None:
    image = await works.image(vendor="Acme", model="One")
    async with client(works.store, *works.block.routes) as rest:
        wanted = {"image_id": str(image.id), "station_ids": ["CP1", "CP9", "CP1"]}
        made = await rest.post("/firmware-updates", json=wanted)
        assert made.status_code == 201
        campaign = made.json()
        assert [each["station_id"] for each in campaign["updates"]] == ["CP1"]
        assert campaign["refused"] == [{"station_id": "CP9", "reason": "there is no such station"}]
        listed = await rest.get("/firmware-updates", params={"campaign_id": campaign["id"]})
        assert listed.json()["items"] == campaign["updates"]
        wrong = await rest.post("/firmware-updates", json={**wanted, "image_id": str(new_id())})
        assert wrong.json()["errors"][0]["field"] == "image_id"
        late = await rest.post("/firmware-updates", json={**wanted, "until_at": NOW.isoformat()})
        assert late.json()["errors"][0]["field"] == "until_at"


async def test_what_mends_not_by_itself_is_given_up(works: Works) -> None:
    image = await works.image()
    await planned(works, image, "CP1")
    await works.files.drop(image.kept or "")
    works.here = {"CP1"}
    assert await works.campaigns.once() == 0
    row = await works.row()
    assert (row.state, row.reason) == ("unsupported", "the file is not here any more")


async def test_a_boot_with_the_new_version_ends_the_update_and_is_told(works: Works) -> None:
    await planned(works, await works.image(), "CP1")
    works.here = {"CP1"}
    await works.campaigns.once()
    works.told.clear()
    booted = StationBooted(
        tenant_id=str(TENANT_ID), station_id="CP1", reported_at=NOW, received_at=NOW,
        vendor="Acme", model="One", registration="accepted", firmware_version="2.0",
    )  # fmt: skip
    hearing = works.campaigns.heard(booted)
    assert hearing is not None
    await hearing
    (event,) = works.told
    assert isinstance(event, FirmwareStatusChanged)
    assert (event.state, (await works.row()).state) == ("installed", "installed")


async def test_a_campaign_is_one_window_of_what_comes(works: Works) -> None:
    image = await works.image()
    await planned(works, image, *NAMES)
    await planned(works, image, "CP2")
    look = partial(coming, tenant_id=TENANT_ID, now=NOW)
    found = await works.store.read(look)
    assert sorted((each.station_id or "", each.at, each.until) for each in found) == [
        ("", NOW + HOUR, NOW + 5 * HOUR),
        ("CP2", NOW + HOUR, NOW + 5 * HOUR),
    ]
    assert {(each.kind, each.subject) for each in found} == {("firmware-update", "2.0")}
    assert await works.store.read(partial(look, sites=frozenset({"elsewhere"}))) == []


async def test_the_oldest_updates_of_a_station_go_first(works: Works) -> None:
    await planned(works, await works.image(), "CP1")
    first = await works.row()
    ids = [new_id() for _ in range(4)]
    for id_ in ids:
        work = partial(add_updates, added=[first._replace(id=id_)], keep_max=3)
        await works.store.write(Function(work))
    assert [row.id for row in await works.rows()] == ids[:0:-1]


async def test_only_stations_with_an_open_update_are_looked_up_when_they_boot(
    works: Works,
) -> None:
    awaiting = works.firmware.awaiting
    assert awaiting.has(TENANT_ID, "CP9")  # nothing was read yet: it may have one
    await awaiting.reload()
    assert not awaiting.has(TENANT_ID, "CP1")
    await planned(works, await works.image(), "CP1", "CP2")
    assert awaiting.has(TENANT_ID, "CP1")
    works.here = {"CP1"}
    await works.campaigns.once()
    await awaiting.reload()
    assert [awaiting.has(TENANT_ID, each) for each in NAMES] == [True, True, False]
    await works.firmware.booted(TENANT_ID, "CP1", "2.0")
    await awaiting.reload()
    assert [awaiting.has(TENANT_ID, each) for each in NAMES] == [False, True, False]
    full = Awaiting(works.store, works.clock, awaited_max=0)
    await full.reload()
    assert full.has(TENANT_ID, "CP3")  # more than it can know: every one may have one
