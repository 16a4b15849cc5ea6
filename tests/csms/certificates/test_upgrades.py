"""Security profiles are upgraded (A05) while stations live: they go by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from chargeplane.domain.commands import (
    Accepted,
    SetVariables,
    TriggerMessage,
    Variable,
    VariableValue,
)
from chargeplane.domain.events import Event, StationConnected
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.pki import Authority, KeyKind, Vault, pem_of
from chargeplane.runtime.store import Store
from chargeplane.station import Station
from chargeplane.station.network import NetworkProfile
from chargeplane.station.provisioning import restarting
from chargeplane.station.signals import Connected, NotReached
from chargeplane.station.wires import connection, json_wire
from tests.csms.certificates.front import front
from tests.csms.certificates.site import TRIGGER, VERSIONS, Site, opened
from tests.csms.making import TENANT_ID
from tests.csms.rest import client

AT_ONCE = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": "0",
    "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
}
LOST = "CP-lost"
LIFE = timedelta(days=30)


class MovableClock(SystemClock):
    """The clock of the machine, which a test may put forward."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class Depot:
    """A site, with one address for its ports, and the interface of its central system."""

    def __init__(self, site: Site, port: int, rest: httpx.AsyncClient, clock: MovableClock) -> None:
        self.site = site
        self.port = port
        self.rest = rest
        self.clock = clock
        self._here = asyncio.Condition()
        self._profiles: dict[str, int] = {}
        site.central.bus.listen(self._note, StationConnected)

    async def _note(self, event: Event) -> None:
        assert isinstance(event, StationConnected)
        async with self._here:
            self._profiles[event.station_id] = event.security_profile
            self._here.notify_all()

    async def is_here(self, station: Station, profile: int) -> None:
        """Wait until it is online by a profile, and that is stored."""
        hub = station.core.hub
        await station.until(lambda _: hub.is_online and hub.network.current.security == profile)
        async with self._here:
            await self._here.wait_for(lambda: self._profiles.get(station.identity) == profile)

    @property
    def url(self) -> str:
        return f"wss://127.0.0.1:{self.port}/ocpp"

    def station(self, identity: str, version: str, profile: int) -> Station:
        """One that comes with a profile, and has what it needs for the next."""
        station = self.site.station(version, profile, identity=identity, variables=AT_ONCE)
        network = station.core.hub.network
        url = self.url if profile >= 2 else self.url.replace("wss", "ws")
        network.begin(NetworkProfile(url, profile), is_trusting=False)
        return station

    async def upgrade(self, where: str, profile: int, url: str = "") -> Any:
        body = {"security_profile": profile, "url": url or self.url}
        answer = await self.rest.post(f"/{where}/upgrade-security-profile", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def state(self, identity: str) -> tuple[str, int]:
        """Of its last change, and the profile that it is pinned to."""
        await self.site.central.changes.sweep()
        changes = (await self.rest.get(f"/stations/{identity}/credential-changes")).json()
        return changes[0]["state"], await self.site.profile(identity)


@pytest.fixture
async def depot(sqlite_store: Store, vault: Vault, tmp_path: Path) -> AsyncIterator[Depot]:
    clock = MovableClock()
    async with (
        opened(sqlite_store, vault, tmp_path, clock=clock) as site,
        front(site.plain, site.secure) as port,
        client(sqlite_store, *site.central.routes) as rest,
    ):
        yield Depot(site, port, rest, clock)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RESTART_S", 0.0)
    monkeypatch.setattr(restarting, "GRACE_S", 0.01)
    monkeypatch.setattr(json_wire, "DIAL_TIMEOUT_S", 5.0)


async def test_a_whole_site_goes_to_tls_and_who_does_not_come_back_falls_back(
    depot: Depot,
) -> None:
    good = {f"CP-{version}": version for version in VERSIONS}
    async with AsyncExitStack() as living:
        stations = {}
        for identity, version in (good | {LOST: "2.0.1"}).items():
            await depot.site.add(1, identity, site_id="depot")
            station = depot.station(identity, version, 1)
            if identity == LOST:  # it trusts somebody else: TLS to us will never work
                keys, now = station.core.hub.keys, depot.clock.now()
                for each in keys.listed():
                    keys.delete(each.hashes)
                other = Authority.new("other", KeyKind.P256, now, LIFE)
                keys.install("CSMSRootCertificate", pem_of([other.certificate]), now)
            stations[identity] = await living.enter_async_context(station)
            await depot.is_here(station, 1)
        await depot.site.add(1, "CP-never", site_id="depot")
        begun = await depot.upgrade("sites/depot", 2)
        assert {each["station_id"]: each["fault"] for each in begun} == {
            **dict.fromkeys(stations), "CP-never": "the station has never been here",
        }  # fmt: skip
        for identity in good:
            await depot.is_here(stations[identity], 2)
            assert await depot.state(identity) == ("confirmed", 2)
        lost = stations[LOST]
        await lost.wait_for(NotReached)
        await lost.wait_for(Connected)
        await depot.is_here(lost, 1)
        assert await depot.state(LOST) == ("waiting", 1)
        depot.clock.ahead = timedelta(minutes=16)
        assert await depot.state(LOST) == ("fallen-back", 1)
        trigger = TriggerMessage(message="Heartbeat")
        for identity in stations:
            answer = await depot.site.central.send(TENANT_ID, identity, trigger)
            assert isinstance(answer, Accepted), identity


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_goes_from_1_to_2_and_to_3_by_itself(depot: Depot, version: str) -> None:
    await depot.site.add(1)
    async with depot.station("CP1", version, 1) as station:
        await depot.is_here(station, 1)
        assert (await depot.upgrade("stations/CP1", 2))["state"] == "waiting"
        await depot.is_here(station, 2)
        assert await depot.state("CP1") == ("confirmed", 2)
        send = depot.site.central.send
        refused = await depot.rest.post(
            "/stations/CP1/upgrade-security-profile",
            json={"security_profile": 3, "url": depot.url},
        )
        assert (refused.status_code, "certificate" in refused.text) == (409, True)
        trigger = TriggerMessage(message=TRIGGER[version])
        assert isinstance(await send(TENANT_ID, "CP1", trigger), Accepted)
        await depot.site.certificate_of(station)
        assert (await depot.upgrade("stations/CP1", 3))["state"] == "waiting"
        await depot.is_here(station, 3)
        assert await depot.state("CP1") == ("confirmed", 3)
        assert isinstance(
            await send(TENANT_ID, "CP1", TriggerMessage(message="Heartbeat")), Accepted
        )


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_who_cannot_come_with_3_falls_back_to_2_and_not_to_what_was_before(
    depot: Depot, version: str
) -> None:
    await depot.site.add(1)
    async with depot.station("CP1", version, 1) as station:
        await depot.is_here(station, 1)
        await depot.upgrade("stations/CP1", 2)
        await depot.is_here(station, 2)
        assert await depot.state("CP1") == ("confirmed", 2)
        trigger = TriggerMessage(message=TRIGGER[version])
        await depot.site.central.send(TENANT_ID, "CP1", trigger)
        await depot.site.certificate_of(station)
        await depot.upgrade("stations/CP1", 3, url="wss://127.0.0.1:9/ocpp")  # nobody is there
        await station.wait_for(NotReached)
        await station.wait_for(Connected)
        await depot.is_here(station, 2)
        assert await depot.state("CP1") == ("waiting", 2)
        depot.clock.ahead = timedelta(minutes=16)
        assert await depot.state("CP1") == ("fallen-back", 2)


async def test_a_2_1_station_that_allows_it_goes_down_from_3_to_2(depot: Depot) -> None:
    await depot.site.add(2)
    async with depot.station("CP1", "2.1", 2) as station:
        await depot.is_here(station, 2)
        send = partial(depot.site.central.send, TENANT_ID, "CP1")
        await send(TriggerMessage(message=TRIGGER["2.1"]))
        await depot.site.certificate_of(station)
        await depot.upgrade("stations/CP1", 3)
        await depot.is_here(station, 3)
        assert await depot.state("CP1") == ("confirmed", 3)
        body = {"security_profile": 2, "url": depot.url}
        path = "/stations/CP1/upgrade-security-profile"
        refused = await depot.rest.post(path, json=body)
        assert (refused.status_code, "not allow" in refused.text) == (409, True)
        allow = VariableValue(
            variable=Variable(component="SecurityCtrlr", name="AllowSecurityProfileDowngrade"),
            value="true",
        )
        assert isinstance(await send(SetVariables(values=(allow,))), Accepted)
        assert (await depot.upgrade("stations/CP1", 2))["state"] == "waiting"
        await depot.is_here(station, 2)
        assert await depot.state("CP1") == ("confirmed", 2)
