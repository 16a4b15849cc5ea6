"""Long lists are the server's; and what looks after the installation itself."""

from __future__ import annotations

import csv
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PICTURES
from tests.browser.console import Console, Server, opened
from tests.browser.test_flows import PHONE
from tests.browser.test_more_screens import PASSWORD as PHONE_PASSWORD
from tests.browser.test_more_screens import add_user, code_of, log_in

PASSWORD = "correct horse battery"
LONG_AGO_US = 3_600_000_000
ROWS = "tbody tr[data-row]"


def saved(page: Page) -> list[list[str]]:
    """The rows of the CSV file, without its head."""
    with page.expect_download() as saving:
        page.get_by_role("button", name="CSV").click()
    with Path(saving.value.path()).open(encoding="utf-8", newline="") as file:
        return [*csv.reader(file)][1:]


def make_log_ins_old(server: Server) -> None:
    """As if the last who has logged in had done so an hour ago."""
    with sqlite3.connect(server.data / "chargeplane.db", timeout=10) as database:
        newest = "SELECT max(created_at) FROM api_tokens WHERE user_id IS NOT NULL"
        change = "UPDATE api_tokens SET created_at = created_at - ? "
        database.execute(f"{change} WHERE created_at = ({newest})", [LONG_AGO_US])
    database.close()


def test_transactions_are_found_by_the_server_and_the_address_holds_it(console: Console) -> None:
    page = console.open("/transactions", ready="tbody a")
    one = console.server.wait_for("transactions?limit=1")
    page.get_by_role("searchbox").fill(one["station_id"].lower())
    stations = page.locator(f"{ROWS} a[href^='/stations/']")
    expect(page).to_have_url(re.compile(f"q={one['station_id'].lower()}"))
    others = stations.filter(has_not_text=one["station_id"])
    expect(stations.first).to_contain_text(one["station_id"])
    expect(others).to_have_count(0)
    page.reload()
    expect(stations.first).to_contain_text(one["station_id"])
    expect(others).to_have_count(0)
    expect(page.get_by_role("searchbox")).to_have_value(one["station_id"].lower())
    page.get_by_role("button", name="Clear filters").click()
    page.locator("summary", has_text="State").click()
    page.get_by_label("Active").check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Station", exact=True).click()
    expect(page).to_have_url(re.compile("state=active.*sort=station_id"))
    console.look("transactions-found")
    rows = saved(page)
    names = [row[1] for row in rows]
    assert names == sorted(names)
    assert {row[4] for row in rows} == {"Active"}
    page.goto(f"{console.server.address}/transactions?to=2020-01-01")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()


def test_a_token_leads_to_its_transactions_and_back(console: Console) -> None:
    one = console.server.wait_for("transactions?limit=1")
    page = console.open("/id-tokens", ready=ROWS)
    page.get_by_role("searchbox").fill(one["id_token"].lower())
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.get_by_text("1 row", exact=True)).to_be_visible()
    page.get_by_role("button", name=one["id_token"], exact=True).click()
    page.get_by_role("link", name="Its transactions").click()
    expect(page).to_have_url(re.compile(f"token={one['id_token']}"))
    cards = page.locator(f"{ROWS} a[href^='/id-tokens']")
    expect(cards.first).to_have_text(one["id_token"])
    expect(cards.filter(has_not_text=one["id_token"])).to_have_count(0)
    cards.first.click()
    expect(page.get_by_role("searchbox")).to_have_value(one["id_token"])


def test_id_tokens_are_filtered_and_sorted_by_the_server(console: Console) -> None:
    page = console.open("/id-tokens?status=accepted&sort=-token", ready=ROWS)
    tokens = [each["token"] for each in console.server.get("id-tokens?sort=-token")["items"]]
    expect(page.locator(f"{ROWS} button.link").first).to_have_text(tokens[0])
    rows = saved(page)
    assert {row[1] for row in rows} == {"Accepted"}
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Iterator[Console]:
    """Somebody with a session of their own, which a test may end."""
    with opened(browser, server, PICTURES) as console:
        console.log_in()
        yield console


def test_an_old_log_in_is_asked_for_again_and_what_was_wanted_goes_on(visitor: Console) -> None:
    make_log_ins_old(visitor.server)
    page = visitor.open("/api-tokens", ready=ROWS)
    page.get_by_role("button", name="Add an API token").click()
    page.locator("input[name=name]").fill("of-later")
    page.get_by_role("button", name="Save").click()
    again = page.get_by_role("dialog", name="Log in again")
    expect(again.get_by_label("Name")).to_have_value(visitor.server.name)
    expect(again.get_by_label("Password")).to_be_focused()
    visitor.look("log-in-again")
    again.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(again.get_by_role("alert")).to_contain_text("wrong")
    again.get_by_label("Password").fill(visitor.server.password)
    page.keyboard.press("Enter")
    expect(page.get_by_text("The API token of-later is ready")).to_be_visible()
    expect(again).to_have_count(0)
    # It still is a session, the only one of this browser, with a stream.
    page.get_by_role("dialog").get_by_text("Close", exact=True).click()
    expect(page.locator("header").get_by_text("Live")).to_be_visible()
    page.get_by_role("button", name="Remove the API token of-later").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator(ROWS)).to_have_count(1)


