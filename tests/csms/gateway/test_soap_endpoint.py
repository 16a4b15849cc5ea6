"""Who is served over SOAP, and what comes of messages that are odd, repeated or too many."""

from __future__ import annotations

import asyncio
import base64
import threading
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.gateway.soap import SHORT_BYTES_MAX
from chargeplane.csms.gateway.soap_reading import Letter, read_letter
from chargeplane.csms.inventory import stations, unknown_stations
from chargeplane.csms.repair_counts import of_station
from chargeplane.csms.transactions.tables import ledger, transactions
from chargeplane.ocpp.soap import compress, parse_envelope
from chargeplane.ocpp.tolerance import STRICT, Tolerance
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.settings import UnknownStations
from chargeplane.runtime.store import Function, Store, StoreUnavailable
from tests.csms.driving import driving
from tests.csms.gateway.soap_station import PASSWORD, SoapSite, fault_of, serving
from tests.csms.making import TENANT_ID
from tests.ocpp.soap.envelopes import envelope, from_station
from tests.waiting import until

BOOT = {"chargePointVendor": "Acme", "chargePointModel": "Old"}
START = {"connectorId": 1, "idTag": "T", "timestamp": "2026-11-21T11:00:00Z", "meterStart": 5}


def basic(name: str, password: bytes) -> str:
    return "Basic " + base64.b64encode(name.encode() + b":" + password).decode()


# Who ------------------------------------------------------------------------------------------


async def test_a_station_may_post_anywhere_on_the_host(site: SoapSite) -> None:
    async with serving(site.port, "S1") as station:
        url = f"http://127.0.0.1:{site.port}/steve/services/CentralSystemService"
        assert (await station.post(station.envelope("Heartbeat", {}), url)).status_code == 200


async def test_an_unknown_station_is_refused_and_remembered(
    site: SoapSite, sqlite_store: Store
) -> None:
    async with serving(site.port, "S9", Version.V1_5) as station:
        answer = await station.post(station.envelope("BootNotification", BOOT))
    assert fault_of(answer) == (401, "Sender", "SecurityError")
    assert answer.headers["www-authenticate"].startswith("Basic")
    await sqlite_store.write(Function(lambda _: None))  # what was handed in before is stored now
    row = await sqlite_store.read(lambda c: c.execute(select(unknown_stations)).one())
    assert (row.id, row.remote_host, row.subprotocols) == ("S9", "127.0.0.1", "ocpp1.5 (SOAP)")
    assert not site.is_connected("S9")


@pytest.mark.parametrize(
    ("unknown", "boot", "heartbeat"),
    [(UnknownStations.QUARANTINE, "Pending", 400), (UnknownStations.ACCEPT, "Accepted", 200)],
)
async def test_an_unknown_station_may_be_let_in(
    soap_central: CentralSystem, unknown: UnknownStations, boot: str, heartbeat: int
) -> None:
    site = SoapSite(soap_central, unknown=unknown)
    port = await soap_central.listen("127.0.0.1", 0)
    async with serving(port, "S9") as station:
        assert (await station.ask("BootNotification", BOOT))["status"] == boot
        answer = await station.post(station.envelope("Heartbeat", {}))
    assert answer.status_code == heartbeat
    assert site.is_connected("S9")


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (basic("SP", PASSWORD), 200),
        (basic("SP", b"wrong"), 401),
        (basic("S1", PASSWORD), 401),
        ("Bearer x", 401),
        ("", 401),
    ],
    ids=["right", "wrong password", "wrong name", "other scheme", "nothing"],
)
async def test_a_station_with_a_password_must_show_it(
    site: SoapSite, authorization: str, status: int
) -> None:
    async with serving(site.port, "SP") as station:
        body = station.envelope("Heartbeat", {})
        answer = await station.post(body, Authorization=authorization)
    assert answer.status_code == status


async def test_a_profile_that_is_too_low_is_refused(soap_central: CentralSystem) -> None:
    SoapSite(soap_central, min_security_profile=1)
    port = await soap_central.listen("127.0.0.1", 0)
    async with serving(port, "S1") as station:
        answer = await station.post(station.envelope("Heartbeat", {}))
    assert fault_of(answer) == (401, "Sender", "SecurityError")


