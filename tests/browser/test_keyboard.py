"""Every screen by keyboard alone: Tab reaches all there is to do, Escape leads back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.console import Console
from tests.browser.screens import HELD, every_screen

# What can be used: shown, not switched off, and not left out of the order on purpose. Of a group
# of radio buttons Tab reaches one.
USABLE = """[...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((each) => each.checkVisibility({visibilityProperty: true}) && !each.matches(
        ":disabled, [tabindex='-1'], input[type=radio]:not(:checked)"))"""
LISTEN = """() => {
    addEventListener("focusin", (event) => { event.target.dataset.reached = "1"; });
    document.body.focus();
}"""
COUNT = f"() => {USABLE}.length"
MISSED = f"""() => {USABLE}.filter((each) => !each.dataset.reached)
    .map((each) => each.outerHTML.slice(0, 160))"""
TABS_MAX = 400
# So that tables are short: a row has the same in it wherever it is.
SHORT = {
    "/stations": "?q=DEMO-21", "/transactions": "?q=no-such", "/id-tokens": "?q=driver01",
    "/audit-log": "?action=log_in", "/settings": "?q=port", "/frames": "?q=BootNotification",
    "/variables": "?q=Heartbeat",
}  # fmt: skip


def walk(page: Page) -> list[str]:
    """Press Tab until all has been reached; what has not been."""
    page.evaluate(LISTEN)
    missed: list[str] = []
    for _ in range(4):  # what came meanwhile is reached in another round
        for _ in range(min(page.evaluate(COUNT) + 10, TABS_MAX)):
            page.keyboard.press("Tab")
        missed = page.evaluate(MISSED)
        if not missed:
            break
    return missed


def test_tab_reaches_everything_on_every_screen(console: Console) -> None:
    missed = {}
    for path in every_screen(console, 4):
        page = console.open(path + SHORT.get(path[path.rindex("/") :], ""), ready="main h1")
        page.wait_for_function(HELD)
        if left := walk(page):
            missed[path] = left
    assert missed == {}


def test_the_palette_opens_on_every_screen_and_leads_back(console: Console) -> None:
    for path in every_screen(console, 5):
        page = console.open(path, ready="main h1")
        page.wait_for_function(HELD)
        start = page.get_by_role("navigation", name="Main menu").get_by_role("link").nth(1)
        start.focus()
        page.keyboard.press("Control+k")
        expect(page.get_by_role("combobox", name="Find")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(start).to_be_focused()


DIALOGS = {
    "/stations": ("Connect a wallbox", "Register a station"),
    "/id-tokens": ("Add an id token",),
    "/sites": ("Add a site",),
    "/templates": ("Add a template",),
    "/users": ("Add a user",),
    "/api-tokens": ("Add an API token",),
    "/tenants": ("Add a tenant",),
    "/account": ("Add an app for codes",),
}


def test_escape_closes_a_dialog_and_what_opened_it_has_the_focus_again(console: Console) -> None:
    page = console.page
    for path, openers in DIALOGS.items():
        console.open(path, ready="main h1")
        page.wait_for_function(HELD)
        for name in openers:
            opener = page.locator("main").get_by_role("button", name=name)
            for leave in ("Escape", "Close"):
                opener.focus()
                page.keyboard.press("Enter")
                dialog = page.get_by_role("dialog")
                expect(dialog).to_be_visible()
                expect(dialog.locator(":focus")).to_have_count(1)
                if leave == "Escape":
                    page.keyboard.press("Escape")
                else:
                    dialog.get_by_role("button", name="Close").first.press("Enter")
                expect(dialog).to_have_count(0)
                expect(opener).to_be_focused()


def test_menus_close_with_escape_and_keep_the_focus(console: Console) -> None:
    page = console.open("/stations", ready="tbody a")
    for name in ("OCPP", "Registration"):
        facet = page.locator("summary", has_text=name).first
        facet.focus()
        page.keyboard.press("Enter")
        expect(page.locator("details[open] fieldset")).to_be_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        expect(page.locator("details[open]")).to_have_count(0)
        expect(facet).to_be_focused()
    account = page.locator("header summary")
    account.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="My account")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="My account")).to_be_hidden()
    expect(account).to_be_focused()


def test_the_palette_begins_actions_and_finds_settings(console: Console) -> None:
    page = console.open("/", ready="nav li a")
    for words, heading in (
        ("register station", "Register a station"),
        ("add site", "Add a site"),
        ("add api token", "Add an API token"),
    ):
        page.keyboard.press("Control+k")
        find = page.get_by_role("combobox", name="Find")
        find.fill(words)
        expect(page.get_by_role("dialog").get_by_role("option").first).to_contain_text("Actions")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page).not_to_have_url(re.compile("new="))
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find").fill("simul pages")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_contain_text("Simulator")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/simulator$"))
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find").fill("secret_key")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_contain_text("Setting")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr[data-row]").first).to_contain_text("secret_key")
