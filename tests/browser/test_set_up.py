"""The first start: one link, one administrator, who is inside at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PICTURES
from tests.browser.console import Server, opened
from tests.cli.calling import lines_until, ports, process, told

PASSWORD = "a long enough password"


@pytest.fixture
def link(browser: Browser, tmp_path: Path) -> Iterator[str]:
    """Of a new installation."""
    with (
        (tmp_path / "log").open("w") as log,
        process(tmp_path, "serve", *ports(), errors=log) as running,
    ):
        yield told(lines_until(running, "Ctrl-C"), "Set up")


def fill(page: Page, name: str, *passwords: str) -> None:
    page.locator("#name").fill(name)
    page.locator("#password").fill(passwords[0])
    page.locator("#again").fill(passwords[-1])
    page.locator("button[type=submit]").click()


def test_the_link_of_the_first_start_makes_one_administrator_who_is_inside_at_once(
    browser: Browser, link: str
) -> None:
    address = link.partition("/setup")[0]
    with opened(browser, Server(address, "", "ada", PASSWORD, ""), PICTURES) as console:
        page = console.page
        page.goto(link)
        expect(page).to_have_url(f"{address}/setup")  # the word is in no history
        expect(page.get_by_role("heading", name="Set the installation up")).to_be_visible()
        console.look("set-up")
        fill(page, "ada", PASSWORD, "another long password")
        expect(page.get_by_role("alert")).to_have_text("The two passwords differ.")
        fill(page, "ada", PASSWORD)
        expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
        expect(page.get_by_label("Account of ada")).to_be_visible()
        expect(page.get_by_role("link", name="Simulator")).to_have_count(0)
        page.keyboard.press("Control+k")
        page.get_by_role("combobox", name="Find").fill("simulator")
        found = page.get_by_role("dialog").get_by_role("option")
        expect(found).to_have_count(1)  # the setting alone: there is no such page here
        expect(found).to_contain_text("Setting")
        console.judge()

    other = Server(address, "", "eve", PASSWORD, "")
    with opened(browser, other, PICTURES, locale="de-DE") as console:
        page = console.page
        page.goto(link)
        expect(page.get_by_role("heading", name="Die Installation einrichten")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", "de")
        console.look("set-up-german")
        fill(page, "eve", PASSWORD)
        expect(page.get_by_role("alert")).to_contain_text("schon benutzt")
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("heading", name="Set the installation up")).to_be_visible()
        fill(page, "eve", PASSWORD)
        expect(page.get_by_role("alert")).to_contain_text("was used")
        page.goto(address)
        expect(page.get_by_label("Password")).to_be_visible()  # in nobody's name


def test_a_new_installation_is_set_up_in_german_on_a_phone(browser: Browser, link: str) -> None:
    address = link.partition("/setup")[0]
    phone = {"width": 390, "height": 844}
    server = Server(address, "", "ada", PASSWORD, "")
    with opened(browser, server, PICTURES, locale="de-DE", viewport=phone) as console:
        page = console.page
        page.goto(link)
        expect(page.get_by_role("button", name="Administrator werden")).to_be_visible()
        console.look("set-up-german-phone", schemes=["dark"])
        fill(page, "ada", PASSWORD)
        expect(page.get_by_role("heading", name="Übersicht", level=1)).to_be_visible()
        console.judge()