def test_who_does_not_log_in_again_is_refused_and_stays(visitor: Console) -> None:
    make_log_ins_old(visitor.server)
    page = visitor.open("/api-tokens", ready=ROWS)
    page.get_by_role("button", name="Add an API token").click()
    page.locator("input[name=name]").fill("never")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("dialog", name="Log in again").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("logged in within 5 minutes")
    expect(page.locator("input[name=name]")).to_have_value("never")


def test_settings_say_what_applies_and_what_sets_it(console: Console) -> None:
    page = console.open("/settings", ready=ROWS)
    port = page.locator(ROWS).filter(has=page.get_by_role("button", name="port", exact=True))
    expect(port).to_contain_text("--port")
    expect(port).to_contain_text(console.server.address.rpartition(":")[2])
    console.look("settings-of-the-program")
    page.get_by_role("searchbox").fill("secret_key")
    page.get_by_role("button", name="secret_key", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("CHARGEPLANE_SECRET_KEY")
    expect(dialog).to_contain_text("not set")
    console.look("setting", schemes=["light"])


def test_what_a_tenant_prefers_is_changed_and_taken_back(console: Console) -> None:
    page = console.open("/settings", ready=ROWS)
    word = "Heartbeat of a station, every so many seconds"
    row = page.get_by_role("listitem").filter(has_text=word)
    expect(row).to_contain_text("300")
    row.get_by_role("button", name=f"Change {word}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Between 10 and 86,400; the default is 300.")).to_be_visible()
    dialog.get_by_label("Value").fill("900")
    console.look("preference")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("900")
    expect(row).to_contain_text("by admin")
    console.look("settings", schemes=["dark"])
    row.get_by_role("button", name=f"Change {word}").click()
    dialog.get_by_role("button", name="Back to the default").click()
    expect(row).to_contain_text("Default")
    expect(row).to_contain_text("300")
    tokens = page.get_by_role("listitem").filter(has_text="Id tokens that nobody has added")
    expect(tokens).to_contain_text("are turned away")
    tokens.get_by_role("button").click()
    expect(dialog.get_by_label("Value")).to_have_value("reject")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_tenant_is_added_renamed_closed_opened_again_and_removed(
    visitor: Console, stranger: Console
) -> None:
    console = visitor
    page = console.open("/tenants", ready=ROWS)
    page.get_by_role("button", name="Add a tenant").click()
    page.locator("input[name=name]").fill("Northwind")
    page.locator("input[name=administrator]").fill("nora")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    address = dialog.locator("code").inner_text()
    dialog.get_by_text("Close", exact=True).click()
    page.get_by_role("button", name="Rename Northwind").click()
    page.locator("input[name=name]").fill("Southwind")
    console.look("tenant", schemes=["light"])
    page.get_by_role("button", name="Save").click()
    expect(page.locator(ROWS).filter(has_text="Southwind")).to_have_count(1)
    console.look("tenants")

    theirs = stranger.page
    theirs.goto(address)
    expect(theirs.get_by_text("Log in to the tenant")).to_be_visible()
    stranger.look("log-in-of-a-tenant")
    theirs.fill("input[name=name]", "nora")
    theirs.fill("input[name=password]", PASSWORD)
    theirs.keyboard.press("Enter")
    menu = theirs.get_by_role("navigation", name="Main menu")
    expect(menu.get_by_text("Users")).to_be_visible()
    expect(menu.get_by_text("Tenants")).to_have_count(0)
    stranger.open("/settings", ready="text=What you may change here")
    expect(theirs.get_by_text("What the program was started with")).to_have_count(0)
    stranger.open("/stations", ready="text=No station")

    row = page.locator(ROWS).filter(has_text="Southwind")
    row.get_by_role("button", name="Close Southwind").click()
    expect(dialog.get_by_text("Users: 1")).to_be_visible()
    close = dialog.get_by_role("button", name="Close", exact=True).last
    dialog.get_by_label("Type the name").fill("Southwin")
    expect(close).to_be_disabled()
    console.look("tenant-closing")
    dialog.get_by_label("Type the name").fill("Southwind")
    close.click()
    expect(row).to_contain_text("Closed")
    theirs.reload()
    expect(theirs.get_by_label("Password")).to_be_visible()
    console.look("tenants-closed")
    row.get_by_role("button", name="Open Southwind again").click()
    dialog.get_by_role("button", name="Open again").click()
    expect(row).to_contain_text("Open")
    row.get_by_role("button", name="Close Southwind").click()
    dialog.get_by_label("Type the name").fill("Southwind")
    close.click()
    with page.expect_download() as saving:
        row.get_by_role("link", name="Export the audit log of Southwind").click()
    assert "log_in" in saving.value.path().read_text(encoding="utf-8")
    row.get_by_role("button", name="Remove Southwind").click()
    expect(dialog.get_by_text("Everything that it has goes with it")).to_be_visible()
    dialog.get_by_label("Type the name").fill("Southwind")
    console.look("tenant-removing", schemes=["light"])
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(row).to_have_count(0)
    console.judge()


