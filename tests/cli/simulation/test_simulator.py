"""The simulator of a demonstration: stations that people start and move over REST."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chargeplane.cli.simulation.simulator import VIRTUAL_STATIONS_MAX
from tests.cli.calling import lines_until, ports, process, told

STATIONS = "simulator/stations"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A demonstration, asked by an administrator."""
    folder = tmp_path_factory.mktemp("demo")
    with (
        (folder / "log").open("w") as log,
        process(folder, "demo", *ports(), errors=log) as running,
    ):
        lines = lines_until(running, "Ctrl-C")
        headers = {"Authorization": f"Bearer {told(lines, 'API token')}"}
        address = f"{told(lines, 'Console')}api/v1/"
        with httpx.Client(base_url=address, headers=headers, timeout=15) as client:
            yield client


def seen(demo: httpx.Client, identity: str) -> dict[str, Any]:
    """A virtual station as it is now."""
    items = demo.get(STATIONS).raise_for_status().json()["items"]
    return next(each for each in items if each["id"] == identity)


def until(demo: httpx.Client, identity: str, **wanted: Any) -> dict[str, Any]:
    """A virtual station, once the station or its first EVSE is so."""
    ends_at = time.monotonic() + 10
    while True:
        card = seen(demo, identity)
        state = {**card["evses"][0], **card}
        if all(state[key] == value for key, value in wanted.items()):
            return card
        assert time.monotonic() < ends_at, f"{identity} is {card}, not {wanted}"
        time.sleep(0.05)


def act(demo: httpx.Client, identity: str, deed: str, **more: Any) -> httpx.Response:
    return demo.post(f"{STATIONS}/{identity}/{deed}", json=more)


@pytest.mark.parametrize(("version", "soap"), [("2.1", False), ("1.6", False), ("1.2", True)])
def test_a_station_is_started_charges_and_is_removed(
    demo: httpx.Client, version: str, soap: bool
) -> None:
    name = f"T{version.replace('.', '')}"
    given = {"name": name, "version": version, "soap": soap}
    identity = demo.post(STATIONS, json=given).raise_for_status().json()["id"]
    assert identity == f"SIM-{name}"
    until(demo, identity, online=True)
    act(demo, identity, "plug", soc=0.2).raise_for_status()
    act(demo, identity, "tap", token="DRIVER05").raise_for_status()
    until(demo, identity, token="DRIVER05")
    until(demo, identity, waiting=0)
    of_it = {"station_id": identity}
    (transaction,) = demo.get("transactions", params=of_it).json()["items"]
    assert transaction["id_token"] == "DRIVER05"
    act(demo, identity, "unplug").raise_for_status()
    until(demo, identity, plugged=False, waiting=0)
    assert demo.delete(f"{STATIONS}/{identity}").status_code == 204
    assert identity not in {each["id"] for each in demo.get(STATIONS).json()["items"]}
    (ended,) = demo.get("transactions", params=of_it).json()["items"]
    assert ended["state"] != "active"


def test_faults_quirks_and_restarts_happen_when_asked_for(demo: httpx.Client) -> None:
    demo.post(STATIONS, json={"name": "MOODY"}).raise_for_status()
    until(demo, "SIM-MOODY", online=True)
    offered = demo.get(STATIONS).json()
    quirk = offered["quirks"][0]
    changed = act(demo, "SIM-MOODY", "quirks", quirks=[quirk]).raise_for_status().json()
    assert changed["quirks"] == [quirk]
    assert act(demo, "SIM-MOODY", "fault", fault="no such fault").status_code == 409
    act(demo, "SIM-MOODY", "fault", fault=offered["faults"][0]).raise_for_status()
    act(demo, "SIM-MOODY", "restart").raise_for_status()
    until(demo, "SIM-MOODY", online=False)
    demo.delete(f"{STATIONS}/SIM-MOODY").raise_for_status()


def test_what_cannot_be_is_refused_with_a_reason(demo: httpx.Client) -> None:
    demo.post(STATIONS, json={"name": "ONE"}).raise_for_status()
    assert demo.post(STATIONS, json={"name": "ONE"}).json()["type"].endswith("identity-taken")
    assert demo.post(STATIONS, json={"name": "a/b"}).status_code == 400
    assert demo.post(STATIONS, json={"name": "S", "soap": True}).status_code == 400
    assert demo.post(STATIONS, json={"name": "S", "version": "1.2"}).status_code == 400
    until(demo, "SIM-ONE", online=True)
    assert act(demo, "SIM-ONE", "plug", evse=9).status_code == 404
    assert act(demo, "SIM-NONE", "plug").status_code == 404
    assert act(demo, "SIM-ONE", "unplug").status_code == 409
    assert act(demo, "SIM-ONE", "tap", token="x" * 300).status_code == 409
    assert act(demo, "SIM-ONE", "dance").status_code == 409
    assert demo.delete(f"{STATIONS}/SIM-NONE").status_code == 404
    demo.delete(f"{STATIONS}/SIM-ONE").raise_for_status()


