"""Stations controlled by hand, over HTTP and a WebSocket."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from chargeplane.ocpp import v16
from chargeplane.station import Station
from chargeplane.station.control import Panel, create_control
from chargeplane.station.control.app import PAGE
from chargeplane.station.control.panel import QUEUE_MAX, WATCHERS_MAX
from chargeplane.station.quirks import QUIRKS
from chargeplane.web.server import WebServer
from tests.station.server import Server, server


class Desk:
    """A station, its central system, and somebody with a browser."""

    def __init__(self, at: Server, station: Station, http: httpx.AsyncClient, port: int) -> None:
        self.at, self.station, self.http, self.port = at, station, http, port

    async def hears(self, kind: type[Any]) -> None:
        """The central system has been told."""
        central = self.at.centrals["CP1"]
        await self.station.until(
            lambda core: bool(central.all(kind)) and not core.hub.outbox, timeout_s=10
        )

    async def do(self, deed: str, **body: Any) -> httpx.Response:
        return await self.http.post(f"/api/stations/CP1/{deed}", json=body)


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    stations: dict[str, Station] = {}
    panel = Panel(stations, sorted(QUIRKS))

    def note(way: str, text: str) -> None:
        panel.note("CP1", way, text)

    async with (
        asyncio.timeout(30),
        server() as at,
        Station("CP1", url=at.url, version="1.6", frame=note) as station,
        WebServer(create_control(panel), "127.0.0.1", 0) as web,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{web.port}") as http,
    ):
        stations["CP1"] = station
        yield Desk(at, station, http, web.port)


async def test_a_visit_by_hand_is_told_to_the_central_system() -> None:
    async with desk() as it:
        card = (await it.do("plug", evse=2, soc=0.5)).json()
        assert (
            card["evses"][1] | {"plugged": True, "status": "Preparing", "soc": 0.5}
            == (card["evses"][1])
        )
        await it.do("tap", evse=2, token="CAFE")
        await it.hears(v16.StartTransactionRequest)
        (shown,) = (await it.http.get("/api/stations")).json()["items"]
        assert (shown["online"], shown["evses"][1]["token"]) == (True, "CAFE")
        assert (await it.do("unplug", evse=2)).json()["evses"][1]["plugged"] is False
        await it.hears(v16.StopTransactionRequest)


async def test_faults_and_quirks_are_switched_by_name() -> None:
    async with desk() as it:
        found = (await it.http.get("/api/stations")).json()
        assert "ground-failure" in found["faults"]
        assert "null-members" in found["quirks"]
        assert "null-members" in found["quirks_of"]["1.6"]
        assert "null-members" not in found["quirks_of"]["2.1"]
        assert "no-pongs" in found["quirks_of"]["2.1"]
        card = (await it.do("fault", fault="ground-failure")).json()
        assert card["evses"][0]["fault"] == "GroundFailure"
        assert (await it.do("quirks", quirks=["null-members"])).json()["quirks"] == ["null-members"]
        assert (await it.do("restart")).status_code == 200


async def test_what_cannot_be_done_is_told() -> None:
    async with desk() as it:
        assert (await it.do("unplug")).status_code == 400
        assert "no vehicle" in (await it.do("unplug")).json()["detail"]
        assert (await it.do("sing")).status_code == 400
        assert (await it.do("fault", fault="rain")).status_code == 400
        assert (await it.do("quirks", quirks=["repeated-seq-no"])).status_code == 400
        assert (await it.do("tap", token="")).status_code == 400
        assert (await it.do("plug", evse=9)).status_code == 404
        assert (await it.do("plug", colour=1)).status_code == 400
        assert (await it.http.post("/api/stations/CP9/plug", json={})).status_code == 404
        assert (await it.http.get("/other.js")).status_code == 404


async def test_frames_are_shown_while_they_are_said() -> None:
    async with desk() as it, connect(f"ws://127.0.0.1:{it.port}/api/frames") as socket:
        await it.do("plug")
        frame = json.loads(await socket.recv())
    assert (frame["station"], frame["way"]) == ("CP1", "sent")
    assert json.loads(frame["text"])[2] == "StatusNotification"


async def test_another_page_and_another_name_are_refused() -> None:
    async with desk() as it:
        foreign = {"origin": "http://evil.example"}
        assert (await it.http.get("/api/stations", headers=foreign)).status_code == 401
        named = {"host": f"evil.example:{it.port}"}
        assert (await it.http.get("/api/stations", headers=named)).status_code == 401
        own = {"origin": f"http://127.0.0.1:{it.port}"}
        assert (await it.http.get("/api/stations", headers=own)).status_code == 200
        with pytest.raises(InvalidStatus):
            async with connect(f"ws://127.0.0.1:{it.port}/api/frames", additional_headers=foreign):
                pass


async def test_the_page_is_whole_and_asks_nobody_else() -> None:
    async with desk() as it:
        page = await it.http.get("/")
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        for name in re.findall(r'(?:src|href)="/([^"]+)"', page.text):
            assert (await it.http.get(f"/{name}")).status_code == 200
    assert 'name="viewport"' in page.text
    files = "".join(
        (PAGE / each).read_text() for each in ("control.html", "control.css", "control.js")
    )
    assert not re.findall(r"https?://|innerHTML|style=|onclick=", files)


def test_a_page_that_does_not_read_loses_the_oldest_frames_and_pages_are_limited() -> None:
    panel = Panel({})
    with panel.watching() as queue:
        for number in range(QUEUE_MAX + 5):
            panel.note("CP1", "sent", str(number))
        assert queue.qsize() == QUEUE_MAX
        assert queue.get_nowait()["text"] == "5"
    looking = [panel.watching() for _ in range(WATCHERS_MAX)]
    for each in looking:
        each.__enter__()
    with pytest.raises(ValueError, match="at most"), panel.watching():
        pass
    for each in looking:
        each.__exit__(None, None, None)
