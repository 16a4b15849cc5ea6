"""Stations with a certificate that has ended, or of the factory: in to get another one, or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from cryptography import x509

from chargeplane.csms.certificates import Renewals, renewal_tables
from chargeplane.csms.certificates.renewal_tables import Allowance
from chargeplane.csms.certificates.renewals import LIFE, LIFE_MAX, RenewalFault
from chargeplane.csms.contract import NotConnected, Registration, Station
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.domain.commands import (
    Accepted,
    ChangeAvailability,
    Command,
    GetInstalledCertificateIds,
    Outcome,
    Refused,
)
from chargeplane.domain.events import Event, StationBooted, StationConnected
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.pki import Authority, KeyKind, PrivateKey, Purpose, Vault, der_of, new_key
from chargeplane.runtime.store import Function, Store
from chargeplane.station.keystore import STATION
from tests.csms.certificates.site import CLOCK, Site, opened
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

LIFETIME = timedelta(days=30)
FACTORY = Authority.new("factory", KeyKind.P256, CLOCK.now(), 9 * LIFETIME, "Maker")
OLD_FACTORY = Authority.new("old factory", KeyKind.P256, CLOCK.now() - 9 * LIFETIME, LIFETIME)


class Shown(NamedTuple):
    """What a station shows."""

    chain: list[x509.Certificate]
    key: PrivateKey


def certificate(by: Authority, begun: datetime, name: str = "CP1") -> Shown:
    key = new_key()
    issued = by.issue(key.public_key(), name, Purpose.STATION, begun, LIFETIME)
    return Shown([issued.certificate, *issued.between], key)


def shown(site: Site, what: str) -> Shown:
    """A certificate with which something is wrong, by what it is."""
    own, now = site.vault.authority(Purpose.STATION), CLOCK.now()
    other = Authority.new("other", KeyKind.P256, now - 9 * LIFETIME, 20 * LIFETIME, "Operator")
    made = {
        "good": lambda: certificate(own, now),
        "ended": lambda: certificate(own, now - 2 * LIFETIME),
        "factory": lambda: certificate(FACTORY, now),
        "ended factory": lambda: certificate(FACTORY, now - 2 * LIFETIME),
        "of an ended authority": lambda: certificate(OLD_FACTORY, now - 9 * LIFETIME),
        "another station's": lambda: certificate(own, now - 2 * LIFETIME, "CP2"),
        "another root": lambda: certificate(other, now - 2 * LIFETIME),
    }
    return made[what]()


@pytest.fixture
async def lenient(sqlite_store: Store, vault: Vault, tmp_path: Path) -> AsyncIterator[Site]:
    """Its TLS does not look at times, and it knows two factories."""
    roots = FACTORY.certificate, OLD_FACTORY.certificate
    async with opened(sqlite_store, vault, tmp_path, roots=roots, checks_times=False) as site:
        yield site


class Arrivals:
    """How often a station has connected, as it is told."""

    def __init__(self, site: Site) -> None:
        self._count = 0
        self._one_more = asyncio.Condition()
        site.central.bus.listen(self._hear, StationConnected)

    async def _hear(self, _: Event) -> None:
        async with self._one_more:
            self._count += 1
            self._one_more.notify_all()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30), self._one_more:
            await self._one_more.wait_for(lambda: self._count >= count)


def coming(site: Site, what: Shown, version: str = "2.1", **more: Any) -> Any:
    station = site.station(version, 3, **more)
    station.core.hub.keys.give(STATION, *what)
    return station


async def refused(site: Site, what: Shown) -> None:
    with pytest.raises(TimeoutError, match="not accepted"):
        async with coming(site, what, ready_timeout_s=1.0):
            pass
    assert not site.central.gateway.conversations


async def events(site: Site) -> list[tuple[str, str]]:
    await site.central.recorder.flush()
    async with client(site.store, *site.central.routes) as rest:
        found = (await rest.get("/security-events")).json()["items"]
    return [(each["type"], each["detail"]) for each in found]


@pytest.mark.parametrize(
    ("what", "version"),
    [("ended", "1.6"), ("ended", "2.1"), ("factory", "2.0.1"), ("ended factory", "2.1")],
)
async def test_a_station_that_is_allowed_to_gets_another_certificate_and_nothing_else(
    lenient: Site, what: str, version: str
) -> None:
    await lenient.add(3)
    async with client(lenient.store, *lenient.central.routes) as rest:
        made = await rest.put("/stations/CP1/renewal-allowance", json={})
        assert made.json()["allowed_by"] == "operator"
    old, arrivals = shown(lenient, what), Arrivals(lenient)
    async with coming(lenient, old, version, ready_timeout_s=None) as station:
        await station.until(lambda core: core.hub.registration == "Pending")
        await station.until(lambda core: core.hub.keys.own()[0] != old.chain[0])
        row = await lenient.certificate_of(station)
        own, key = station.core.hub.keys._own[STATION]
        await only_to_renew(lenient, station)
    assert (await events(lenient))[-1][0] == "InvalidChargingStationCertificate"
    lenient.central.gateway.tray.flush()
    await lenient.store.write(Function(lambda connection: None))  # behind what was flushed
    async with client(lenient.store, *lenient.central.routes) as rest:
        frames = (await rest.get("/stations/CP1/frames")).text
        assert ("StartTransaction" in frames) is (version == "1.6")
        assert "SecurityError" in frames
        assert "has to renew its certificate first" in frames
        assert (await rest.get("/transactions")).json()["items"] == []
    assert row.state == "installed"
    # It stays registered, and with the new one it is served as ever.
    async with coming(lenient, Shown(own, key), version):
        assert await lenient.profile() == 3
        await arrivals.until(2)
        await lenient.central.renewals.settle()
    async with client(lenient.store, *lenient.central.routes) as rest:
        assert (await rest.get("/certificates/renewal-allowances")).json() == []
    await refused(lenient, shown(lenient, what))


async def only_to_renew(site: Site, station: Any) -> None:
    """Neither asks a station that is here so for anything else, nor is it served."""
    send = partial(site.central.send, TENANT_ID, "CP1")
    told = await send(ChangeAvailability(operative=False))
    assert isinstance(told, Refused)
    assert told.status == "Pending"
    assert isinstance(await send(GetInstalledCertificateIds()), Accepted)
    message: Request = v21.HeartbeatRequest()
    if station.version == "1.6":
        message = v16.StartTransactionRequest(
            connector_id=1, id_tag="TOKEN", meter_start=0, timestamp=CLOCK.now()
        )
    station.act(lambda core, now_s: core.hub.ask(message, early=True))
    await station.until(lambda core: not core.hub.conversation.waiting)
    here = site.central.gateway.conversation(TENANT_ID, "CP1")
    assert here is not None
    assert (here.station.must_renew, here.station.registration) == (True, Registration.PENDING)


@pytest.mark.parametrize("what", ["ended", "factory"])
async def test_whom_nobody_allows_is_refused(lenient: Site, what: str) -> None:
    await lenient.add(3)
    await lenient.add(3, "CP2")
    await lenient.central.renewals.allow(TENANT_ID, "CP2", None, "ann")
    await refused(lenient, shown(lenient, what))
    assert {type_ for type_, _ in await events(lenient)} == {"FailedLogIn"}
    await lenient.central.renewals.allow(TENANT_ID, "CP1", None, "ann")
    await lenient.central.renewals.forbid(TENANT_ID, "CP1")
    await refused(lenient, shown(lenient, what))


async def test_a_new_station_may_bear_the_serial_number_that_somebody_says(lenient: Site) -> None:
    await lenient.add(3)
    made = certificate(FACTORY, CLOCK.now(), "SN-1")
    await lenient.central.renewals.allow(TENANT_ID, "CP1", None, "ann", "SN-2")
    await refused(lenient, made)
    await lenient.central.renewals.allow(TENANT_ID, "CP1", None, "ann", "SN-1")
    async with coming(lenient, made, ready_timeout_s=None) as station:
        await station.until(lambda core: core.hub.registration == "Pending")
        await station.until(lambda core: core.hub.keys.own()[0] != made.chain[0])
    ours = certificate(lenient.vault.authority(Purpose.STATION), CLOCK.now(), "SN-3")
    await refused(lenient, ours)


@pytest.mark.parametrize("what", ["of an ended authority", "another station's", "another root"])
async def test_what_is_wrong_otherwise_is_refused_whoever_is_allowed(
    lenient: Site, what: str
) -> None:
    await lenient.add(3)
    await lenient.central.renewals.allow(TENANT_ID, "CP1", None, "ann")
    await refused(lenient, shown(lenient, what))


async def test_a_good_certificate_is_good_where_tls_does_not_look_at_times(lenient: Site) -> None:
    await lenient.add(3)
    async with coming(lenient, shown(lenient, "good")):
        pass


async def test_a_port_that_looks_at_times_lets_no_ended_certificate_in(site: Site) -> None:
    await site.add(3)
    await site.central.renewals.allow(TENANT_ID, "CP1", None, "ann")
    await refused(site, shown(site, "ended"))


async def test_a_station_that_was_rejected_does_not_renew(lenient: Site) -> None:
    await lenient.add(3, registration=Registration.REJECTED)
    await lenient.central.renewals.allow(TENANT_ID, "CP1", None, "ann")
    async with coming(lenient, shown(lenient, "ended"), ready_timeout_s=None) as station:
        await station.until(lambda core: core.hub.registration == "Rejected")
        here = lenient.central.gateway.conversation(TENANT_ID, "CP1")
        assert here is not None
        assert not here.station.may_renew


class Yard:
    """The service with a station that is here or not, and answers or not."""

    def __init__(self, store: Store) -> None:
        self.clock = SimulatedClock(NOW)
        self.here: Station | None = None
        self.asked: list[str] = []
        self.answer: Outcome | None = Accepted()
        self.authorities: list[x509.Certificate] = []
        self.renewals = Renewals(store, self.clock, self._send, self._find, self._authorities)

    def _authorities(self) -> list[x509.Certificate]:
        return self.authorities

    def _find(self, _: UUID, station_id: str) -> Station | None:
        return self.here if self.here and self.here.id == station_id else None

    async def _send(self, tenant_id: UUID, station_id: str, command: Command) -> Outcome:
        assert tenant_id == TENANT_ID
        self.asked.append(f"{station_id} {getattr(command, 'message', '')}")
        if self.answer is None:
            raise NotConnected(station_id)
        return self.answer

    async def hear(self, kind: type[StationConnected] | type[StationBooted]) -> None:
        facts: dict[str, Any] = {
            "tenant_id": str(TENANT_ID), "station_id": "CP1", "reported_at": NOW,
            "received_at": NOW,
        }  # fmt: skip
        if kind is StationConnected:
            more = {"ocpp_version": "2.1", "transport": "json", "security_profile": 3, "epoch": 1}
            facts |= {**more, "remote_address": ""}
        else:
            facts |= {"vendor": "Acme", "model": "One", "registration": "pending"}
        self.renewals.heard(kind(**facts))
        await self.renewals.settle()


def renewing(epoch: int = 1, version: Version = Version.V2_1) -> Station:
    return Station(TENANT_ID, "CP1", version, security_profile=3, epoch=epoch, must_renew=True)


async def test_a_connection_is_asked_once_unless_it_did_not_take_it(sqlite_store: Store) -> None:
    yard = Yard(sqlite_store)
    await yard.hear(StationConnected)
    assert yard.asked == []  # it has gone already
    yard.here = renewing()
    yard.answer = Refused(status="Rejected")
    await yard.hear(StationConnected)
    yard.answer = None
    await yard.hear(StationBooted)
    yard.answer = Accepted()
    await yard.hear(StationBooted)
    await yard.hear(StationBooted)
    assert yard.asked == ["CP1 SignChargingStationCertificate"] * 3
    yard.here = renewing(2, Version.V1_6)
    await yard.hear(StationConnected)
    assert yard.asked[3:] == ["CP1 SignChargePointCertificate"]


async def test_an_allowance_ends_by_itself_and_outlives_a_restart(site: Site) -> None:
    await site.add(3)
    yard = Yard(site.store)
    names = partial(yard.renewals.names, TENANT_ID, "CP1")
    assert await yard.renewals.allow(TENANT_ID, "CP9", None, "ann") is None
    found = await yard.renewals.allow(TENANT_ID, "CP1", None, "ann", "SN-1")
    assert found == Allowance(TENANT_ID, "CP1", NOW + LIFE, "SN-1", "ann")
    assert names() == frozenset({"SN-1"})
    again = Yard(site.store)
    assert again.renewals.names(TENANT_ID, "CP1") is None
    await again.renewals.load()
    assert again.renewals.names(TENANT_ID, "CP1") == frozenset({"SN-1"})
    await yard.clock.advance(LIFE.total_seconds())
    assert names() is None
    assert await yard.renewals.listed(TENANT_ID) == []


async def test_an_allowance_has_bounds_and_goes_when_it_is_over(store: Store) -> None:
    for name in ("CP1", "CP2"):
        known = Known(TENANT_ID, name, 3, None, Registration.ACCEPTED, 0)
        await store.write(Function(partial(register, known=known, now=NOW)))
    yard = Yard(store)
    for until in (NOW, NOW + LIFE_MAX + timedelta(seconds=1)):
        with pytest.raises(RenewalFault, match="within 30 days"):
            await yard.renewals.allow(TENANT_ID, "CP1", until, "ann")

    async def allow(name: str, at: datetime, count_max: int) -> bool | None:
        wanted = Allowance(TENANT_ID, name, at + LIFE, None, "ann")
        work = partial(renewal_tables.allow, allowance=wanted, now=at, count_max=count_max)
        return await store.write(Function(work))

    assert await allow("CP9", NOW, 1) is False
    assert await allow("CP1", NOW, 1) is True
    assert await allow("CP1", NOW, 1) is True  # in place of the one before
    assert await allow("CP2", NOW, 1) is None
    assert await allow("CP2", NOW + 2 * LIFE, 1) is True
    await yard.clock.advance(2 * LIFE.total_seconds())
    assert [each.station_id for each in await yard.renewals.listed(TENANT_ID)] == ["CP2"]
    assert await yard.renewals.forbid(TENANT_ID, "CP2")
    assert not await yard.renewals.forbid(TENANT_ID, "CP2")


async def test_people_allow_and_forbid(site: Site) -> None:
    await site.add(3)
    path = "/stations/CP1/renewal-allowance"
    async with client(site.store, *site.central.routes) as rest:
        until = datetime.now(UTC) + timedelta(hours=2)
        made = await rest.put(path, json={"until": until.isoformat()})
        assert datetime.fromisoformat(made.json()["until"]) == until
        listed = (await rest.get("/certificates/renewal-allowances")).json()
        assert listed == [made.json()]
        late = await rest.put(path, json={"until": "2126-01-01T00:00:00Z"})
        assert late.json()["errors"][0]["field"] == "until"
        assert (await rest.put("/stations/CP9/renewal-allowance", json={})).status_code == 404
        assert (await rest.delete(path)).status_code == 204
        assert (await rest.delete(path)).status_code == 404
    async with client(site.store, *site.central.routes, role="viewer") as rest:
        assert (await rest.put(path, json={})).status_code == 403


async def test_authorities_are_read_again_after_a_while_and_may_be_unreadable(
    sqlite_store: Store,
) -> None:
    yard = Yard(sqlite_store)
    leaf = der_of(certificate(FACTORY, CLOCK.now()).chain[0])
    yard.clock = SimulatedClock(CLOCK.now())
    yard.renewals.clock = yard.clock
    assert yard.renewals.has_ended(b"no certificate") is None
    assert yard.renewals.has_ended(leaf) is None
    yard.authorities = [FACTORY.certificate]
    assert yard.renewals.has_ended(leaf) is None  # they were read a moment ago
    await yard.clock.advance(61)
    assert yard.renewals.has_ended(leaf) is False
    await yard.clock.advance(LIFETIME.total_seconds())
    assert yard.renewals.has_ended(leaf) is True