def test_the_number_of_virtual_stations_is_bounded(demo: httpx.Client) -> None:
    for number in range(VIRTUAL_STATIONS_MAX):
        demo.post(STATIONS, json={"name": f"N{number}"}).raise_for_status()
    refused = demo.post(STATIONS, json={"name": "MORE"})
    assert refused.status_code == 409
    assert str(VIRTUAL_STATIONS_MAX) in refused.json()["detail"]
    for number in range(VIRTUAL_STATIONS_MAX):
        demo.delete(f"{STATIONS}/SIM-N{number}").raise_for_status()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A central system with a simulator, asked by an administrator."""
    folder = tmp_path_factory.mktemp("server")
    token = "a-token-of-this-test"
    with (
        (folder / "log").open("w") as log,
        process(
            folder, "serve", "--data", "data", "--simulator", *ports(),
            errors=log, CHARGEPLANE_API_TOKEN=token,
        ) as running,
    ):  # fmt: skip
        address = f"{told(lines_until(running, 'Ctrl-C'), 'Console')}api/v1/"
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=address, headers=headers, timeout=15) as client:
            yield client


def test_beside_a_server_a_virtual_station_has_a_password_as_all_have(
    server: httpx.Client,
) -> None:
    server.post("id-tokens", json={"token": "CARD-1"}).raise_for_status()
    given = {"name": "LOCKED", "version": "2.0.1"}
    identity = server.post(STATIONS, json=given).raise_for_status().json()["id"]
    until(server, identity, online=True)
    assert server.get(f"stations/{identity}").json()["security_profile"] == 1
    assert server.get(STATIONS).json()["tokens"] == ["CARD-1"]
    act(server, identity, "plug").raise_for_status()
    act(server, identity, "tap", token="CARD-1").raise_for_status()
    until(server, identity, token="CARD-1", waiting=0)
    # Switched off and started anew, it comes back with another password.
    assert server.delete(f"{STATIONS}/{identity}").status_code == 204
    server.post(STATIONS, json=given).raise_for_status()
    until(server, identity, online=True)


def test_a_station_that_is_none_of_the_simulator_keeps_its_password(server: httpx.Client) -> None:
    server.post("stations", json={"id": "SIM-METAL"}).raise_for_status()
    answer = server.post(STATIONS, json={"name": "METAL"})
    assert answer.status_code == 409
    assert "none of the simulator" in answer.json()["detail"]


def test_without_a_password_there_is_no_soap_beside_a_server(server: httpx.Client) -> None:
    answer = server.post(STATIONS, json={"name": "OLD", "version": "1.5", "soap": True})
    assert answer.status_code == 409
    assert "--min-security-profile 0" in answer.json()["detail"]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_recording_is_said_again_by_another_station(server: httpx.Client, version: str) -> None:
    server.post("id-tokens", json={"token": "CARD-2", "transactions_max": 9})
    name = f"A{version.replace('.', '')}"
    given = {"name": name, "version": version}
    identity = server.post(STATIONS, json=given).raise_for_status().json()["id"]
    until(server, identity, online=True)
    act(server, identity, "plug", soc=0.2).raise_for_status()
    act(server, identity, "tap", token="CARD-2").raise_for_status()
    until(server, identity, token="CARD-2", waiting=0)
    act(server, identity, "unplug").raise_for_status()
    until(server, identity, plugged=False, waiting=0)
    server.delete(f"{STATIONS}/{identity}").raise_for_status()
    # Frames are kept a moment after they came.
    last = {"search": "StopTransaction" if version == "1.6" else '"Ended"'}
    ends_at = time.monotonic() + 10
    while not server.get(f"stations/{identity}/frames", params=last).json()["items"]:
        assert time.monotonic() < ends_at, "the recording has no end"
        time.sleep(0.05)

    asked = {"station_id": identity, "name": f"B{name}"}
    answer = server.post("simulator/replays", json=asked).raise_for_status().json()
    assert answer["id"] == f"SIM-B{name}"
    assert {each["outcome"] for each in answer["items"]} == {"answered"}
    of_both = [
        server.get("transactions", params={"station_id": each}).json()["items"]
        for each in (identity, answer["id"])
    ]
    (first,), (again,) = of_both
    for key in ("state", "started_at", "ended_at", "energy_wh", "id_token", "stop_reason"):
        assert again[key] == first[key], key
    assert again["id"] != first["id"]
    assert version != "1.6" or again["wire_id"] != first["wire_id"]


def test_what_was_not_recorded_cannot_be_said_again(server: httpx.Client) -> None:
    def replayed(station_id: str, name: str = "COPY") -> httpx.Response:
        return server.post("simulator/replays", json={"station_id": station_id, "name": name})

    assert replayed("NOBODY").status_code == 404
    assert replayed("NOBODY", "a/b").status_code == 400
    identity = server.post(STATIONS, json={"name": "BUSY"}).raise_for_status().json()["id"]
    until(server, identity, online=True)
    assert replayed(identity, "BUSY").status_code == 409
