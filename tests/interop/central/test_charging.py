"""Strangers boot, authorise and charge at the running program; REST shows all of it."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest
import zeep.exceptions
from websockets.exceptions import InvalidStatus

from chargeplane.ocpp.versions import Version
from tests.interop.central.conftest import HOW, Scene
from tests.interop.central.node_station import NodeError
from tests.interop.central.running import Rest, Running
from tests.interop.central.words import words_of
from tests.interop.node import needs_node
from tests.waiting import eventually


async def test_a_stranger_charges_and_rest_shows_it(scene: Scene) -> None:
    rest, words, token = scene.rest, scene.words, scene.token
    await _greets(scene)
    assert await words.authorize("nobody") in {"Invalid", "Unknown"}
    assert await words.authorize(token) == "Accepted"
    assert await words.start(token) == "Accepted"
    await words.sample()
    (active,) = await rest.items("/transactions", station_id=scene.station_id, active="true")
    assert (active["state"], active["id_token"], active["evse_id"]) == ("active", token, 1)
    await words.stop("EVDisconnected")

    shown = await rest.get(f"/transactions/{active['id']}")
    assert (shown["state"], shown["wire_id"], shown["remarks"]) == ("ended", words.wire_id, [])
    assert (shown["meter_start_wh"], shown["meter_stop_wh"]) == (1000, 3000)
    assert shown["energy_wh"] == 2000
    assert shown["remote_start_id"] is None
    measured = await rest.items(f"/transactions/{active['id']}/meter-values")
    assert 1500 in {value["value"] for values in measured for value in values}


async def _greets(scene: Scene) -> None:
    """A heartbeat, and a message that only its vendor understands."""
    told = (await scene.station.ask("Heartbeat", {}))["currentTime"]
    clock = told if isinstance(told, datetime) else datetime.fromisoformat(told)
    assert abs(datetime.now(UTC) - clock) < timedelta(seconds=30)
    if scene.version is not Version.V1_2:
        answer = await scene.station.ask("DataTransfer", {"vendorId": "org.example", "data": "x"})
        assert answer == {"status": "UnknownVendorId"}


async def test_rest_shows_what_a_stranger_is_and_every_frame(scene: Scene) -> None:
    rest, path = scene.rest, f"/stations/{scene.station_id}"
    await scene.words.status()
    shown = await eventually(
        lambda: rest.get(path), until=lambda it: it["evses"] and it["ocpp_version"]
    )
    assert shown["connected"]
    assert (shown["vendor"], shown["model"]) == ("Acme", "Stranger")
    transport = "soap" if scene.kind == "zeep" else "json"
    assert (shown["ocpp_version"], shown["transport"]) == (str(scene.version), transport)
    (evse,) = shown["evses"]
    assert [each["status"] for each in evse["connectors"]] == ["available"]

    frames = await eventually(
        lambda: rest.items(f"{path}/frames"), until=lambda found: len(found) >= 4
    )
    assert [each["direction"] for each in frames] == ["out", "in", "out", "in"]
    assert "StatusNotification" in frames[1]["text"]
    assert "BootNotification" in frames[3]["text"]


async def test_a_stranger_that_comes_back_is_served_without_another_boot(scene: Scene) -> None:
    rest = scene.rest
    assert await scene.words.start(scene.token) == "Accepted"
    await scene.station.aclose()
    async with aclosing(await scene.dial()) as station:
        words = words_of(station)
        assert await words.authorize(scene.token) == "Accepted"
        words.wire_id = scene.words.wire_id
        await words.stop("PowerLoss")
        station.memory.answers["ClearCache"] = {"status": "Accepted"}
        outcome = await rest.command(scene.station_id, "clear-cache")
        assert outcome["outcome"] == "accepted"
    (shown,) = await rest.items("/transactions", station_id=scene.station_id)
    assert (shown["state"], shown["energy_wh"]) == ("ended", 2000)
    assert station.memory.violations == []


@pytest.mark.parametrize(
    ("kind", "version", "said"),
    [
        ("python", Version.V2_1, "HTTP 401"),
        pytest.param("node", Version.V1_6, "Unauthorized", marks=needs_node),
        ("zeep", Version.V1_5, "wrong credentials"),
    ],
)
async def test_a_stranger_with_a_wrong_password_is_turned_away(
    central_system: Running, rest: Rest, kind: str, version: Version, said: str
) -> None:
    name = f"{kind}-with-a-wrong-password"
    await rest.register(name, 1)
    dial, _ = HOW[kind]
    with pytest.raises((InvalidStatus, NodeError, zeep.exceptions.Error), match=said):
        async with aclosing(
            await dial(central_system.ocpp_port, name, version, "fedcba9876543210")
        ) as it:
            await words_of(it).boot()
    assert (await rest.get(f"/stations/{name}"))["last_seen_at"] is None
