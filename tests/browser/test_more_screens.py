"""Account, corrections, sites, audit log, security, simulator: each screen does what it says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PICTURES
from tests.browser.console import Console, Server, opened
from tests.cli.calling import free_port, lines_until, ports, process, told

PASSWORD = "a long enough password"


def asked(server: Server, method: str, path: str, body: object = None) -> Any:
    """What the REST interface answers an administrator."""
    headers = {"Authorization": f"Bearer {server.token}"}
    address = f"{server.address}/api/v1/{path}"
    answer = httpx.request(method, address, headers=headers, json=body, timeout=20)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def code_of(secret: str, steps: int = 0) -> str:
    """What an authenticator app shows (RFC 6238), so many steps from now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = (int(time.time()) // 30 + steps).to_bytes(8, "big")
    digest = hmac.digest(key, counter, hashlib.sha1)
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def log_in(page: Page, server: Server, name: str) -> None:
    page.goto(server.address)
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")


def add_user(server: Server, made: list[str], name: str, role: str) -> None:
    """Somebody who is gone after the spec."""
    user = asked(server, "POST", "users", {"name": name, "role": role, "password": PASSWORD})
    made.append(f"users/{user['id']}")


def test_a_user_adds_an_app_for_codes_and_needs_it_from_then_on(
    stranger: Console, made: list[str]
) -> None:
    server, page = stranger.server, stranger.page
    add_user(server, made, "Tess", "operator")
    log_in(page, server, "Tess")
    page.get_by_label("Account of").click()
    page.get_by_role("link", name="My account").click()
    page.get_by_text("None yet").wait_for()
    stranger.look("account")
    page.get_by_role("button", name="Add an app for codes").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("My phone")
    dialog.get_by_role("button", name="Next").click()
    expect(dialog.get_by_role("img", name="QR code for the app")).to_be_visible()
    stranger.look("account-totp")
    secret = dialog.locator(".secret code").inner_text()
    dialog.get_by_label("Code", exact=True).fill(code_of(secret))
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog.get_by_text("Recovery codes")).to_be_visible()
    recovery = dialog.locator(".secret code").inner_text().split()[0]
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.get_by_role("cell", name="My phone", exact=True)).to_be_visible()
    stranger.judge()

    page.get_by_label("Account of").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_selector("input[name=name]")  # to go elsewhere sooner would keep the session
    log_in(page, server, "Tess")
    page.fill("input[name=code]", recovery)
    page.keyboard.press("Enter")
    page.wait_for_selector("main#content h1")


def test_a_passkey_opens_the_console_without_a_password(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://localhost:{port}"  # authenticators know names alone, no numbers
    options = ("demo", *ports(port))
    with (
        (tmp_path / "log").open("w") as log,
        process(tmp_path, *options, errors=log, CHARGEPLANE_PUBLIC_URL=address) as running,
    ):
        name, password = told(lines_until(running, "Ctrl-C"), "Log in").split()
        server = Server(address, "", name, password, "")
        with opened(browser, server, PICTURES) as console:
            page = console.page
            devices = page.context.new_cdp_session(page)
            devices.send("WebAuthn.enable")
            abilities = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
            abilities |= {"hasUserVerification": True, "isUserVerified": True}
            devices.send("WebAuthn.addVirtualAuthenticator", {"options": abilities})
            console.log_in()
            console.open("/account", ready="text=None yet")
            page.get_by_role("button", name="Add a passkey").click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Name").fill("This device")
            dialog.get_by_role("button", name="Add a passkey").click()
            expect(page.get_by_role("cell", name="This device", exact=True)).to_be_visible()
            page.get_by_label("Account of").click()
            page.get_by_role("button", name="Log out").click()
            page.get_by_role("button", name="Log in with a passkey").click()
            page.wait_for_selector("main#content h1")
            console.judge()


def test_a_user_changes_the_password_and_ends_another_session(
    stranger: Console, made: list[str]
) -> None:
    server, page = stranger.server, stranger.page
    add_user(server, made, "Uma", "viewer")
    log_in(page, server, "Uma")
    page.wait_for_selector("main#content h1")
    given = {"name": "Uma", "password": PASSWORD}
    for _ in range(2):
        httpx.post(f"{server.address}/api/v1/sessions", json=given).raise_for_status()
    stranger.open("/account", ready="tbody tr[data-row]")
    rows = page.locator("tbody tr[data-row]")
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="End the session").first.click()
    page.get_by_role("dialog").get_by_role("button", name="End", exact=True).click()
    expect(rows).to_have_count(2)
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill(f"{PASSWORD} 2")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("The password is changed")).to_be_visible()
    page.reload()
    expect(rows).to_have_count(1)
    stranger.judge()


def test_a_transaction_is_corrected_and_the_ledger_says_by_whom_and_why(console: Console) -> None:
    ended = console.server.wait_for("transactions?active=false&limit=1", 90)
    page = console.open(f"/transactions/{ended['id']}", ready="text=Ledger")
    page.get_by_role("button", name="Correct …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Energy (kWh)").fill("1.5")
    dialog.get_by_label("Reason").fill("The meter was exchanged")
    console.look("correction")
    dialog.get_by_role("button", name="Correct", exact=True).click()
    expect(dialog).to_have_count(0)
    told = page.get_by_text("corrected: energy 1.50 kWh. Reason: The meter was exchanged")
    expect(told).to_be_visible()
    assert console.server.get(f"transactions/{ended['id']}")["energy_wh"] == 1500


