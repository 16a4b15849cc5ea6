"""The flight recorder: what a frame is, what belongs to it, how it is found and exported."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx
import pytest

from chargeplane.csms.contract import Registration
from chargeplane.csms.flight_recorder.api import Recorder, blotted, routes
from chargeplane.csms.flight_recorder.reading import FrameQuery, kind_and_action, search
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.runtime.rest import Problem, cursor_of
from chargeplane.runtime.store import Function, Rows, Store, frames, new_id
from chargeplane.runtime.store.frames import Direction, Shot
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

SOAP = "<s:Envelope><s:Header/><s:Body>\n <c:{}><c:a/></c:{}></s:Body></s:Envelope>"


@pytest.mark.parametrize(
    ("text", "kind", "action"),
    [
        ('[2,"a","Heartbeat",{}]', "call", "Heartbeat"),
        (' [ 2 , "a" , "Heartbeat" , {"x": [1]} ]', "call", "Heartbeat"),
        ('[3,"a",{}]', "result", None),
        ('[4,"a","GenericError","",{}]', "error", None),
        ('[5,"a","GenericError","",{}]', "error", None),
        ('[6,"a","NotifyPeriodicEventStream",{}]', "send", "NotifyPeriodicEventStream"),
        ('[2,"a"]', "unreadable", None),
        ('[9,"a","X",{}]', "unreadable", None),
        ('["2","a","X",{}]', "unreadable", None),
        ('[2,"a",7,{}]', "unreadable", None),
        ("{}", "unreadable", None),
        ("", "unreadable", None),
        ('[2,"a","Heart', "unreadable", None),
        (SOAP.format("bootNotificationRequest", "x"), "call", "BootNotification"),
        (SOAP.format("bootNotificationResponse", "x"), "result", "BootNotification"),
        (SOAP.format("Fault", "Fault"), "error", None),
        ("<html/>", "unreadable", None),
    ],
)
def test_a_frame_is_told_from_its_text(text: str, kind: str, action: str | None) -> None:
    assert kind_and_action(text) == (kind, action)


class Tape:
    """Frames of one station in the order of their making."""

    def __init__(self) -> None:
        self.shots: list[Shot] = []

    def add(self, way: str, message_id: str | None, text: str, epoch: int = 1) -> UUID:
        id_ = new_id()
        noted = message_id if way == "in" else None  # what we send is recorded without it
        self.shots.append(Shot(id_, Direction(way), NOW, epoch, noted, text))
        return id_

    def exchange(self, name: str, action: str, way: str = "in", epoch: int = 1) -> list[UUID]:
        back = "out" if way == "in" else "in"
        return [
            self.add(way, name, f'[2,"{name}","{action}",{{"n":"{name}"}}]', epoch),
            self.add(back, name, f'[3,"{name}",{{}}]', epoch),
        ]


class Desk:
    """Who reads the frames of CP1."""

    def __init__(self, store: Store, rest: httpx.AsyncClient) -> None:
        self.store = store
        self.rest = rest

    async def record(self, tape: Tape) -> None:
        await self.store.write(Rows(tuple(frames.strips(TENANT_ID, "CP1", tape.shots))))

    async def page(self, query: str = "") -> Any:
        answer = await self.rest.get(f"/stations/CP1/frames?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def listed(self, query: str = "") -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.page(query))["items"]
        return items

    async def status(self, path: str) -> int:
        return (await self.rest.get(path)).status_code


@pytest.fixture
async def desk(sqlite_store: Store) -> AsyncIterator[Desk]:
    known = Known(TENANT_ID, "CP1", 0, None, Registration.ACCEPTED, 0)
    await sqlite_store.write(Function(partial(register, known=known, now=NOW)))
    async with client(sqlite_store, routes(Recorder(sqlite_store))) as rest:
        yield Desk(sqlite_store, rest)


async def test_a_call_and_its_answer_name_each_other(desk: Desk) -> None:
    tape = Tape()
    heard = tape.exchange("m1", "Heartbeat")
    asked = tape.exchange("m1", "Reset", way="out")  # both sides count from one
    again = tape.exchange("m1", "BootNotification", epoch=2)
    await desk.record(tape)
    items = {each["id"]: each for each in await desk.listed()}
    for (call, answer), action in (
        (heard, "Heartbeat"),
        (asked, "Reset"),
        (again, "BootNotification"),
    ):
        first, second = items[str(call)], items[str(answer)]
        assert (first["pair_id"], second["pair_id"]) == (str(answer), str(call))
        assert (first["action"], second["action"]) == (action, action)
        assert (first["kind"], second["kind"]) == ("call", "result")


async def test_a_cursor_of_a_time_that_no_calendar_has_is_one_of_the_latest(desk: Desk) -> None:
    tape = Tape()
    tape.exchange("m1", "Heartbeat")
    await desk.record(tape)
    cursor = cursor_of(UUID(int=2**128 - 1))
    assert len(await desk.listed(f"cursor={cursor}")) == 2


async def test_one_frame_is_found_alone_and_names_its_other_half(desk: Desk) -> None:
    tape = Tape()
    pairs = [tape.exchange(f"m{number}", "Heartbeat") for number in range(5)]
    await desk.record(tape)
    for call, answer in pairs:
        for mine, other in ((call, answer), (answer, call)):
            page = await desk.page(f"frame_id={mine}&limit=1")
            assert [each["id"] for each in page["items"]] == [str(mine)]
            assert page["items"][0]["pair_id"] == str(other)
            assert page["next"] is None


async def test_a_pair_is_found_across_the_edge_of_a_page(desk: Desk) -> None:
    tape = Tape()
    for number in range(5):
        tape.exchange(f"m{number}", "Heartbeat")
    await desk.record(tape)
    cursor, seen = "", []
    while True:
        page = (await desk.rest.get(f"/stations/CP1/frames?limit=1{cursor}")).json()
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == 10
    assert all(each["pair_id"] for each in seen)
    assert all(later["id"] > earlier["id"] for later, earlier in pairwise(seen))


async def test_frames_are_found_by_action_text_direction_and_message(desk: Desk) -> None:
    tape = Tape()
    tape.exchange("m1", "Heartbeat")
    tape.exchange("m2", "Authorize")
    tape.add("in", None, "garbage Ünlesbar")
    await desk.record(tape)
    assert [each["message_id"] for each in await desk.listed("action=authorize")] == ["m2"]
    assert [each["kind"] for each in await desk.listed("message_id=m1")] == ["result", "call"]
    assert [each["text"] for each in await desk.listed("search=ünLES")] == ["garbage Ünlesbar"]
    assert {each["kind"] for each in await desk.listed("direction=out")} == {"result"}
    assert await desk.listed("action=Reset") == []
    assert await desk.status("/stations/CP1/frames?direction=up") == 400


async def test_of_a_station_that_is_not_there_or_not_here_nothing_is_shown(desk: Desk) -> None:
    recorder, query = Recorder(desk.store), FrameQuery(id="CP1")
    for path in ("frames", "frames/export"):
        assert await desk.status(f"/stations/CP9/{path}") == 404
    assert (await recorder.page(TENANT_ID, query)).items == []
    for tenant_id, sites in ((new_id(), None), (TENANT_ID, frozenset({"north"}))):
        with pytest.raises(Problem):
            await recorder.page(tenant_id, query, sites)


async def test_a_page_looks_at_a_bounded_number_of_frames_and_says_where_to_go_on(
    desk: Desk,
) -> None:
    tape = Tape()
    wanted = tape.add("in", "old", '[2,"old","Authorize",{}]')
    for number in range(30):
        tape.add("in", f"m{number}", f'[2,"m{number}","Heartbeat",{{}}]')
    await desk.record(tape)
    query = FrameQuery(id="CP1", action="Authorize")
    found, readings = [], 0
    while True:
        look = partial(search, tenant_id=TENANT_ID, query=query, looked_at_max=10)
        page = await desk.store.read(look)
        found += page.frames
        readings += 1
        if page.last is None:
            break
        query = FrameQuery(id="CP1", action="Authorize", cursor=cursor_of(page.last))
    assert [each.frame.id for each in found] == [wanted]
    assert readings == 4


async def test_the_export_has_every_frame_on_a_line_and_nobody_in_it(
    desk: Desk,
) -> None:
    tape = Tape()
    tape.add("in", "1", '[2,"1","Authorize",{"idTag":"DEADBEEF"}]')
    tape.add("in", "2", '[2,"2","StartTransaction",{"idTag":"deadbeef","meterStart":0}]')
    tape.add("out", "3", '[2,"3","X",{"password":"hunter2"}]')
    await desk.record(tape)
    answer = await desk.rest.get("/stations/CP1/frames/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jsonl"
    assert "attachment" in answer.headers["content-disposition"]
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [each["message_id"] for each in lines] == ["3", "2", "1"]
    assert "deadbeef" not in answer.text.casefold()
    assert "hunter2" not in answer.text
    payloads = [json.loads(each["text"])[3] for each in lines]
    assert payloads[1]["idTag"] == payloads[2]["idTag"]
    assert payloads[1]["idTag"].startswith("token-")
    only = await desk.rest.get("/stations/CP1/frames/export?action=Authorize")
    assert len(only.text.splitlines()) == 1


async def test_the_flight_recorder_is_read_from_the_latest_frame_on(desk: Desk) -> None:
    recorded = [
        Shot(new_id(), Direction(way), NOW, 4, f"m{number}", f'[2,"m{number}"]')
        for number, way in enumerate(("in", "out", "in"))
    ]
    await desk.store.write(Rows(tuple(frames.strips(TENANT_ID, "CP1", recorded))))
    first = (await desk.rest.get("/stations/CP1/frames?limit=2")).json()
    assert [each["message_id"] for each in first["items"]] == ["m2", "m1"]
    assert first["items"][1] == {
        "id": str(recorded[1].id),
        "direction": "out",
        "at": "2026-11-21T12:00:00Z",
        "message_id": "m1",
        "epoch": 4,
        "kind": "unreadable",
        "action": None,
        "pair_id": None,
        "text": '[2,"m1"]',
    }
    path = f"/stations/CP1/frames?limit=2&cursor={first['next']}"
    last = (await desk.rest.get(path)).json()
    assert ([each["message_id"] for each in last["items"]], last["next"]) == (["m0"], None)


@pytest.mark.parametrize(
    "text",
    [
        '{"idToken": {"idToken":"SECRET", "type":"ISO14443"}}',
        '{"parentIdTag" : "SECRET"}',
        '{"idTag":"SEC\\"RET","emaid":"SECRET"}',
        "<c:idTag>SECRET</c:idTag>",
        '{"basicAuthPassword":"SECRET"}',
    ],
)
def test_what_names_people_or_opens_doors_is_blotted_out(text: str) -> None:
    told = blotted(text, b"salt")
    assert "SEC" not in told
    assert blotted('{"idTag":""}', b"") == '{"idTag":""}'
