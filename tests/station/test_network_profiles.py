"""Network profiles and security profiles: set, tried in order, rolled back, remembered."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.station import Station
from chargeplane.station.network import NetworkProfile
from chargeplane.station.provisioning import restarting
from chargeplane.station.signals import Connected, Disconnected, NotReached, Restarting
from chargeplane.station.wires import connection, json_wire
from tests.station.server import Server, server
from tests.station.stage import Stage, online

AT_ONCE = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": "0",
    "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
}
DEAD = "ws://127.0.0.1:9/ocpp"
PRIORITY = v21.VariableType(name="NetworkConfigurationPriority")
COMM = v21.ComponentType(name="OCPPCommCtrlr")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RESTART_S", 0.0)
    monkeypatch.setattr(restarting, "GRACE_S", 0.01)
    monkeypatch.setattr(json_wire, "DIAL_TIMEOUT_S", 0.5)


def profile_at(slot: int, url: str, security: int = 0) -> v21.SetNetworkProfileRequest:
    data = v21.NetworkConnectionProfileType(
        ocpp_interface=v21.OCPPInterfaceEnumType.WIRED0,
        ocpp_transport=v21.OCPPTransportEnumType.JSON,
        ocpp_version=v21.OCPPVersionEnumType.OCPP20,
        message_timeout=30,
        ocpp_csms_url=url,
        security_profile=security,
    )
    return v21.SetNetworkProfileRequest(configuration_slot=slot, connection_data=data)


def priority(value: str) -> v21.SetVariablesRequest:
    data = v21.SetVariableDataType(component=COMM, variable=PRIORITY, attribute_value=value)
    return v21.SetVariablesRequest(set_variable_data=[data])


def built_at(stage: Stage, url: str, security: int) -> Stage:
    stage.core.hub.network.begin(NetworkProfile(url, security), is_trusting=False)
    return stage


def kept(stage: Stage, slot: int, url: str, security: int) -> tuple[str, str]:
    answer = stage.ask(profile_at(slot, url, security))
    assert isinstance(answer, v21.SetNetworkProfileResponse)
    reason = answer.status_info.reason_code if answer.status_info else ""
    return answer.status.value, reason


def tried(stage: Stage, value: str) -> str:
    answer = stage.ask(priority(value))
    assert isinstance(answer, v21.SetVariablesResponse)
    return answer.set_variable_result[0].attribute_status.value


async def moved(station: Station, at: Server, url: str) -> None:
    """Fill slot 2, prefer it, and reset."""
    at.ask("CP1", profile_at(2, url))
    at.ask("CP1", priority("2,1"))
    at.ask("CP1", v21.ResetRequest(type=v21.ResetEnumType.ON_IDLE))
    await station.wait_for(Restarting)


def test_a_profile_may_not_be_less_secure_or_in_use_or_no_address() -> None:
    stage = built_at(online("2.1"), "wss://csms.example", 2)
    assert kept(stage, 2, "ws://csms.example", 1) == ("Rejected", "NoSecurityDowngrade")
    assert kept(stage, 1, "wss://other.example", 2) == ("Rejected", "PriorityNetworkConf")
    assert kept(stage, 99, "wss://other.example", 2) == ("Rejected", "InvalidNetworkConf")
    assert kept(stage, 2, "ws://other.example", 2) == ("Rejected", "InvalidNetworkConf")
    assert kept(stage, 2, "wss://other.example", 2) == ("Accepted", "")


def test_only_from_3_to_2_and_only_if_it_is_allowed() -> None:
    stage = built_at(online("2.1"), "wss://csms.example", 3)
    assert kept(stage, 2, "wss://csms.example", 2) == ("Rejected", "NoSecurityDowngrade")
    stage.core.variables.preset({"SecurityCtrlr.AllowSecurityProfileDowngrade": "true"})
    assert kept(stage, 2, "wss://csms.example", 2) == ("Accepted", "")
    assert kept(stage, 3, "ws://csms.example", 1) == ("Rejected", "NoSecurityDowngrade")


def test_only_slots_that_are_filled_and_that_the_station_is_equipped_for_are_tried() -> None:
    stage = built_at(online("2.1"), "ws://csms.example", 1)
    assert kept(stage, 2, "wss://csms.example", 2) == ("Accepted", "")
    assert kept(stage, 3, "ws://csms.example", 1) == ("Accepted", "")
    refused = [tried(stage, each) for each in ("2,1", "4", "1,1", "", "one")]
    assert refused == ["Rejected"] * 5  # 2: there is no root of a central system
    assert tried(stage, "3,1") == "RebootRequired"


def test_after_so_many_attempts_comes_the_next_slot_and_a_boot_begins_anew() -> None:
    stage = built_at(online("2.1"), "ws://csms.example", 0)
    kept(stage, 2, "ws://other.example", 0)
    tried(stage, "2,1")
    network, slots = stage.core.hub.network, []
    assert network.slot == 1
    stage.core.restart(stage.now_s)
    stage.disconnect()
    for _ in range(7):
        slots.append(network.slot)
        stage.core.not_reached(stage.now_s, "nobody answers")
    assert slots == [2, 2, 2, 1, 1, 1, 2]
    stage.connect()
    stage.core.restart(stage.now_s)
    assert network.slot == 2


def test_a_more_secure_profile_that_works_ends_the_use_of_the_others() -> None:
    stage = built_at(online("2.1"), "ws://csms.example", 0)
    kept(stage, 2, "ws://csms.example", 1)
    tried(stage, "2,1")
    stage.core.restart(stage.now_s)
    stage.disconnect().connect()
    variables = stage.core.variables
    assert variables.text("OCPPCommCtrlr", "NetworkConfigurationPriority") == "2"
    assert variables.text("SecurityCtrlr", "SecurityProfile") == "1"


async def back(station: Station) -> None:
    """Wait until it has connected again, and is accepted."""
    await station.wait_for(Connected)
    await station.until(lambda core: core.hub.is_online)


async def test_a_station_moves_to_another_central_system_and_remembers_it(tmp_path: Path) -> None:
    options: dict[str, Any] = {"variables": AT_ONCE, "memory": tmp_path / "station.db"}
    async with server() as old, server() as new:
        async with Station("CP1", url=old.url, **options) as station:
            await moved(station, old, new.url)
            await back(station)
            assert station.core.variables.text("OCPPCommCtrlr", "ActiveNetworkProfile") == "2"
        visits = len(old.centrals["CP1"].heard)
        async with Station("CP1", url=old.url, **options):
            assert len(old.centrals["CP1"].heard) == visits
            assert new.centrals["CP1"].names().count("BootNotification") == 2


async def test_a_central_system_that_is_not_there_is_given_up_for_the_old_one() -> None:
    async with server() as old, Station("CP1", url=old.url, variables=AT_ONCE) as station:
        await moved(station, old, DEAD)
        await station.wait_for(NotReached)
        await back(station)
        assert station.core.hub.network.slot == 1
        assert old.centrals["CP1"].names().count("BootNotification") == 2


class Changes:
    """A 1.6 station, and what it answers to ChangeConfiguration."""

    def __init__(self, at: Server, **options: Any) -> None:
        self.at = at
        self.answers: list[str] = []
        self.station = Station(
            "CP1", url=at.url, version="1.6", variables=AT_ONCE, frame=self._note, **options
        )

    def _note(self, way: str, text: str) -> None:
        frame = json.loads(text)
        if way == "sent" and frame[0] == 3:
            self.answers.append(frame[2]["status"])

    async def to(self, level: str) -> str:
        count = len(self.answers)
        self.at.ask("CP1", v16.ChangeConfigurationRequest(key="SecurityProfile", value=level))
        await self.station.until(lambda _: len(self.answers) > count)
        return self.answers[-1]

    @property
    def level(self) -> str:
        return self.station.core.variables.text("SecurityCtrlr", "SecurityProfile")


async def test_a_1_6_station_connects_anew_with_a_better_profile_and_never_goes_back() -> None:
    async with server() as at:
        changes = Changes(at)
        async with changes.station as station:
            assert await changes.to("2") == "Rejected"  # it trusts no central system
            assert await changes.to("1") == "Accepted"
            await station.wait_for(Disconnected)
            await back(station)
            assert changes.level == "1"
            assert await changes.to("0") == "Rejected"


async def test_a_1_6_station_rolls_back_what_does_not_work() -> None:
    async with server() as at:
        changes = Changes(at, tls=ssl.create_default_context(), password="a" * 16)
        async with changes.station as station:
            assert await changes.to("2") == "Accepted"
            await station.wait_for(NotReached)
            await back(station)
            assert changes.level == "1"
