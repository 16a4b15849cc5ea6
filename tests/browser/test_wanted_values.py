"""What variables shall be and have been: templates, what deviates, one action, the history."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.console import Console, Server

ROWS = "tbody tr[data-row]"


def call(server: Server, method: str, path: str, body: object = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {server.token}"}
    address = f"{server.address}/api/v1/{path}"
    answer = httpx.request(method, address, headers=headers, json=body, timeout=40)
    return answer.raise_for_status()


@pytest.fixture
def station(server: Server) -> Iterator[str]:
    """A station whose interval we know; afterwards it is as it was, and no template is there."""
    name = server.a_station("1.6")
    variable = {"variable": {"name": "HeartbeatInterval"}}
    commands = f"stations/{name}/commands"
    call(server, "POST", f"{commands}/get-base-report")
    call(server, "POST", f"{commands}/set-variables", {"values": [variable | {"value": "300"}]})
    yield name
    call(server, "POST", f"{commands}/set-variables", {"values": [variable | {"value": "300"}]})
    for each in server.get("variable-templates")["items"]:
        server.remove(f"variable-templates/{each['id']}")


def test_a_template_is_made_of_a_station_what_deviates_is_set_and_the_history_tells(
    console: Console, station: str
) -> None:
    page = console.open(f"/stations/{station}/variables?q=HeartbeatInterval", ready=ROWS)
    row = page.locator(ROWS).filter(has_text="HeartbeatInterval")
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Make a template of these").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Quiet stations")
    dialog.get_by_label("For").select_option("station")
    dialog.get_by_label("Station").fill(station)
    dialog.get_by_label("Value of HeartbeatInterval").fill("120")
    console.look("template-form")
    dialog.get_by_role("button", name="Add a template").click()
    wanted = page.get_by_role("region", name="Wanted values")
    expect(wanted).to_contain_text("1 of 1 values deviate")
    wanted.get_by_text("Show the values").click()
    console.look("wanted-values")
    wanted.get_by_role("button", name="Set what deviates").click()
    dialog.get_by_role("button", name="Set", exact=True).click()
    expect(wanted.get_by_role("heading", name="What came of it")).to_be_visible()
    expect(wanted).to_contain_text("All 1 values are as wanted")
    expect(row).to_contain_text("120")
    row.get_by_role("button", name="History of HeartbeatInterval").click()
    newest = dialog.locator("tbody tr").first
    expect(newest).to_contain_text("300")
    expect(newest).to_contain_text("120")
    expect(newest).to_contain_text("Set by admin")
    console.look("history")


def test_templates_are_kept_shown_by_station_set_at_all_and_removed(
    console: Console, station: str
) -> None:
    page = console.open("/templates", ready="text=Add a template")
    page.get_by_role("button", name="Add a template").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Slow beats")
    dialog.get_by_label("For").select_option("station")
    dialog.get_by_label("Station").fill(station)
    dialog.get_by_label("Variable or key").fill("HeartbeatInterval")
    dialog.get_by_label("Value", exact=False).last.fill("240")
    dialog.get_by_role("button", name="Add a value").click()
    dialog.get_by_role("button", name="Add a template").click()
    row = page.locator(ROWS).filter(has_text="Slow beats")
    expect(row).to_contain_text(f"Station {station}")
    console.look("templates")
    row.get_by_role("button", name="Slow beats", exact=True).click()
    there = dialog.locator("tbody tr").filter(has_text=station)
    expect(there.locator("td").nth(2)).to_have_text("1")
    dialog.get_by_role("button", name="Set at all that deviate").click()
    dialog.get_by_role("button", name="Set", exact=True).click()
    expect(dialog.get_by_text("Set at 1 of 1 stations")).to_be_visible()
    expect(there.locator("td").nth(1)).to_have_text("1")
    console.look("keeping", schemes=["light"])
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove Slow beats").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
