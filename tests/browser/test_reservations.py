"""Reservations: an EVSE of a virtual station is kept free, seen to be, and given back."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.console import Console

PHONE: ViewportSize = {"width": 390, "height": 844}
STATION, TOKEN = "SIM-BOOKED", "ADA-CARD"


@pytest.fixture
def station(console: Console, made: list[str]) -> str:
    """A virtual station that nobody comes to."""
    made += [f"simulator/stations/{STATION}", f"stations/{STATION}"]
    answer = httpx.post(
        f"{console.server.address}/api/v1/simulator/stations",
        headers={"Authorization": f"Bearer {console.server.token}"},
        json={"name": STATION.removeprefix("SIM-"), "version": "2.1"},
        timeout=30,
    )
    assert answer.is_success, answer.text
    return STATION


def test_an_evse_is_reserved_seen_to_be_and_given_back(console: Console, station: str) -> None:
    page = console.open(f"/stations/{station}", ready="#reservations")
    connector = page.get_by_label("EVSE 1", exact=True)
    expect(connector).to_contain_text("Available")
    page.get_by_role("button", name="Reserve …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Station", exact=True)).to_have_value(station)
    dialog.get_by_label("EVSE").select_option("1")
    dialog.get_by_label("Id token", exact=True).fill(TOKEN)
    console.look("reserve")
    dialog.get_by_role("button", name="Reserve", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(connector).to_contain_text("Reserved")
    held = page.locator("section", has=page.locator("#reservations")).get_by_role("listitem")
    expect(held).to_contain_text(TOKEN)

    page = console.open("/", ready="#next")
    coming = page.get_by_role("listitem").filter(has_text=TOKEN)
    expect(coming).to_contain_text("Reservation ends")
    coming.get_by_role("link").click()
    row = page.locator("tbody tr[data-row]").filter(has_text=TOKEN)
    expect(row).to_contain_text("Reserved")
    console.look("reservations")
    page.set_viewport_size(PHONE)
    console.look("reservations-phone", schemes=["light"])
    page.set_viewport_size({"width": 1360, "height": 860})
    row.get_by_role("link").first.click()
    expect(page.get_by_text("The station keeps it free until")).to_be_visible()
    page.get_by_role("button", name="Change the time …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Until").fill("2001-01-01T00:00")
    dialog.get_by_role("button", name="Change the time").click()
    expect(dialog.get_by_label("Until")).to_have_attribute("aria-invalid", "true")
    console.faults.clear()  # the browser notes the refusal
    dialog.get_by_label("Until").fill("2126-01-01T00:00")
    dialog.get_by_role("button", name="Change the time").click()
    expect(dialog.get_by_role("status")).to_contain_text("Accepted")
    console.look("reservation-time", schemes=["light"])
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.get_by_role("main")).to_contain_text("2126")
    page.get_by_role("button", name="Cancel …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{station} stops keeping EVSE 1 free for {TOKEN}")
    console.look("reservation-cancel", schemes=["light"])
    dialog.get_by_role("button", name="Cancel the reservation").click()
    expect(dialog.get_by_role("status")).to_contain_text("Accepted")
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.get_by_text("It was cancelled, and the station agreed.")).to_be_visible()
    console.look("reservation")
    page.get_by_role("link", name=station).click()
    expect(page.get_by_label("EVSE 1", exact=True)).to_contain_text("Available")


def test_a_wish_that_no_station_can_fulfil_says_why(console: Console) -> None:
    old = console.server.a_station("1.2")
    page = console.open("/reservations")
    page.get_by_role("button", name="Reserve …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Station", exact=True).fill(old)
    expect(dialog.get_by_role("note")).to_have_text("OCPP 1.2 has no reservations.")
    expect(dialog.get_by_role("button", name="Reserve", exact=True)).to_be_disabled()
    dialog.get_by_label("Station", exact=True).fill("NOBODY")
    dialog.get_by_label("Id token", exact=True).fill(TOKEN)
    dialog.get_by_role("button", name="Reserve", exact=True).click()
    expect(dialog).to_contain_text("NOBODY")
    expect(dialog.get_by_role("alert")).to_be_visible()
    console.faults.clear()  # the browser notes the refusal
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