async def test_an_identity_in_another_namespace_counts(site: SoapSite, sqlite_store: Store) -> None:
    identity = '<cp:chargeBoxIdentity xmlns:cp="urn://Ocpp/Cp/2012/06/">S1</cp:chargeBoxIdentity>'
    async with serving(site.port, "S1") as station:
        answer = await station.post(from_station(identity=identity, message_id=""))
    assert answer.status_code == 200
    repairs = site.gateway.meter.repairs
    assert repairs["soap-identity-namespace"] == repairs["soap-message-id-missing"] == 1
    await site.gateway.repairs.settle()
    mine = partial(of_station, tenant_id=TENANT_ID, station_id="S1")
    counted = {each.name: each for each in await sqlite_store.read(mine)}
    assert {name: each.count for name, each in counted.items()} == repairs
    assert {each.frame_id is None for each in counted.values()} == {False}


@pytest.mark.parametrize("identity", ["", "<cs:chargeBoxIdentity>a/b</cs:chargeBoxIdentity>"])
async def test_without_an_identity_nobody_is_served(site: SoapSite, identity: str) -> None:
    async with serving(site.port, "S1") as station:
        answer = await station.post(from_station(identity=identity))
    assert fault_of(answer) == (400, "Sender", "IdentityMismatch")


async def test_a_station_has_to_wait_while_the_database_is_away(
    site: SoapSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("away")

    async with serving(site.port, "S1") as station:
        monkeypatch.setattr(site.gateway.store, "read", away)
        answer = await station.post(station.envelope("Heartbeat", {}))
    assert fault_of(answer) == (503, "Receiver", "InternalError")
    assert answer.headers["retry-after"] == "5"


# What -----------------------------------------------------------------------------------------

SMALL_BOMB = compress(b"x" * 5_000_000, "gzip")
HEARTBEAT = from_station(identity="<cs:chargeBoxIdentity>S1</cs:chargeBoxIdentity>")

GARBAGE: dict[str, tuple[bytes, dict[str, str], tuple[int, str, str | None]]] = {
    "empty": (b"", {}, (400, "Sender", "ProtocolError")),
    "no XML": (b"[2,3]", {}, (400, "Sender", "ProtocolError")),
    "half": (HEARTBEAT[:-20], {}, (400, "Sender", "ProtocolError")),
    "entities": (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", {}, (400, "Sender", "ProtocolError")),
    "too large": (b" " * 300_000, {}, (400, "Sender", "ProtocolError")),
    "bomb": (SMALL_BOMB, {"Content-Encoding": "gzip"}, (400, "Sender", "ProtocolError")),
    "no gzip": (HEARTBEAT, {"Content-Encoding": "gzip"}, (400, "Sender", "ProtocolError")),
    "coding": (HEARTBEAT, {"Content-Encoding": "br"}, (500, "Receiver", "NotSupported")),
    "SOAP 1.1": (
        envelope("<cs:heartbeatRequest/>", soap="http://schemas.xmlsoap.org/soap/envelope/"),
        {},
        (500, "VersionMismatch", None),
    ),
    "other namespace": (envelope("<x/>"), {}, (400, "Sender", "ProtocolError")),
    "unknown action": (from_station("<cs:fooRequest/>"), {}, (500, "Receiver", "NotSupported")),
    "an answer": (from_station("<cs:heartbeatResponse/>"), {}, (400, "Sender", "ProtocolError")),
    "for a station": (
        envelope("<cs:clearCacheRequest/>", service="urn://Ocpp/Cp/2012/06/"),
        {},
        (400, "Sender", "ProtocolError"),
    ),
}


@pytest.mark.parametrize(("body", "headers", "fault"), GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_gets_a_fault_and_is_counted(
    site: SoapSite, body: bytes, headers: dict[str, str], fault: tuple[int, str, str | None]
) -> None:
    async with serving(site.port, "S1") as station:
        answer = await station.post(body, **headers)
        assert fault_of(answer) == fault
        assert sum(site.gateway.meter.refusals.values()) == 1
        assert (await station.post(HEARTBEAT)).status_code == 200


async def test_a_payload_beyond_repair_gets_a_fault_and_is_recorded(
    site: SoapSite, sqlite_store: Store
) -> None:
    identity = "<cs:chargeBoxIdentity>S1</cs:chargeBoxIdentity>"
    body = from_station("<cs:authorizeRequest/>", identity=identity, message_id="")
    async with serving(site.port, "S1") as station:
        answer = await station.post(body)
    assert fault_of(answer) == (400, "Sender", "ProtocolError")
    assert parse_envelope(answer.content).message_id
    texts = [each.text for each in await site.recorded()]
    assert set(texts) == {body.decode(), answer.text}


async def test_a_payload_that_is_almost_right_is_repaired(
    site: SoapSite, sqlite_store: Store
) -> None:
    async with serving(site.port, "S1") as station:
        body = station.envelope("StartTransaction", START)
        answer = await station.post(body.replace(b"11:00:00Z", b"11:00:00"))
        assert answer.status_code == 200
        site.gateway.tolerance = STRICT
        answer = await station.post(body.replace(b"11:00:00Z", b"11:01:00"))
    assert fault_of(answer)[0] == 400
    assert site.gateway.meter.repairs.total() == 1
    row = await sqlite_store.read(lambda c: c.execute(select(transactions)).one())
    assert row.started_at.isoformat() == "2026-11-21T11:00:00+00:00"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_compressed_body_is_read(site: SoapSite, coding: str) -> None:
    async with serving(site.port, "S1") as station:
        body = compress(station.envelope("Heartbeat", {}), coding)
        answer = await station.post(body, Content_Encoding=coding)
    assert answer.status_code == 200


async def test_a_body_that_may_take_long_is_read_beside_the_loop(
    site: SoapSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside: list[bool] = []

    def read(body: bytes, coding: str | None) -> Letter:
        beside.append(threading.current_thread() is not threading.main_thread())
        return read_letter(body, coding)

    monkeypatch.setattr("chargeplane.csms.gateway.soap.read_letter", read)
    async with serving(site.port, "S1") as station:
        short = station.envelope("Heartbeat", {})
        long = short.replace(b"</soap:Body>", b"<!--" + b"x" * SHORT_BYTES_MAX + b"--></soap:Body>")
        assert len(short) < SHORT_BYTES_MAX < len(long)
        answers = [
            await station.post(short),
            await station.post(compress(short, "gzip"), Content_Encoding="gzip"),
            await station.post(long),
            await station.post(b"<" * 2 * SHORT_BYTES_MAX),
        ]
    assert [each.status_code for each in answers] == [200, 200, 200, 400]
    assert beside == [False, True, True, True]


# Once -----------------------------------------------------------------------------------------


async def test_a_repeated_message_gets_the_same_answer(site: SoapSite, sqlite_store: Store) -> None:
    async with serving(site.port, "S1") as station:
        body = station.envelope("StartTransaction", START, "urn:uuid:7")
        first, second = await station.post(body), await station.post(body)
        assert first.content == second.content
        assert site.gateway.meter.ignored_count == 1
        other = station.envelope("StartTransaction", {**START, "meterStart": 9}, "urn:uuid:7")
        assert fault_of(await station.post(other)) == (400, "Sender", "ProtocolError")
        site.gateway.tolerance = Tolerance({"message-id-reused"})
        assert (await station.post(other)).status_code == 200
    entries = await sqlite_store.read(lambda c: c.scalar(select(func.count()).select_from(ledger)))
    assert entries == 2


async def test_only_so_many_answers_are_kept(site: SoapSite) -> None:
    async with serving(site.port, "S1") as station:
        bodies = [station.envelope("Heartbeat", {}, f"urn:uuid:{n}") for n in range(12)]
        answers = [await station.post(body) for body in bodies]
        kept_max = site.gateway.limits.answers_kept_max
        for body, answer in zip(bodies[-kept_max:], answers[-kept_max:], strict=True):
            assert (await station.post(body)).content == answer.content
        assert (await station.post(bodies[0])).content != answers[0].content


class Gate:
    """Keeps the store from committing until it is opened, but for what nobody waits for."""

    def __init__(self, site: SoapSite, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held: list[tuple[Any, Any]] = []
        self.holds = asyncio.Event()
        self._submit = site.gateway.store.submit
        monkeypatch.setattr(site.gateway.store, "submit", self._hold)

    def _hold(self, unit: Any, told: Any, **_: Any) -> bool:
        if told.__qualname__.startswith("Tray."):  # it writes when its time is up
            return self._submit(unit, told)
        self.held.append((unit, told))
        self.holds.set()
        return True

    def open(self) -> None:
        held, self.held = self.held, []
        for unit, told in held:
            self._submit(unit, told)


async def test_nothing_is_answered_before_it_is_durable_and_one_waits_for_the_other(
    site: SoapSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(site.port, "S1") as station:
        await station.ask("Heartbeat", {})
        site.gateway.tray.flush()
        gate = Gate(site, monkeypatch)
        body = station.envelope("BootNotification", BOOT, "urn:uuid:1")
        first = asyncio.create_task(station.post(body))
        await gate.holds.wait()
        repeated = asyncio.create_task(station.post(body))
        other = asyncio.create_task(station.ask("Heartbeat", {}))
        await until(lambda: site.gateway.meter.ignored_count > 0)
        assert [first.done(), repeated.done(), other.done()] == [False, False, False]
        assert len(gate.held) == 1
        monkeypatch.undo()
        gate.open()
        assert (await first).content == (await repeated).content
        assert "currentTime" in await other


async def test_a_message_goes_its_way_also_if_the_station_hangs_up(
    site: SoapSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(site.port, "S1") as station:
        await station.ask("Heartbeat", {})
        site.gateway.tray.flush()
        gate = Gate(site, monkeypatch)
        body = station.envelope("StartTransaction", START, "urn:uuid:1")
        gone = asyncio.create_task(station.post(body))
        await gate.holds.wait()
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        monkeypatch.undo()
        gate.open()
        answer = await station.post(body)
        assert answer.status_code == 200
        assert site.gateway.meter.ignored_count == 1


async def test_too_many_at_once_get_a_fault(
    site: SoapSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting_max = site.gateway.limits.requests_waiting_max
    async with serving(site.port, "S1") as station:
        await station.ask("Heartbeat", {})
        site.gateway.tray.flush()
        gate = Gate(site, monkeypatch)
        first = asyncio.create_task(station.ask("BootNotification", BOOT))
        await gate.holds.wait()
        others = [
            asyncio.create_task(station.post(station.envelope("Heartbeat", {})))
            for _ in range(waiting_max + 3)
        ]
        done: set[asyncio.Task[httpx.Response]] = set()
        async with asyncio.timeout(5):
            while len(done) < 3:
                more, _ = await asyncio.wait(
                    set(others) - done, return_when=asyncio.FIRST_COMPLETED
                )
                done |= more
        assert {fault_of(each.result()) for each in done} == {(500, "Receiver", "InternalError")}
        monkeypatch.undo()
        gate.open()
        assert (await first)["status"] == "Accepted"
        answers = await asyncio.gather(*others)
        assert [each.status_code for each in answers].count(200) == waiting_max


# Who else -------------------------------------------------------------------------------------


async def test_a_station_with_a_websocket_does_not_speak_soap(site: SoapSite) -> None:
    async with driving(site.port, "S1", "ocpp1.6") as json_station, serving(site.port, "S1") as it:
        await json_station.ask("Heartbeat", {})
        answer = await it.post(it.envelope("Heartbeat", {}))
        assert fault_of(answer) == (400, "Sender", "SecurityError")
        assert site.gateway.meter.alarms_count == 1


async def test_a_websocket_takes_over_from_soap(site: SoapSite, sqlite_store: Store) -> None:
    async with serving(site.port, "S1") as it:
        await it.ask("Heartbeat", {})
        async with driving(site.port, "S1", "ocpp1.6") as json_station:
            await json_station.ask("Heartbeat", {})
            assert not site.gateway.soap_conversations
            await site.settled()
            epoch, transport = await sqlite_store.read(
                lambda c: c.execute(
                    select(stations.c.epoch, stations.c.transport).where(stations.c.id == "S1")
                ).one()
            )
            assert (epoch, transport) == (2, "json")