def test_a_site_is_made_changed_given_a_station_and_removed(console: Console) -> None:
    station = console.server.a_station("2.0.1")
    page = console.open("/sites")
    page.get_by_role("button", name="Add a site").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Harbour")
    dialog.get_by_label("Latitude").fill("53.54")
    dialog.get_by_label("Longitude").fill("9.98")
    console.look("site-form")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Harbour").click()
    page.get_by_role("button", name="Put a station here").click()
    dialog.get_by_role("combobox").select_option(station)
    dialog.get_by_role("button", name="Put here").click()
    expect(page.get_by_role("link", name=station, exact=True)).to_be_visible()
    console.look("site")
    page.get_by_role("button", name=f"Take away: {station}").click()
    dialog.get_by_role("button", name="Take away").click()
    expect(page.get_by_text("No station belongs to this site yet")).to_be_visible()
    page.get_by_role("navigation", name="Sites").get_by_role("link").click()
    page.get_by_role("button", name="Change Harbour").click()
    dialog.get_by_label("Address").fill("Quay 1")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Quay 1")).to_be_visible()
    console.look("sites")
    page.get_by_role("button", name="Remove Harbour").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("link", name="Harbour")).to_have_count(0)


def test_the_audit_log_is_filtered_opened_verified_and_exported(console: Console) -> None:
    name = {"name": "Audited", "role": "viewer", "password": PASSWORD}
    user = asked(console.server, "POST", "users", name)
    asked(console.server, "DELETE", f"users/{user['id']}")
    page = console.open("/audit-log", ready="tbody tr[data-row]")
    page.get_by_text("Is the log whole?").click()
    page.get_by_role("button", name="Check the chain").click()
    expect(page.get_by_text("Whole: no entry was changed")).to_be_visible()
    console.look("audit-log")
    page.get_by_role("searchbox").fill(user["id"])
    expect(page.locator("tbody tr[data-row]")).to_have_count(1)
    page.get_by_role("button", name=re.compile(r"^Entry \d+")).click()
    expect(page.get_by_role("dialog").get_by_text("Digest", exact=True)).to_be_visible()
    console.look("audit-entry")
    page.keyboard.press("Escape")
    with page.expect_download() as saving:
        page.get_by_role("link", name="Export as JSON lines").click()
    assert user["id"] in saving.value.path().read_text(encoding="utf-8")
    page.get_by_role("button", name="Clear filters").click()
    page.locator("summary", has_text="Action").click()
    page.get_by_label(re.compile("^User added")).check()
    page.keyboard.press("Escape")
    rows = page.locator("tbody tr[data-row]")
    expect(page).to_have_url(re.compile("action=add_user"))
    expect(rows.first).to_contain_text("User added")
    expect(rows.filter(has_not_text="User added")).to_have_count(0)
    expect(rows.first.get_by_title("add_user", exact=True)).to_be_visible()
    page.goto(f"{console.server.address}/audit-log?q=user removed")
    expect(rows.first).to_contain_text("User removed")
    expect(rows.filter(has_not_text="User removed")).to_have_count(0)
    page.goto(f"{console.server.address}/audit-log?q=remove_user")
    expect(rows.first).to_contain_text("User removed")
    page.goto(f"{console.server.address}/audit-log?to=2001-01-01")
    expect(page.get_by_text("Nothing has been changed in this time")).to_be_visible()


def test_a_station_shows_its_credentials_certificates_and_events(console: Console) -> None:
    station = console.server.a_station("2.1")
    page = console.open(f"/stations/{station}/security", ready="text=Security profile")
    expect(page.get_by_text("None yet").first).to_be_visible()
    page.get_by_role("button", name="Raise the security profile").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("New profile")).to_have_value("1")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Give it a new password").click()
    dialog.get_by_text("The old one counts").wait_for()
    page.keyboard.press("Escape")
    console.look("station-security")


def test_security_events_of_all_stations_are_listed_and_filtered(console: Console) -> None:
    page = console.open("/security", ready="section.table")
    console.look("security")
    page.get_by_role("link", name="Certificates").click()
    expect(page.get_by_text("No certificate was issued yet")).to_be_visible()
    console.look("certificates")


def test_a_newcomer_starts_a_station_and_sees_it_charge(console: Console, made: list[str]) -> None:
    made += ["simulator/stations/SIM-1", "stations/SIM-1"]
    page = console.open("/")
    page.get_by_role("link", name="Simulator").click()
    page.get_by_role("button", name="Start a virtual station").click()
    card = page.get_by_role("region", name="SIM-1")
    expect(card.get_by_text("In service", exact=True)).to_be_visible()
    card.get_by_role("button", name="Plug in").first.click()
    card.get_by_role("button", name="Tap").first.click()
    expect(card.get_by_text("Authorised: DRIVER01").first).to_be_visible()
    expect(card.get_by_text("Charging").first).to_be_visible()
    console.look("simulator")
    console.server.wait_for("transactions?active=true&station_id=SIM-1")
    card.get_by_role("button", name="Unplug").click()
    expect(card.get_by_text("No vehicle").first).to_be_visible()
    card.get_by_role("button", name="Remove SIM-1").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(card).to_have_count(0)
