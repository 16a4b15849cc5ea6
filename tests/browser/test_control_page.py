"""The page of `chargeplane simulate --control`, in a browser."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial

import pytest
from playwright.sync_api import Browser, Locator, expect

from chargeplane.station import Ev, Station
from chargeplane.station.control import Panel, create_control
from chargeplane.station.quirks import QUIRKS
from chargeplane.web.server import WebServer
from tests.browser.conftest import PICTURES
from tests.browser.console import Console, Server, opened
from tests.station.server import server as central_system

OFFLINE = "CP-with-a-long-name-that-is-not-reached-yet"
READY_S = 60.0


class Desk:
    """Two stations that are online and one that is not, on a loop in a thread."""

    def __init__(self) -> None:
        self.address = ""
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()])

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(READY_S), "the stations are not ready"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(READY_S)
        self._loop.close()

    async def _run(self) -> None:
        stations: dict[str, Station] = {}
        panel = Panel(stations, sorted(QUIRKS))
        async with AsyncExitStack() as stack:
            at = await stack.enter_async_context(central_system())
            for identity, version in (("CP16", "1.6"), ("CP21", "2.1"), (OFFLINE, "2.0.1")):
                is_off = identity == OFFLINE
                url = "ws://127.0.0.1:9/ocpp" if is_off else at.url
                note = partial(panel.note, identity)
                station = Station(
                    identity,
                    url=url,
                    version=version,
                    frame=note,
                    ready_timeout_s=None if is_off else READY_S,
                )
                stations[identity] = await stack.enter_async_context(station)
            await stations["CP21"].plug_in(1, Ev(soc=0.4))
            await stations["CP21"].tap("DRIVER02")
            web = WebServer(create_control(panel), "127.0.0.1", 0)
            await stack.enter_async_context(web)
            self.address = f"http://127.0.0.1:{web.port}"
            self._ready.set()
            await self._stop.wait()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    desk = Desk()
    desk.start()
    yield desk.address
    desk.stop()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Console]:
    with opened(browser, Server(address, "", "", "", ""), PICTURES) as console:
        yield console
        console.judge()


def card_of(console: Console, identity: str) -> Locator:
    console.open("/", ready=".card >> nth=2")
    return console.page.locator(".card").filter(has_text=identity)


def test_a_visit_by_hand_and_the_frames_that_it_makes(page: Console) -> None:
    card = card_of(page, "CP16")
    evse = card.get_by_role("group", name="EVSE 2")
    evse.get_by_label("Token").fill("DRIVER07")
    evse.get_by_role("button", name="Plug", exact=True).click()
    expect(evse).to_contain_text("Preparing")
    evse.get_by_role("button", name="Tap card").click()
    expect(evse).to_contain_text("Charging · 11.0 kW")
    expect(evse).to_contain_text("DRIVER07")
    page.page.get_by_label("Only of").select_option("CP16")
    frames = page.page.get_by_role("list", name=re.compile("^Frames"))
    expect(frames).to_contain_text("StartTransaction")
    for size, width_px in {"": 1_360, "-narrow": 400}.items():
        page.page.set_viewport_size({"width": width_px, "height": 860})
        page.look(f"control{size}")
    evse.get_by_role("button", name="Tap card").click()
    evse.get_by_role("button", name="Unplug").click()
    expect(evse).to_contain_text("Available")


def test_quirks_and_faults_are_those_of_the_version_and_the_evse(page: Console) -> None:
    card = card_of(page, "CP21")
    names = card.get_by_label("Quirk").locator("option")
    expect(names.filter(has_text="repeated-seq-no")).to_have_count(1)
    expect(names.filter(has_text="null-members")).to_have_count(0)
    for name, told in (("no-pongs", ""), ("repeated-seq-no", " · no-pongs")):
        card.get_by_label("Quirk").select_option(name)
        card.get_by_role("button", name="Add").click()
        expect(card.locator("> .state")).to_have_text(f"online{told} · {name}")
    card.get_by_role("button", name="Clear").click()
    expect(card.locator("> .state")).to_have_text("online")
    card.get_by_label("Fault").select_option("ground-failure")
    card.locator("select[name=evse]").select_option("2")
    card.get_by_role("button", name="Break").click()
    expect(card.get_by_role("group", name="EVSE 2")).to_contain_text("GroundFailure")
    expect(card.get_by_role("group", name="EVSE 1")).to_contain_text("Charging")


def test_what_cannot_be_done_is_said_and_why_a_station_is_offline(page: Console) -> None:
    card = card_of(page, OFFLINE)
    expect(card).to_contain_text("offline · Connection refused")
    evse = card.get_by_role("group", name="EVSE 1")
    evse.get_by_label("Token").fill("")
    evse.get_by_role("button", name="Tap card").click()
    told = page.page.get_by_role("status")
    expect(told).to_have_text(f"{OFFLINE}: a token has at least one character")
    noted = [each for each in page.faults if "400" in each]  # by the browser, as it should
    assert noted == page.faults
    page.faults.clear()
    evse.get_by_role("button", name="Plug", exact=True).click()
    expect(told).to_have_text(f"{OFFLINE}: plug done")
