"""Logs and firmware: a virtual station sends its log, and gets a new version."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from playwright.sync_api import FilePayload, expect

from chargeplane.runtime.pki import Authority, KeyKind, Purpose, fingerprint, pem_of
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


def test_a_user_trusts_a_manufacturer_and_its_image_is_proven(
    console: Console, made: list[str]
) -> None:
    server, version = console.server, f"7.0.{time.time_ns() % 1_000_000}"
    now, life = datetime.now(UTC), timedelta(days=30)
    root = Authority.new(f"Maker {version}", KeyKind.P256, now, life)
    key, content = ec.generate_private_key(ec.SECP256R1()), b"bits" * 10
    issued = root.issue(key.public_key(), "Signer", Purpose.FIRMWARE, now, life)
    page = console.open("/firmware?show=roots", ready="text=Trust a root")
    page.get_by_role("button", name="Trust a root").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Certificate of the root").fill(pem_of([root.certificate]))
    dialog.get_by_role("button", name="Trust a root").click()
    expect(dialog).to_have_count(0)
    made.append(f"firmware-roots/{fingerprint(root.certificate)}")
    expect(page.locator("tbody tr[data-row]", has_text=f"Maker {version}")).to_be_visible()
    console.look("firmware-roots")

    page.get_by_role("link", name="Images", exact=True).click()
    page.get_by_role("button", name="Add an image").click()
    dialog.get_by_label("File").set_input_files(
        FilePayload(name="firmware.bin", mimeType="", buffer=content)
    )
    dialog.get_by_label("Version").fill(version)
    signature = key.sign(content, ec.ECDSA(SHA256()))
    dialog.get_by_label("Signature").fill(b64encode(signature).decode())
    dialog.get_by_label("Certificate of the signer").fill(issued.pem.decode())
    expect(dialog.get_by_label("Take it also without a proof")).not_to_be_checked()
    console.look("firmware-add-signed", schemes=["light"])
    dialog.get_by_role("button", name="Add an image").click()
    expect(dialog).to_have_count(0)
    row = page.locator("tbody tr[data-row]", has_text=version).first
    expect(row).to_contain_text(f"Proven by Maker {version}")
    made.append(f"firmware/{image_id(server, version)}")


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
