"""A station whose certificate has ended: somebody lets it renew, and takes that back."""

from __future__ import annotations

import time

import httpx
from playwright.sync_api import expect

from tests.browser.console import Console


def test_a_user_lets_a_station_renew_its_certificate_and_takes_it_back(
    console: Console, made: list[str]
) -> None:
    name = f"ENDED-{time.time_ns() % 1_000_000}"
    headers = {"Authorization": f"Bearer {console.server.token}"}
    station = {"id": name, "security_profile": 3}
    where = f"{console.server.address}/api/v1/stations"
    httpx.post(where, json=station, headers=headers).raise_for_status()
    made.append(f"stations/{name}")
    page = console.open(f"/stations/{name}/security", ready="text=Let it renew")
    page.get_by_role("button", name="Let it renew").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Serial number in its certificate").fill("SN-1")
    console.look("station-renewal", schemes=["light"])
    dialog.get_by_role("button", name="Let it renew").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Allowed until")).to_be_visible()
    page.get_by_role("button", name="Take back").click()
    dialog.get_by_role("button", name="Take back").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Allowed until")).to_have_count(0)
