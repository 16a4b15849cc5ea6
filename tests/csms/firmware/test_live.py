"""Virtual stations fetch images, verify, install, and start with the new version."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chargeplane.domain.events import FirmwareStatusChanged, SecurityEventNoted
from chargeplane.runtime.store import Store
from chargeplane.station.firmware import updating
from chargeplane.station.firmware.images import image
from tests.csms.firmware.making import signed, signer
from tests.csms.yard import VERSIONS, Yard, name_of, opened

SIGNED = VERSIONS[1:]

OCTETS = {"Content-Type": "application/octet-stream"}


async def uploaded(yard: Yard, version: str, *, is_signed: bool) -> str:
    """The id of an image that virtual stations can install."""
    content, facts = image(version, b"bits" * 1_000), {}
    if is_signed:
        key, pem = signer(now=datetime.now(UTC))
        facts = {"signature": signed(key, content), "signing_certificate": pem}
    made = (await yard.rest.post("/firmware", json={"firmware_version": version, **facts})).json()
    path = f"/firmware/{made['id']}/content"
    assert (await yard.rest.put(path, content=content, headers=OCTETS)).status_code == 200
    return str(made["id"])


async def installed(yard: Yard, station_id: str, version: str) -> None:
    """Wait until a station has a version, whether it says so or has started with it."""

    def is_it(event: FirmwareStatusChanged) -> bool:
        mine = event.station_id, event.firmware_version, event.state
        return mine == (station_id, version, "installed")

    await yard.until(FirmwareStatusChanged, is_it)


async def version_of(yard: Yard, station_id: str) -> Any:
    return (await yard.rest.get(f"/stations/{station_id}")).json()["firmware_version"]


async def test_stations_of_three_versions_get_a_signed_image_and_one_a_plain_one(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updating, "INSTALL_S", 0.01)
    names = [name_of(version) for version in SIGNED]
    async with opened(sqlite_store, tmp_path) as yard, AsyncExitStack() as stack:
        yard.listen(FirmwareStatusChanged, SecurityEventNoted)
        image_id = await uploaded(yard, "2.0.0", is_signed=True)
        # The first ones are here when it is planned, the last one comes later.
        stations = [yard.station(version) for version in SIGNED]
        for station in stations[:2]:
            await stack.enter_async_context(station)
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
