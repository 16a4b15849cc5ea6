"""Loading, trouble, a lost connection, nothing there: every screen says which of these it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from tests.browser.conftest import PICTURES
from tests.browser.console import Console, Server, opened
from tests.browser.screens import HELD, every_screen
from tests.browser.test_flows import PHONE

STUCK = """async () => {
    const isStuck = () => document.querySelector("main .waiting") !== null;
    for (let look = 0; look < 20 && isStuck(); look += 1) await new Promise(requestAnimationFrame);
    return isStuck();
}"""
"""Whether something still says that it loads, though nothing is on its way."""
TRY_AGAIN = """() => {
    document.querySelector("main [role=alert] button")?.click();
    return !document.querySelector("main [role=alert], main .waiting");
}"""
UUID = re.compile(r"[0-9a-f-]{36}")
PASSWORD = "correct horse battery"
TROUBLE = {"type": "about:blank", "title": "Try later", "status": 503, "detail": "It is closed."}
# Who is asking, and what is there to be asked: without these there is no console at all.
SHELL = ("/api/v1/me", "/api/v1/addresses")


class Wire:
    """What goes between a page and the server, which a spec can hold up, refuse or cut."""

    def __init__(self, page: Page) -> None:
        self.how = "open"
        self._held: list[Route] = []
        self._said: list[tuple[WebSocketRoute, WebSocketRoute, str | bytes]] = []
        self._sockets: list[WebSocketRoute] = []
        page.route("**/api/v1/**", self._asked)
        page.route_web_socket("**/api/v1/stream", self._connected)

    def _asked(self, route: Route) -> None:
        if self.how == "open" or urlsplit(route.request.url).path in SHELL:
            route.continue_()
        elif self.how == "held":
            self._held.append(route)
        elif self.how == "cut":
            route.abort()
        else:
            body = json.dumps(TROUBLE)
            route.fulfill(status=503, content_type="application/problem+json", body=body)

    def _connected(self, socket: WebSocketRoute) -> None:
        if self.how == "cut":
            socket.close()
            return
        server = socket.connect_to_server()
        self._sockets.append(socket)
        socket.on_message(lambda text: self._told(socket, server, text))

    def _told(self, socket: WebSocketRoute, server: WebSocketRoute, text: str | bytes) -> None:
        asked: Any = json.loads(text)
        if "subscribe" not in asked or self.how == "open":
            server.send(text)
        elif self.how == "held":
            self._said.append((socket, server, text))
        else:
            socket.send(json.dumps({"id": asked["subscribe"], "problem": TROUBLE}))

    def open(self) -> None:
        """Let everything through from now on, and what was held up."""
        self.how = "open"
        for route in self._held:
            route.continue_()
        for _, server, text in self._said:
            server.send(text)
        self._held, self._said = [], []

    def cut(self) -> None:
        """Nothing gets through any more."""
        self.how = "cut"
        for socket in self._sockets:
            socket.close()
        self._sockets = []


@pytest.fixture
def watcher(
    browser: Browser, server: Server, cookies: list[dict[str, object]]
) -> Iterator[Console]:
    """A page whose browser may complain: that is what it is for."""
    with opened(browser, server, PICTURES, cookies=cookies) as console:
        yield console


def test_every_screen_says_that_it_is_loading_and_then_shows_what_came(watcher: Console) -> None:
    paths = every_screen(watcher, 0)
    wire = Wire(watcher.page)
    for path in paths:
        wire.how = "held"
        page = watcher.open(path, ready="main")
        expect(page.locator("main [role=status]", has_text="Loading").first).to_be_visible()
        wire.open()
        page.wait_for_function(HELD)
        expect(page.get_by_role("alert")).to_have_count(0)


def test_every_screen_tells_trouble_and_goes_on_when_asked_to(watcher: Console) -> None:
    paths = every_screen(watcher, 1)
    wire = Wire(watcher.page)
    page = watcher.page
    unclear = []
    for path in paths:
        wire.how = "refused"
        watcher.open(path, ready="main [role=alert]")
        alert = page.get_by_role("alert")
        expect(alert.first).to_contain_text("It is closed.")
        if page.evaluate(STUCK):
            unclear.append(path)
        wire.open()
        # One trouble may stand behind another: each is tried again.
        page.wait_for_function(TRY_AGAIN, polling=300)
    assert unclear == []


def test_every_screen_keeps_what_it_has_without_a_connection(watcher: Console) -> None:
    paths = every_screen(watcher, 2)
    wire = Wire(watcher.page)
    page = watcher.page
    for path in paths:
        watcher.open(path, ready="main h1")
        page.wait_for_function(HELD)
        expect(page.locator("header").get_by_text("Live")).to_be_visible()
        wire.cut()
        expect(page.get_by_text("No connection").first).to_be_visible()
        expect(page.locator("main h1")).to_be_visible()
        wire.how = "open"
    expect(page.locator("header").get_by_text("Live")).to_be_visible()
    expect(page.get_by_text("No connection")).to_have_count(0)


EMPTY = {
    "/": "Nothing is planned", "/stations": "No station yet", "/transactions": "No transaction yet",
    "/reservations": "Nothing has been reserved yet", "/id-tokens": "No id token yet",
    "/sites": "No site", "/templates": "Nothing is wanted", "/security": "No security event",
}  # fmt: skip


def test_every_screen_of_a_tenant_that_has_nothing_says_so(
    browser: Browser, server: Server
) -> None:
    headers = {"Authorization": f"Bearer {server.token}"}
    wish = {"name": "Emptywind", "administrator": "nemo", "password": PASSWORD}
    address = f"{server.address}/api/v1/tenants"
    made = httpx.post(address, json=wish, headers=headers, timeout=20).raise_for_status().json()
    with opened(browser, server, PICTURES) as console:
        page = console.page
        page.goto(f"{server.address}/?tenant={made['id']}")
        page.fill("input[name=name]", "nemo")
        page.fill("input[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("main#content h1")
        for path, told in EMPTY.items():
            console.open(path, ready="main h1")
            page.wait_for_function(HELD)
            expect(page.locator("tbody tr[data-row]")).to_have_count(0)
            expect(page.locator("main")).to_contain_text(told)
        console.judge()


def test_every_screen_fits_a_phone_in_german_and_in_the_dark(
    browser: Browser, server: Server, cookies: list[dict[str, object]]
) -> None:
    with opened(browser, server, PICTURES, cookies=cookies, **PHONE) as console:
        for path in every_screen(console, 3):
            page = console.open(path, ready="main h1")
            page.wait_for_function(HELD)
            expect(page.locator("html")).to_have_attribute("lang", "de")
            console.look(f"phone{UUID.sub('one', path).replace('/', '-')}", schemes=["dark"])
        console.judge()
