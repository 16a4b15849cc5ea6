"""Virtual stations fetch images, verify, install, and start with the new version."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chargeplane.domain.events import FirmwareStatusChanged, SecurityEventNoted
from chargeplane.runtime.pki import Authority, KeyKind, pem_of
from chargeplane.runtime.store import Store
from chargeplane.station import Station
from chargeplane.station.firmware import updating
from chargeplane.station.firmware.images import image
from tests.csms.firmware.making import LIFE, ROOT, signed, signer
from tests.csms.yard import VERSIONS, Yard, name_of, opened

SIGNED = VERSIONS[1:]
OTHER = Authority.new("other maker", KeyKind.P256, datetime.now(UTC), LIFE)

OCTETS = {"Content-Type": "application/octet-stream"}


async def uploaded(yard: Yard, version: str, *, is_signed: bool) -> str:
    """The id of an image that virtual stations can install."""
    content, facts = image(version, b"bits" * 1_000), {}
    if is_signed:
        key, pem = signer(now=datetime.now(UTC))
        facts = {"signature": signed(key, content), "signing_certificate": pem}
    answer = await yard.rest.post("/firmware", json={"firmware_version": version, **facts})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["proof"] == ("proven" if is_signed else None)
    path = f"/firmware/{made['id']}/content"
    assert (await yard.rest.put(path, content=content, headers=OCTETS)).status_code == 200
    return str(made["id"])


async def trusted(yard: Yard, root: Authority) -> str:
    """Trust the root of a manufacturer; it, as stations take it."""
    wanted = {"certificate": pem_of([root.certificate])}
    made = (await yard.rest.post("/firmware-roots", json=wanted)).json()
    return str(made["certificate"])


async def installed(yard: Yard, station_id: str, version: str) -> None:
    """Wait until a station has a version, whether it says so or has started with it."""

    def is_it(event: FirmwareStatusChanged) -> bool:
        mine = event.station_id, event.firmware_version, event.state
        return mine == (station_id, version, "installed")

    await yard.until(FirmwareStatusChanged, is_it)


async def has_root(yard: Yard, station: Station, root: str) -> None:
    """Before an update, a station gets the root of its manufacturer (M05)."""
    wanted = {"use": "manufacturer_root", "certificate": root}
    answer = await yard.command(station, "install-certificate", **wanted)
    assert answer["outcome"] == "accepted", answer


async def version_of(yard: Yard, station_id: str) -> Any:
    return (await yard.rest.get(f"/stations/{station_id}")).json()["firmware_version"]


async def test_stations_of_three_versions_get_a_signed_image_and_one_a_plain_one(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updating, "INSTALL_S", 0.01)
    names = [name_of(version) for version in SIGNED]
    async with opened(sqlite_store, tmp_path) as yard, AsyncExitStack() as stack:
        yard.listen(FirmwareStatusChanged, SecurityEventNoted)
        root = await trusted(yard, ROOT)
        image_id = await uploaded(yard, "2.0.0", is_signed=True)
        # The first ones are here when it is planned, the last one comes later.
        stations = [yard.station(version) for version in SIGNED]
        for station in stations[:2]:
            await stack.enter_async_context(station)
            await has_root(yard, station, root)
        wanted = {"image_id": image_id, "station_ids": names}
        campaign = (await yard.rest.post("/firmware-updates", json=wanted)).json()
        assert len(campaign["updates"]) == 3
        await stack.enter_async_context(stations[2])
        for name in names:
            await installed(yard, name, "2.0.0")
        rows = (await yard.rest.get("/firmware-updates")).json()["items"]
        told = {(row["station_id"], row["state"], row["is_signed"]) for row in rows}
        assert told == {(name, "installed", True) for name in names}
        assert {await version_of(yard, name) for name in names} == {"2.0.0"}

        plain = await uploaded(yard, "3.0.0", is_signed=False)
        answer = await yard.command(stations[0], "update-firmware", image_id=plain)
        assert answer["outcome"] == "accepted", answer
        await installed(yard, names[0], "3.0.0")
        path = f"/stations/{names[0]}/firmware-updates"
        row, _ = (await yard.rest.get(path)).json()["items"]
        assert (row["id"], row["is_signed"]) == (answer["response"]["update_id"], False)
        assert (row["version_before"], row["state"]) == ("2.0.0", "installed")
        assert await version_of(yard, names[0]) == "3.0.0"
        # Whoever reads the flight recorder cannot fetch the file.
        frames = (await yard.rest.get(f"/stations/{names[0]}/frames")).text
        assert "/transfers/•••" in frames


async def test_a_station_with_another_root_refuses_what_somebody_accepted(
    sqlite_store: Store, tmp_path: Path
) -> None:
    async with opened(sqlite_store, tmp_path) as yard, yard.station(SIGNED[-1]) as station:
        yard.listen(SecurityEventNoted)
        await has_root(yard, station, pem_of([OTHER.certificate]))
        key, pem = signer(now=datetime.now(UTC))
        content = image("2.0.0", b"bits")
        facts = {"signature": signed(key, content), "signing_certificate": pem}
        wanted = {"firmware_version": "2.0.0", **facts}
        assert (await yard.rest.post("/firmware", json=wanted)).status_code == 400
        await yard.until(SecurityEventNoted, lambda event: event.type == "FirmwareNotProven")
        made = (await yard.rest.post("/firmware", json={**wanted, "accept_unproven": True})).json()
        assert made["proof"] == "not_proven"
        path = f"/firmware/{made['id']}/content"
        assert (await yard.rest.put(path, content=content, headers=OCTETS)).status_code == 200
        answer = await yard.command(station, "update-firmware", image_id=made["id"])
        assert (answer["outcome"], answer["status"]) == ("refused", "InvalidCertificate")
        name = "InvalidFirmwareSigningCertificate"
        await yard.until(SecurityEventNoted, lambda event: event.type == name)
