"""What kills databases, pages and processes elsewhere, and here is a row like any other.

After all of it every page still answers: of the REST interface for every id that is stored, of the
exports, and of the web application itself.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from sqlalchemy import select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.options import Options
from chargeplane.csms.transactions.tables import transactions
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.audit.api import routes as audit_log_routes
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import CloseCode
from chargeplane.runtime.rest import Principal
from chargeplane.runtime.store import Settings, Store, upgrade
from chargeplane.runtime.telemetry import Metrics
from chargeplane.web.app import Parts, create_app
from tests.csms.making import TENANT_ID
from tests.faults.hosting import Host
from tests.faults.ledgers import furnish
from tests.faults.saying import START, event, is_served
from tests.faults.wild import COMPRESSED, FIN, TEXT, Wild, frame
from tests.faults.wire import Wire

V16, V201 = Version.V1_6, Version.V2_0_1
GROWTH_KIB_MAX = 64 << 10
PATIENCE_S = 20.0

ALWAYS_THERE = (
    "/api/v1/stations/bad",
    "/api/v1/stations/bad/frames",
    "/api/v1/stations/bad/frames/export",
    "/api/v1/transactions",
    "/api/v1/id-tokens",
    "/api/v1/audit-log",
    "/api/v1/audit-log/export",
    "/health/ready",
    "/metrics",
    "/status",
)
STRINGS = {
    "NUL": "a\0b",
    "lone surrogate": "\ud800",
    "half a pair": "x\udfffy",
    "right to left": "\u202eexe.gpj",
    "markup": "<script>alert(1)</script>",
    "formula": "=cmd|' /C calc'!A0",
    "quotes": "'; DROP TABLE stations; --",
    "not a character": "\uffff",
    "four bytes": "\U0001f600" * 20,
    "combining": "e" + "\u0301" * 40,
    "line breaks": "a\r\nSet-Cookie: b=c",
}
DATES = {
    "year 222222017": "222222017-10-27T19:10:11Z",
    "1970": "1970-01-01T00:00:00Z",
    "year 1": "0001-01-01T00:00:00Z",
    "year 9999": "9999-12-31T23:59:59Z",
    "the far east": "2026-11-20T12:00:00+14:00",
    "the far west": "2026-11-20T12:00:00-12:00",
    "leap second": "2026-12-31T23:59:60Z",
    "no zone": "2026-11-20T12:00:00",
    "no date": "0000-00-00T00:00:00Z",
    "30 February": "2026-02-30T00:00:00Z",
}


async def _anybody(_token: str) -> Principal | None:
    grants = frozenset({"*:read", "*:audit"})
    return Principal(TENANT_ID, UUID(int=1), "anybody", "token", grants)


class Patient:
    """A central system that is poisoned, in this process."""

    def __init__(self, central: CentralSystem, store: Store, port: int) -> None:
        self.central = central
        self.store = store
        self.port = port

    async def dial(self, version: Version, name: str = "bad") -> Wire:
        return await Wire.dial(self.port, name, version)

    async def assert_every_page_answers(self) -> None:
        """Every GET route, for every transaction that there is."""
        await self.central.recorder.flush()
        query = select(transactions.c.id)
        ids = await self.store.read(lambda connection: connection.scalars(query).all())
        routes = (*self.central.routes, audit_log_routes())
        parts = Parts(self.store, SystemClock(), Metrics(), _anybody, routes, "0.0.0")
        app: Any = create_app(parts)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://testserver",
            headers={"Authorization": "Bearer anybody"},
        ) as pages:
            for path in _pages(app):
                for transaction_id in ids if "{transaction_id" in path else ["-"]:
                    answer = await pages.get(_filled(path, str(transaction_id)))
                    assert answer.status_code < 500, (path, answer.text)
            for path in ALWAYS_THERE:
                answer = await pages.get(path)
                assert answer.status_code == 200, (path, answer.text)
                for part in answer.text.splitlines() if path.startswith("/api") else ():
                    json.loads(part)  # an export has one object on each line, all else is one line


def _pages(app: Litestar) -> list[str]:
    """Whatever can be got, but for the documentation, which says the same whoever has come."""
    got = {
        each.path for each in app.routes if isinstance(each, HTTPRoute) and "GET" in each.methods
    }
    documented = {each for each in got if each.startswith("/api") and "/v1/" not in each}
    assert len(got - documented) > 50
    return sorted(got - documented)


def _filled(path: str, transaction_id: str) -> str:
    values = {"transaction_id": transaction_id, "station_id": "bad"}
    parts = (
        values.get(part.strip("{}").partition(":")[0], "bad") if part.startswith("{") else part
        for part in path.split("/")
    )
    return "/".join(parts)


@pytest.fixture
async def patient(settings: Settings) -> AsyncIterator[Patient]:
    upgrade(settings)
    furnish(settings, ["good", "bad"])
    async with Store(settings) as store:
        central = CentralSystem(store, SystemClock(), Options())
        await central.start()
        port = await central.listen("127.0.0.1", 0)
        async with asyncio.timeout(60):
            yield Patient(central, store, port)
        await central.stop()


def poisoned(text: str) -> list[tuple[Version, str, dict[str, Any]]]:
    """A text in every field that takes one."""
    status = {"connectorId": 1, "errorCode": "OtherError", "status": "Faulted", "info": text}
    noted = {"type": text[:50], "timestamp": "2026-11-20T12:00:00Z", "techInfo": text}
    itself = {"vendorName": text[:50], "model": text[:20]}
    started = event("t-" + text[:30], 0, "Started")
    started["idToken"] = {"idToken": text[:36], "type": "Central"}
    return [
        (V16, "BootNotification", {"chargePointVendor": text[:20], "chargePointModel": text[:20]}),
        (V16, "StatusNotification", status | {"vendorErrorCode": text[:50]}),
        (V16, "Authorize", {"idTag": text[:20]}),
        (V16, "StartTransaction", START | {"idTag": text[:20]}),
        (V16, "DataTransfer", {"vendorId": text, "messageId": text[:50], "data": text}),
        (V16, "SecurityEventNotification", noted),
        (V201, "BootNotification", {"reason": "PowerUp", "chargingStation": itself}),
        (V201, "TransactionEvent", started),
        (V201, "SecurityEventNotification", noted),
    ]


def dated(at: str) -> list[tuple[Version, str, dict[str, Any]]]:
    """A date in every place that bills, or is sorted by."""
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": at}
    stop = {"transactionId": 7, "meterStop": 9, "timestamp": at}
    value = {"timestamp": at, "sampledValue": [{"value": "1"}]}
    changed = {"timestamp": at, "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1}
    return [
        (V16, "StatusNotification", status),
        (V16, "StartTransaction", START | {"timestamp": at}),
        (V16, "StopTransaction", stop),
        (V16, "MeterValues", {"connectorId": 1, "meterValue": [value]}),
        (V16, "SecurityEventNotification", {"type": "MemoryExhaustion", "timestamp": at}),
        (V201, "StatusNotification", changed),
        (V201, "TransactionEvent", event("t", 0, "Started") | {"timestamp": at}),
        (V201, "TransactionEvent", event("t", 1, "Ended") | {"timestamp": at}),
        (V201, "SecurityEventNotification", {"type": "MemoryExhaustion", "timestamp": at}),
    ]


async def feed(patient: Patient, messages: list[tuple[Version, str, dict[str, Any]]]) -> None:
    """Send everything; each request has some answer."""
    for version in (V16, V201):
        wire = await patient.dial(version)
        for number, (of, action, payload) in enumerate(messages):
            if of is version:
                text = json.dumps([2, f"m{number}", action, payload])
                async with asyncio.timeout(PATIENCE_S):
                    answer = await wire.say(text, f"m{number}")
                assert answer[0] in {3, 4}
                assert answer[2] != "InternalError"
        wire.link.close()
        await wire.ending


@pytest.mark.parametrize("what", STRINGS)
async def test_every_page_answers_after_a_poisoned_text(patient: Patient, what: str) -> None:
    await feed(patient, poisoned(STRINGS[what]))
    await patient.assert_every_page_answers()
    assert await is_served(await patient.dial(V201, "good"))


@pytest.mark.parametrize("what", DATES)
async def test_every_page_answers_after_a_poisoned_date(patient: Patient, what: str) -> None:
    await feed(patient, dated(DATES[what]))
    await patient.assert_every_page_answers()
    assert await is_served(await patient.dial(V201, "good"))


async def test_huge_things_are_cut_off_and_cost_no_memory(settings: Settings) -> None:
    """Of the server alone, which is a process of its own: the peak while it is attacked."""
    many_keys = b"{" + b",".join(b'"%d":0' % number for number in range(1_000_000)) + b"}"
    packer = zlib.compressobj(wbits=-15)
    packed = (
        packer.compress(b'[2,"m","DataTransfer",' + many_keys) + packer.flush(zlib.Z_SYNC_FLUSH)
    )[:-4]
    head_of_100_mb = bytes([FIN | TEXT, 0xFF]) + (100 << 20).to_bytes(8, "big") + bytes(4)
    deflate = "Sec-WebSocket-Extensions: permessage-deflate"
    async with Host(settings) as host:
        furnish(settings, ["good", "bad"])
        await host.start()
        port = await host.port()
        good = await Wire.dial(port, "good", V201)
        assert await is_served(good)
        before_kib = host.peak_memory_kib(anew=True)
        for sent, more in (
            (frame(TEXT, many_keys), ()),
            (frame(TEXT, packed, flags=FIN | COMPRESSED), (deflate,)),
            (head_of_100_mb, ()),
        ):
            async with Wild.dial(port, "bad", V201, *more) as wild, asyncio.timeout(PATIENCE_S):
                with suppress(ConnectionError):  # it may be cut off in the middle of it
                    await wild.send(sent)
                assert await wild.close_code() in {CloseCode.MESSAGE_TOO_BIG, 0}
            assert await is_served(good)
        assert host.peak_memory_kib() - before_kib < GROWTH_KIB_MAX
        assert not good.ending.done()
        good.link.close()
        await good.ending


async def test_a_body_of_xml_that_grows_is_refused_and_nothing_is_fetched(
    patient: Patient,
) -> None:
    called: list[object] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append(await reader.read(100))
        writer.close()

    trap = await asyncio.start_server(note, "127.0.0.1", 0)
    port = trap.sockets[0].getsockname()[1]
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(12))
    doctypes = (
        f"<!DOCTYPE x [{laughs}]>",
        f'<!DOCTYPE x [<!ENTITY l11 SYSTEM "http://127.0.0.1:{port}/">]>',
        f'<!DOCTYPE x SYSTEM "http://127.0.0.1:{port}/x.dtd">',
        f'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:{port}/"> %p;]>',
    )
    for doctype in doctypes:
        envelope = (
            f'<?xml version="1.0"?>{doctype}'
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
            ' xmlns:a="http://www.w3.org/2005/08/addressing"'
            ' xmlns:o="urn://Ocpp/Cs/2015/10/"><s:Header>'
            "<o:chargeBoxIdentity>bad</o:chargeBoxIdentity>"
            f"<a:From><a:Address>http://127.0.0.1:{port}/</a:Address></a:From>"
            f"<a:ReplyTo><a:Address>http://127.0.0.1:{port}/</a:Address></a:ReplyTo>"
            "</s:Header><s:Body><o:authorizeRequest><o:idTag>&l11;</o:idTag>"
            "</o:authorizeRequest></s:Body></s:Envelope>"
        )
        status = await posted(patient.port, envelope.encode())
        assert 400 <= status < 600
    trap.close()
    await trap.wait_closed()
    assert called == []
    assert await is_served(await patient.dial(V201, "good"))


async def posted(port: int, body: bytes) -> int:
    """The status that a SOAP request is answered with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /soap HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    writer.write(body)
    async with asyncio.timeout(PATIENCE_S):
        head = await reader.readuntil(b"\r\n")
    writer.transport.abort()
    return int(head.split()[1])
