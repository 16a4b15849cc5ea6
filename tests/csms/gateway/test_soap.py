"""Stations of 1.2, 1.5 and 1.6 charge over SOAP, and leave the rows that they leave over JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
import pytest
import requests
import zeep as zeep_library
from sqlalchemy import Connection, FromClause, select

from chargeplane.csms.inventory import connectors, stations
from chargeplane.csms.metering.tables import meter_values
from chargeplane.csms.transactions.tables import ledger, transactions
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.store import Store, outbox
from tests.csms.driving import driving
from tests.csms.gateway.soap_station import SoapSite, serving
from tests.ocpp.soap.envelopes import from_station

Ask = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

START = "2026-11-21T11:00:00Z"
SAMPLE = "2026-11-21T11:10:00Z"
STOP = "2026-11-21T11:30:00Z"

STATUS = {
    Version.V1_2: {"status": "Occupied", "errorCode": "NoError"},
    Version.V1_5: {"status": "Occupied", "errorCode": "NoError", "timestamp": START},
    Version.V1_6: {"status": "Charging", "errorCode": "NoError", "timestamp": START},
}


def metered(version: Version, transaction_id: int) -> dict[str, Any]:
    """MeterValues with one sample of the energy register."""
    if version is Version.V1_2:
        return {"connectorId": 1, "values": [{"timestamp": SAMPLE, "value": 1500}]}
    if version is Version.V1_5:
        values = [{"timestamp": SAMPLE, "value": [{"value": "1500"}]}]
        return {"connectorId": 1, "transactionId": transaction_id, "values": values}
    samples = [{"value": "1500", "context": "Sample.Periodic", "unit": "Wh"}]
    values = [{"timestamp": SAMPLE, "sampledValue": samples}]
    return {"connectorId": 1, "transactionId": transaction_id, "meterValue": values}


async def charge(ask: Ask, version: Version) -> list[dict[str, Any]]:
    """One ordinary session, from the boot on; the answers."""
    boot = {"chargePointVendor": "Acme", "chargePointModel": "Old"}
    answers = [
        await ask("BootNotification", boot),
        await ask("Authorize", {"idTag": "TAG1"}),
        await ask("StatusNotification", {"connectorId": 1, **STATUS[version]}),
    ]
    start = {"connectorId": 1, "idTag": "TAG1", "timestamp": START, "meterStart": 1000}
    started = await ask("StartTransaction", start)
    transaction_id = started["transactionId"]
    stop = {"transactionId": transaction_id, "idTag": "TAG1", "timestamp": STOP, "meterStop": 3000}
    return [
        *answers,
        started,
        await ask("MeterValues", metered(version, transaction_id)),
        await ask("StopTransaction", stop),
    ]


@pytest.mark.parametrize("version", STATUS, ids=str)
async def test_a_soap_station_charges(
    site: SoapSite, sqlite_store: Store, version: Version
) -> None:
    async with serving(site.port, "S1", version) as station:
        boot, authorized, status, started, metered_, _ = await charge(station.ask, version)
    interval = "interval" if version is Version.V1_6 else "heartbeatInterval"
    assert (boot["status"], boot[interval]) == ("Accepted", 300)
    assert authorized["idTagInfo"]["status"] == "Accepted"
    assert (status, metered_) == ({}, {})
    assert started["idTagInfo"]["status"] == "Accepted"
    row = await sqlite_store.read(lambda c: c.execute(select(transactions)).one())
    assert (row.state, row.energy_wh, row.wire_id) == (
        "ended",
        2000,
        str(started["transactionId"]),
    )
    connector = await sqlite_store.read(lambda c: c.execute(select(connectors)).one())
    assert connector.status in {"charging", "occupied"}


@pytest.mark.parametrize("version", STATUS, ids=str)
async def test_a_toolkit_needs_nothing_but_the_address_of_the_description(
    site: SoapSite, version: Version
) -> None:
    zeep: Any = zeep_library  # it has type hints for half of its functions

    def drive() -> Any:
        with requests.Session() as session:
            session.trust_env = False
            url = f"http://127.0.0.1:{site.port}/soap/{version}?wsdl"
            client = zeep.Client(url, transport=zeep.Transport(session=session))
            names = {"chargePointVendor": "Acme", "chargePointModel": "Old"}
            return client.service.BootNotification(
                **names, _soapheaders={"ChargeBoxIdentity": "S1"}
            )

    booted = await asyncio.to_thread(drive)
    assert booted["status"] == "Accepted"
    assert site.is_connected("S1")


LEFT_OUT = {
    "id",
    "frame_id",
    "frame_ids",
    "wire_id",
    "transaction_id",
    "station_id",
    "session_key",
    "transport",
    "content_hash",
    "key",
}
"""What no two sessions share."""


def plain(value: Any) -> Any:
    """A row or a part of one, without ids."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name not in LEFT_OUT}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str) and value[:1] in ("[", "{"):
        return plain(msgspec.json.decode(value))
    return value


def rows_of(connection: Connection, table: FromClause, station_id: str) -> list[Any]:
    mine = table.c.id if table is stations else table.c.station_id
    found = connection.execute(select(table).where(mine == station_id)).mappings()
    return sorted((plain(dict(row)) for row in found), key=repr)


def events_of(connection: Connection, station_id: str) -> list[Any]:
    payloads = connection.scalars(select(outbox.outbox.c.payload).order_by(outbox.outbox.c.id))
    events = [msgspec.json.decode(each) for each in payloads]
    return [plain(each) for each in events if each["station_id"] == station_id]


async def test_a_station_leaves_the_same_over_soap_and_over_json(
    site: SoapSite, sqlite_store: Store
) -> None:
    idle = metered(Version.V1_6, 0)
    del idle["transactionId"]
    async with driving(site.port, "S1", "ocpp1.6") as json_station:
        of_json = await charge(json_station.ask, Version.V1_6)
        await json_station.ask("MeterValues", idle)
    async with serving(site.port, "S2") as soap_station:
        of_soap = await charge(soap_station.ask, Version.V1_6)
        await soap_station.ask("MeterValues", idle)
        site.stations.disconnect(*key(site, "S2"), "closed with 1000")
    for message in (*of_json, *of_soap):
        message.pop("transactionId", None)
        message.pop("currentTime", None)
    assert of_soap == of_json
    await site.settled()
    for table in (stations, transactions, ledger, meter_values, connectors):
        left = {
            name: await sqlite_store.read(partial(rows_of, table=table, station_id=name))
            for name in ("S1", "S2")
        }
        assert left["S1"], table.name
        assert left["S2"] == left["S1"], table.name
    events = [await sqlite_store.read(partial(events_of, station_id=name)) for name in ("S1", "S2")]
    assert [each["event"] for each in events[1]] == [each["event"] for each in events[0]]
    assert events[1][1:-1] == events[0][1:-1]  # between coming and going, which tell the transport


def key(site: SoapSite, station_id: str) -> tuple[Any, str]:
    return next(key for key in site.gateway.soap_conversations if key[1] == station_id)


async def test_each_message_and_each_answer_is_in_the_flight_recorder(
    site: SoapSite, sqlite_store: Store
) -> None:
    async with serving(site.port, "S1", Version.V1_5) as station:
        said = station.envelope("Heartbeat", {}, "urn:uuid:1")
        answer = await station.post(said)
    rows = await site.recorded()
    assert [(row.direction, row.text) for row in rows] == [
        ("in", said.decode()),
        ("out", answer.text),
    ]
    assert {(row.message_id, row.epoch) for row in rows} == {("urn:uuid:1", 1)}
    assert "urn:uuid:1" in answer.text  # RelatesTo


async def test_a_message_without_an_id_is_found_beside_its_answer(site: SoapSite) -> None:
    identity = "<cs:chargeBoxIdentity>S1</cs:chargeBoxIdentity>"
    async with serving(site.port, "S1", Version.V1_5) as station:
        await station.post(from_station(identity=identity, message_id=""))
    said, answer = await site.recorded()
    assert said.message_id == answer.message_id == f"urn:uuid:{said.id}"


@pytest.mark.parametrize("version", STATUS, ids=str)
@pytest.mark.parametrize(
    ("query", "name", "address"),
    [
        ("wsdl", "CentralSystemService", "http://127.0.0.1:{port}/soap"),
        ("WSDL=CentralSystem", "CentralSystemService", "http://127.0.0.1:{port}/soap"),
        ("wsdl=chargepoint", "ChargePointService", "http://station.invalid/"),
    ],
)
async def test_the_services_describe_themselves(
    site: SoapSite, version: Version, query: str, name: str, address: str
) -> None:
    async with serving(site.port, "S1") as station:
        page = await station.http.get(f"{station.url}/{version}?{query}")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/xml")
    assert f'name="{name}"' in page.text
    assert f'location="{address.format(port=site.port)}"' in page.text


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("/soap", "x", 404),
        ("/soap/2.0.1?wsdl", "x", 404),
        ("/soap/1.6", "x", 404),
        ("/soap/1.6?wsdl=other", "x", 404),
        ("/soap/1.6?wsdl", 'x"/><evil a="', 400),
        ("/elsewhere?wsdl", "x", 426),
    ],
)
async def test_other_pages_are_not_there(
    site: SoapSite, target: str, host: str, status: int
) -> None:
    async with serving(site.port, "S1") as station:
        url = f"http://127.0.0.1:{site.port}{target}"
        page = await station.http.get(url, headers={"Host": host})
    assert page.status_code == status
