"""Stations on the map: the same as in the table, by mouse and keyboard, from this server alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PICTURES
from tests.browser.console import Console, Server, opened

PHONE = {"width": 390, "height": 844}
PINS = ".place button"
MAP = "/stations?view=map"


def shown(console: Console, path: str = MAP) -> Page:
    page = console.open(path, ready=PINS)
    page.wait_for_selector(".land", state="attached")
    return page


SUM_OF_PINS = """(count) => [...document.querySelectorAll(".place button")]
    .map((each) => Number(/(\\d+) station/.exec(each.ariaLabel)?.[1] ?? 0))
    .reduce((sum, each) => sum + each, 0) === count"""
SUM_OF_STATES = """(count) => [...document.querySelectorAll("ul[aria-label=State] li")]
    .map((each) => Number(each.textContent.split(":")[1]))
    .reduce((sum, each) => sum + each, 0) === count"""


@pytest.fixture
def placed(server: Server) -> int:
    """How many stations have a place."""
    stations = server.get("stations?limit=1000")["items"]
    return len([each for each in stations if each["site_id"]])


def test_every_station_of_the_demonstration_is_on_the_map(console: Console, placed: int) -> None:
    page = shown(console)
    expect(page.get_by_role("button", name="München: 3 stations")).to_be_visible()
    page.wait_for_function(SUM_OF_PINS, arg=placed)
    console.look("map")
    expect(page.get_by_role("list", name="State")).to_be_visible()
    page.wait_for_function(SUM_OF_STATES, arg=placed)


def test_a_map_asks_this_server_alone_and_obeys_its_policy(console: Console) -> None:
    asked: list[str] = []
    console.page.on("request", lambda request: asked.append(request.url))
    answer = console.page.goto(console.server.address + MAP)
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    console.page.wait_for_selector(".land", state="attached")
    assert any("countries" in url for url in asked)
    assert all(url.startswith(console.server.address) for url in asked)


def test_the_keyboard_goes_nearer_opens_a_place_and_comes_back(console: Console) -> None:
    page = shown(console, f"{MAP}&q=DEMO-21&at=50.0,10.0,5")
    pin = page.get_by_role("button", name="München: 2 stations")
    pin.focus()
    page.keyboard.press("Enter")
    place = page.get_by_role("dialog", name="München")
    expect(place).to_be_focused()
    expect(place.get_by_role("link", name="DEMO-21", exact=True)).to_be_visible()
    expect(place.get_by_role("link", name="DEMO-21-FAST")).to_be_visible()
    console.look("map-place")
    page.keyboard.press("Escape")
    expect(place).to_be_hidden()
    expect(pin).to_be_focused()
    page.keyboard.press("Enter")
    place.get_by_role("link", name="DEMO-21-FAST").press("Enter")
    page.wait_for_url("**/stations/DEMO-21-FAST")


def test_places_that_lie_together_come_apart_when_one_goes_nearer(
    console: Console, placed: int
) -> None:
    page = shown(console, f"{MAP}&at=51.0,11.0,5")
    pins = page.locator(PINS)
    together = page.get_by_role("button", name="2 sites: 4 stations")
    expect(together).to_be_visible()
    together.click()
    expect(page.get_by_role("button", name="Potsdam: 1 station:")).to_be_visible()
    expect(page.get_by_role("button", name="Berlin: 3 stations")).to_be_visible()
    expect(page).to_have_url(re.compile("at=52.4"))
    page.get_by_role("button", name="Show all").click()
    expect(pins).to_have_count(3)
    page.get_by_role("button", name="Zoom out").click()
    page.wait_for_function(SUM_OF_PINS, arg=placed)


def test_table_and_map_share_what_is_looked_for_through_the_address(console: Console) -> None:
    page = shown(console)
    page.get_by_role("searchbox").fill("odd")
    expect(page.locator(PINS)).to_have_count(2)
    page.locator("summary", has_text="OCPP").click()
    page.get_by_label(re.compile("^2.0.1")).check()
    expect(page.get_by_role("button", name="Hamburg: 1 station")).to_be_visible()
    expect(page.locator(PINS)).to_have_count(1)
    page.get_by_role("button", name="Table", exact=True).click()
    expect(page.locator("tbody tr[data-row]")).to_have_count(1)
    page.get_by_role("button", name="Map", exact=True).click()
    expect(page.locator(PINS)).to_have_count(1)
    page.reload()
    expect(page.locator(PINS)).to_have_count(1)
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_role("button", name="Hamburg: 2 stations")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("button", name="München")).to_be_visible()
    page.get_by_role("searchbox").fill("no such station")
    expect(page.get_by_text("No station that fits has a place.")).to_be_visible()


def test_the_map_works_on_a_phone_in_german(
    browser: Browser, server: Server, cookies: list[dict[str, object]]
) -> None:
    with opened(
        browser, server, PICTURES, cookies=cookies, viewport=PHONE, locale="de-DE", has_touch=True
    ) as console:
        page = shown(console)
        page.get_by_role("button", name="München: 3 Stationen").tap()
        place = page.get_by_role("dialog", name="München")
        expect(place.get_by_role("link", name="DEMO-201")).to_be_visible()
        console.look("map-phone")
        place.get_by_role("button", name="Schließen").tap()
        expect(place).to_be_hidden()
        console.judge()
