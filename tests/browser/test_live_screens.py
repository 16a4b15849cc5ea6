"""What changes on a screen is told by the stream: nothing is asked for again and again."""

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
    active = console.server.get("transactions?active=true&sort=-station_id")["items"]
    station = next(each["station_id"] for each in active if "21" in each["station_id"])
    page = console.open(f"/stations/{station}", ready=".uplot")
    page.get_by_role("button", name="As a table").click()
    rows = page.get_by_role("region", name="Power, last hour").locator("tbody tr")
    newest = rows.first.inner_text()
    requests = asked(page)
    expect(rows.first).not_to_have_text(newest.replace("\t", ""), timeout=15_000)
    assert requests == []


def test_a_new_station_appears_in_the_inbox_by_the_stream_alone(console: Console) -> None:
    page = console.open("/stations", ready="tbody a")
    page.wait_for_load_state("networkidle")
    requests = asked(page)
    knock(console.server, "SHED-1")
    expect(page.get_by_role("listitem").filter(has_text="SHED-1")).to_be_visible()
    assert requests == []
