"""What changes on a screen is told by the stream; and what was recorded is said again."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.console import Console
from tests.browser.test_flows import knock


def asked(page: Page) -> list[str]:
    """The requests from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    return found


def test_the_power_of_a_station_grows_by_the_stream_alone(console: Console) -> None:
    station = console.server.wait_for("transactions?active=true&search=DEMO-21")["station_id"]
    page = console.open(f"/stations/{station}", ready=".uplot")
    page.get_by_role("button", name="As a table").click()
    rows = page.get_by_role("region", name="Power, last hour").locator("tbody tr")
    expect(rows.first).to_contain_text("kW")
    page.wait_for_load_state("networkidle")
    newest = rows.first.inner_text()
    requests = asked(page)
    expect(rows.first).not_to_have_text(newest.replace("\t", ""))
    assert requests == []


def test_a_new_station_appears_in_the_inbox_by_the_stream_alone(
    console: Console, made: list[str]
) -> None:
    made.append("unknown-stations/SHED-1")
    page = console.open("/stations", ready="tbody a")
    page.wait_for_load_state("networkidle")
    requests = asked(page)
    knock(console.server, "SHED-1")
    expect(page.get_by_role("listitem").filter(has_text="SHED-1")).to_be_visible()
    assert requests == []


def test_a_recording_is_replayed_by_a_virtual_station(console: Console, made: list[str]) -> None:
    made += ["simulator/stations/SIM-ECHO", "stations/SIM-ECHO"]
    station = console.server.a_station("1.6")
    page = console.open(f"/stations/{station}/frames", ready="li button")
    page.get_by_role("button", name="Replay …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("ECHO")
    console.look("replay")
    dialog.get_by_role("button", name="Replay", exact=True).click()
    expect(dialog.get_by_role("status")).to_contain_text("SIM-ECHO has said it", timeout=90_000)
    console.look("replayed", schemes=["light"])
    dialog.get_by_role("link", name="To its flight recorder").click()
    expect(page.get_by_role("heading", name="Simulator")).to_be_visible()
    # What came last stands there; how long the recording is, depends on how long it ran.
    page.get_by_role("searchbox").fill("StartTransaction")
    expect(page.locator("li > button", has_text="StartTransaction").first).to_be_visible()
