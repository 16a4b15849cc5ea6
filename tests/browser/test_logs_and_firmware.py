"""Logs and firmware: a virtual station sends its log, and gets a new version."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from playwright.sync_api import FilePayload, expect

from chargeplane.station.firmware.images import image
from tests.browser.console import Console, Server


def test_a_user_requests_a_log_and_downloads_it(console: Console) -> None:
    station = console.server.a_station("2.1")
    page = console.open(f"/stations/{station}/logs", ready="text=Request a log")
    page.get_by_role("button", name="Request a log").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Log", exact=True).select_option("security")
    dialog.get_by_role("button", name="Request a log").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_label("The station's answer").get_by_text("Accepted").first).to_be_visible()
    row = page.locator("tbody tr[data-row]").first
    expect(row).to_contain_text("Security events")
    expect(row).to_contain_text("Here")
    console.look("station-logs")
    with page.expect_download() as awaited:
        row.get_by_role("link", name=re.compile("Download")).click()
    assert b"Connected" in awaited.value.path().read_bytes()


@contextmanager
def calling(server: Server) -> Iterator[httpx.Client]:
    """The REST interface, for an administrator."""
    headers = {"Authorization": f"Bearer {server.token}"}
    with httpx.Client(base_url=f"{server.address}/api/v1", headers=headers, timeout=20) as rest:
        yield rest


def test_a_user_adds_an_image_and_a_fault_stands_at_its_field(stranger: Console) -> None:
    page = stranger.page
    stranger.log_in()
    stranger.open("/firmware", ready="text=Add an image")
    page.get_by_role("button", name="Add an image").click()
    dialog = page.get_by_role("dialog")
    file = FilePayload(name="firmware.bin", mimeType="", buffer=b"bits")
    dialog.get_by_label("File").set_input_files(file)
    dialog.get_by_label("Version").fill("1.2.3")
    dialog.get_by_label("Signature").fill("AAAA")
    dialog.get_by_role("button", name="Add an image").click()
    fault = dialog.get_by_text("a signature and its certificate come together", exact=True)
    expect(fault).to_be_visible()
    stranger.look("firmware-add")


def test_a_user_updates_a_station_and_sees_its_new_version(
    console: Console, made: list[str]
) -> None:
    server, version, station = console.server, f"9.0.{time.time_ns() % 1_000_000}", "SIM-FIRM"
    made += [f"simulator/stations/{station}", f"stations/{station}"]
    with calling(server) as rest:  # nobody charges there: it need not wait for that
        rest.post("/simulator/stations", json={"name": "FIRM"}).raise_for_status()
    page = console.open("/firmware", ready="text=Add an image")
    page.get_by_role("button", name="Add an image").click()
    dialog = page.get_by_role("dialog")
    file = FilePayload(name="firmware.bin", mimeType="", buffer=image(version, b"bits" * 100))
    dialog.get_by_label("File").set_input_files(file)
    dialog.get_by_label("Version").fill(version)
    dialog.get_by_role("button", name="Add an image").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name=f"Update stations: {version}").wait_for()
    made.append(f"firmware/{image_id(server, version)}")
    console.look("firmware-images")
    page.get_by_role("button", name=f"Update stations: {version}").click()
    dialog.get_by_label("Find stations").fill(station)
    dialog.get_by_label(re.compile(f"^{station} ")).check()
    expect(dialog.get_by_text("1 station picked")).to_be_visible()
    console.look("firmware-update", schemes=["light"])
    dialog.get_by_role("button", name="Update firmware").click()
    expect(page.get_by_text("1 update is planned.")).to_be_visible()
    row = page.locator("tbody tr[data-row]", has_text=version)
    expect(row).to_contain_text("Installed", timeout=60_000)
    console.look("firmware-updates")
    row.get_by_role("link", name=station).click()
    expect(page.get_by_text(f"Now: {version}")).to_be_visible()
    expect(row).to_contain_text("Installed")
    console.look("station-firmware")


def image_id(server: Server, version: str) -> str:
    items = server.get("firmware?limit=1000")["items"]
    return next(str(each["id"]) for each in items if each["firmware_version"] == version)


def test_the_update_of_a_station_that_is_away_is_taken_back_in_german(
    console: Console, made: list[str]
) -> None:
    server, version = console.server, f"8.0.{time.time_ns() % 1_000_000}"
    name = f"AWAY-{version}"
    with calling(server) as rest:
        rest.post("/stations", json={"id": name}).raise_for_status()
        made.append(f"stations/{name}")
        id_ = rest.post("/firmware", json={"firmware_version": version}).json()["id"]
        made.append(f"firmware/{id_}")
        octets = {"Content-Type": "application/octet-stream"}
        rest.put(f"/firmware/{id_}/content", content=b"bits", headers=octets).raise_for_status()
        wanted = {"image_id": id_, "station_ids": [name]}
        rest.post("/firmware-updates", json=wanted).raise_for_status()
    page = console.open("/")
    expect(page.get_by_role("link", name=version, exact=True)).to_be_visible()
    page.evaluate("localStorage.setItem('chargeplane.language', 'de')")
    console.open(f"/stations/{name}/firmware", ready="text=Zurücknehmen")
    page.get_by_role("button", name=f"Aktualisierung von {name} zurücknehmen").click()
    page.get_by_role("dialog").get_by_role("button", name="Zurücknehmen").click()
    expect(page.locator("tbody tr[data-row]", has_text=version)).to_contain_text("Abgebrochen")
    console.look("station-firmware-german")
