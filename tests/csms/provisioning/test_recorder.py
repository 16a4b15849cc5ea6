"""The flight recorder: what a frame is, what belongs to it, how it is found and exported."""

from __future__ import annotations

import json
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from chargeplane.csms.provisioning.recorder import FrameQuery, kind_and_action, search
from chargeplane.csms.provisioning.recording import blotted
from chargeplane.runtime.rest import cursor_of
from chargeplane.runtime.store import Rows, frames, new_id
from tests.csms.making import NOW, TENANT_ID
from tests.csms.provisioning.conftest import World

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
        self.rows: list[Any] = []

    def add(self, way: str, message_id: str | None, text: str, epoch: int = 1) -> UUID:
        id_ = new_id()
        noted = message_id if way == "in" else None  # what we send is recorded without it
        row = (TENANT_ID, "CP1", id_, way, NOW, epoch, noted, text)
        self.rows.append((frames.SINK, row))
        return id_

    def exchange(self, name: str, action: str, way: str = "in", epoch: int = 1) -> list[UUID]:
        back = "out" if way == "in" else "in"
        return [
            self.add(way, name, f'[2,"{name}","{action}",{{"n":"{name}"}}]', epoch),
            self.add(back, name, f'[3,"{name}",{{}}]', epoch),
        ]


async def recorded(world: World, tape: Tape) -> None:
    answer = await world.operator.post("/stations", json={"id": "CP1", "security_profile": 0})
    assert answer.status_code == 201
    await world.store.write(Rows(tuple(tape.rows)))


async def listed(world: World, query: str = "") -> list[dict[str, Any]]:
    answer = await world.operator.get(f"/stations/CP1/frames?{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_call_and_its_answer_name_each_other(world: World) -> None:
    tape = Tape()
    heard = tape.exchange("m1", "Heartbeat")
    asked = tape.exchange("m1", "Reset", way="out")  # both sides count from one
    again = tape.exchange("m1", "BootNotification", epoch=2)
    await recorded(world, tape)
    items = {each["id"]: each for each in await listed(world)}
    for (call, answer), action in (
        (heard, "Heartbeat"),
        (asked, "Reset"),
        (again, "BootNotification"),
    ):
        first, second = items[str(call)], items[str(answer)]
        assert (first["pair_id"], second["pair_id"]) == (str(answer), str(call))
        assert (first["action"], second["action"]) == (action, action)
        assert (first["kind"], second["kind"]) == ("call", "result")


async def test_a_pair_is_found_across_the_edge_of_a_page(world: World) -> None:
    tape = Tape()
    for number in range(5):
        tape.exchange(f"m{number}", "Heartbeat")
    await recorded(world, tape)
    cursor, seen = "", []
    while True:
        page = (await world.operator.get(f"/stations/CP1/frames?limit=1{cursor}")).json()
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == 10
    assert all(each["pair_id"] for each in seen)
    assert all(later["id"] > earlier["id"] for later, earlier in pairwise(seen))


async def test_frames_are_found_by_action_text_direction_and_message(world: World) -> None:
    tape = Tape()
    tape.exchange("m1", "Heartbeat")
    tape.exchange("m2", "Authorize")
    tape.add("in", None, "garbage Ünlesbar")
    await recorded(world, tape)
    assert [each["message_id"] for each in await listed(world, "action=authorize")] == ["m2"]
    assert [each["kind"] for each in await listed(world, "message_id=m1")] == ["result", "call"]
    assert [each["text"] for each in await listed(world, "search=ünLES")] == ["garbage Ünlesbar"]
    assert {each["kind"] for each in await listed(world, "direction=out")} == {"result"}
    assert await listed(world, "action=Reset") == []
    assert (await world.operator.get("/stations/CP1/frames?direction=up")).status_code == 400
    assert (await world.operator.get("/stations/CP9/frames")).status_code == 404
    assert (await world.clients["stranger"].get("/stations/CP1/frames")).status_code == 404


async def test_a_page_looks_at_a_bounded_number_of_frames_and_says_where_to_go_on(
    world: World,
) -> None:
    tape = Tape()
    wanted = tape.add("in", "old", '[2,"old","Authorize",{}]')
    for number in range(30):
        tape.add("in", f"m{number}", f'[2,"m{number}","Heartbeat",{{}}]')
    await recorded(world, tape)
    query = FrameQuery(id="CP1", action="Authorize")
    found, readings = [], 0
    while True:
        look = partial(search, tenant_id=TENANT_ID, query=query, looked_at_max=10)
        page = await world.store.read(look)
        found += page.frames
        readings += 1
        if page.last is None:
            break
        query = FrameQuery(id="CP1", action="Authorize", cursor=cursor_of(page.last))
    assert [each.frame.id for each in found] == [wanted]
    assert readings == 4


async def test_the_export_has_every_frame_on_a_line_and_nobody_in_it(
    world: World,
) -> None:
    tape = Tape()
    tape.add("in", "1", '[2,"1","Authorize",{"idTag":"DEADBEEF"}]')
    tape.add("in", "2", '[2,"2","StartTransaction",{"idTag":"deadbeef","meterStart":0}]')
    tape.add("out", "3", '[2,"3","X",{"password":"hunter2"}]')
    await recorded(world, tape)
    answer = await world.operator.get("/stations/CP1/frames/export")
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
    only = await world.operator.get("/stations/CP1/frames/export?action=Authorize")
    assert len(only.text.splitlines()) == 1
    assert (await world.operator.get("/stations/CP9/frames/export")).status_code == 404


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
