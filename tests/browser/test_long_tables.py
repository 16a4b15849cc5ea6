"""A long table draws the rows that are in sight, and every row can be reached."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.console import Console, Server

COUNT = 120
LAST = f"LONG-{COUNT - 1:03d}"
ROWS = "tbody tr[data-row]"
AT_THE_END = f"""() => {{
    const scroller = document.querySelector(".scroll");
    scroller.scrollTo(0, scroller.scrollHeight);
    const last = document.querySelector('tbody a[href$="/{LAST}"]')?.getBoundingClientRect();
    return last !== undefined && last.bottom <= scroller.getBoundingClientRect().bottom;
}}"""


@pytest.fixture
def many(server: Server) -> Iterator[None]:
    """Many stations, that are gone afterwards."""
    headers = {"Authorization": f"Bearer {server.token}"}
    with httpx.Client(base_url=f"{server.address}/api/v1", headers=headers) as rest:
        for number in range(COUNT):
            station = {"id": f"LONG-{number:03d}", "security_profile": 0}
            rest.post("/stations", json=station).raise_for_status()
        yield
        for number in range(COUNT):
            rest.delete(f"/stations/LONG-{number:03d}").raise_for_status()


@pytest.mark.usefixtures("many")
def test_a_long_table_is_scrolled_to_its_end_and_its_head_stays(console: Console) -> None:
    page = console.open("/stations?q=LONG", ready=ROWS)
    table = page.get_by_role("table")
    expect(table).to_have_attribute("aria-rowcount", str(COUNT + 1))
    assert page.locator(ROWS).count() < COUNT / 2
    console.look("long-table")
    page.locator(".scroll").evaluate("(node) => node.scrollTo(0, node.scrollHeight / 2)")
    expect(page.get_by_role("link", name="LONG-060")).to_be_visible()
    # The height of rows that were never drawn is guessed; the end moves when they are.
    page.wait_for_function(AT_THE_END)
    last = page.get_by_role("link", name=LAST)
    # Stations that knocked are listed above the table, and may have pushed it out of sight.
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    head = page.get_by_role("button", name="Station", exact=True)
    expect(head).to_be_in_viewport()


@pytest.mark.usefixtures("many")
def test_the_arrow_keys_go_through_rows_that_are_not_drawn_yet(console: Console) -> None:
    page = console.open("/stations?q=LONG", ready=ROWS)
    page.get_by_role("link", name="LONG-000").focus()
    for number in range(1, 60):
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("link", name=f"LONG-{number:03d}")).to_be_focused()
