"""Somebody who is limited to a site: the console shows what is there, live, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PICTURES
from tests.browser.console import Server, opened

PASSWORD = "a horse of the south 7"


@pytest.fixture
def max_(server: Server) -> Iterator[Server]:
    """The same server, for an operator of Munich, who is gone afterwards."""
    name = "max"
    person = {"name": name, "password": PASSWORD, "role": "operator", "sites": ["demo-muenchen"]}
    headers = {"Authorization": f"Bearer {server.token}"}
    users = f"{server.address}/api/v1/users"
    added = httpx.post(users, json=person, headers=headers).raise_for_status().json()
    yield Server(server.address, server.stations, name, PASSWORD, server.token)
    httpx.delete(f"{users}/{added['id']}", headers=headers).raise_for_status()


def test_whoever_is_limited_to_a_site_lives_by_the_stream_of_it(
    browser: Browser, max_: Server
) -> None:
    with opened(browser, max_, PICTURES) as console:
        console.log_in()
        page = console.page
        theirs = len(max_.get("stations?site_id=demo-muenchen")["items"])
        connected = page.get_by_text(re.compile(f"of {theirs}$"))
        expect(connected).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        console.look("limited-overview", schemes=["light"])
        menu = page.get_by_role("navigation", name="Main menu")
        expect(menu.get_by_role("link", name="Stations")).to_be_visible()
        for closed in ("Id tokens", "Security", "Users"):
            expect(menu.get_by_role("link", name=closed)).to_have_count(0)
        menu.get_by_role("link", name="Stations").click()
        expect(page.locator("tbody tr[data-row]")).to_have_count(theirs)
        page.get_by_role("button", name="Map", exact=True).click()
        expect(page.locator(".place button")).to_have_count(1)
        page.get_by_role("button", name=f"München: {theirs} stations").click()
        place = page.get_by_role("dialog", name="München")
        place.get_by_role("link", name="DEMO-21", exact=True).click()
        expect(page.get_by_role("heading", name="EVSE 1")).to_be_visible()
        # What stations can be given is shown to them too.
        console.open("/stations/DEMO-21/firmware", ready="text=There is no image for this station")
        expect(page.get_by_role("alert")).to_have_count(0)
        console.judge()


def test_a_new_station_is_put_at_the_own_site(
    browser: Browser, max_: Server, made: list[str]
) -> None:
    made.append("stations/SOUTH-1")
    with opened(browser, max_, PICTURES) as console:
        console.log_in()
        page = console.open("/stations", ready="tbody tr[data-row]")
        page.get_by_role("button", name="Register a station").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Id", exact=True).fill("SOUTH-1")
        dialog.get_by_label("Site").select_option("München")
        dialog.get_by_role("button", name="Register a station").click()
        expect(dialog.get_by_text("SOUTH-1 is registered")).to_be_visible()
        assert max_.get("stations/SOUTH-1")["site_id"] == "demo-muenchen"
        console.judge()