def test_what_a_token_is_limited_to_is_said_when_it_is_made(visitor: Console) -> None:
    page = visitor.open("/api-tokens", ready=ROWS)
    page.get_by_role("button", name="Add an API token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("meter-reader")
    dialog.get_by_label("Role").select_option("accountant")
    dialog.get_by_label("Only these permissions").fill("transactions:read, stations:read")
    dialog.get_by_label("Only at these sites").fill("demo-berlin")
    visitor.look("token-limited", schemes=["light"])
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("The API token meter-reader is ready")).to_be_visible()
    dialog.get_by_text("Close", exact=True).click()
    found = visitor.server.get("api-tokens?limit=1000")["items"]
    [made] = [each for each in found if each["name"] == "meter-reader"]
    assert made["permissions"] == ["stations:read", "transactions:read"]
    assert (made["role"], made["sites"]) == ("accountant", ["demo-berlin"])
    page.get_by_role("button", name="Change meter-reader").click()
    expect(dialog.get_by_text("Sites: demo-berlin.")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove the API token meter-reader").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.locator(ROWS).filter(has_text="meter-reader")).to_have_count(0)
    visitor.judge()


def test_the_second_factors_of_somebody_who_has_lost_the_phone_are_removed(
    visitor: Console, stranger: Console, made: list[str]
) -> None:
    server = visitor.server
    add_user(server, made, "Fay", "viewer")
    given = {"name": "Fay", "password": PHONE_PASSWORD}
    api = f"{server.address}/api/v1"
    session = httpx.post(f"{api}/sessions", json=given, timeout=20).raise_for_status().json()
    headers = {"Authorization": f"Bearer {session['token']}"}
    app = httpx.post(f"{api}/me/totp", json={"name": "Phone"}, headers=headers, timeout=20).json()
    code = {"code": code_of(app["secret"])}
    confirm = f"{api}/me/totp/{app['id']}/confirm"
    httpx.post(confirm, json=code, headers=headers, timeout=20).raise_for_status()
    page = visitor.open("/users", ready=ROWS)
    row = page.locator(ROWS).filter(has_text="Fay")
    expect(row).to_contain_text("Set")
    visitor.look("users-with-factor", schemes=["light"])
    row.get_by_role("button", name="Remove the second factors of Fay").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the second factors").click()
    expect(row).to_contain_text("None")
    visitor.judge()
    log_in(stranger.page, server, "Fay")
    stranger.page.wait_for_selector("main#content h1")


def test_these_screens_work_in_german_on_a_phone(
    browser: Browser, server: Server, cookies: list[dict[str, object]]
) -> None:
    with opened(browser, server, PICTURES, cookies=cookies, **PHONE) as console:
        for path, title in (
            ("/transactions", "Ladevorgänge"),
            ("/id-tokens", "Ladekarten"),
            ("/settings", "Einstellungen"),
            ("/tenants", "Mandanten"),
        ):
            page = console.open(path, ready=ROWS)
            expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
            console.look(f"phone{path.replace('/', '-')}", schemes=["dark"])
        console.judge()


def test_a_bulk_action_counts_and_goes_on_where_it_stopped(
    console: Console, made: list[str]
) -> None:
    server, page = console.server, console.page
    headers = {"Authorization": f"Bearer {server.token}"}
    for token in ("BULK-1", "BULK-2"):
        made.append(f"id-tokens/{token}")
        address = f"{server.address}/api/v1/id-tokens"
        httpx.post(address, json={"token": token}, headers=headers, timeout=20).raise_for_status()
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url) if each.method == "DELETE" else None)
    page.route("**/id-tokens/BULK-2", lambda route: route.abort())
    console.open("/id-tokens?q=bulk&sort=token", ready=ROWS)
    page.get_by_label("Select all").check()
    page.get_by_role("button", name="Remove …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Remove").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.get_by_role("status")).to_contain_text("1 of 2")
    page.unroute("**/id-tokens/BULK-2")
    dialog.get_by_role("button", name="Remove").click()
    expect(page.locator(ROWS)).to_have_count(0)
    assert [each[-6:] for each in asked] == ["BULK-1", "BULK-2", "BULK-2"]
    console.faults.clear()  # the browser notes what was cut
