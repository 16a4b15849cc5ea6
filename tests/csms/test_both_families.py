"""A station of 1.6 and one of 2.1 that do the same leave the same events, rows and REST answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select

from chargeplane.csms.authorization import tables as tokens
from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known, connectors, stations
from chargeplane.csms.transactions.finding import LISTING, Wanted
from chargeplane.csms.transactions.tables import transactions
from chargeplane.csms.transactions.views import view
from chargeplane.domain.events import Event
from chargeplane.domain.tokens import TokenStatus
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.rest import PageRequest
from chargeplane.runtime.store import Function, Store
from tests.csms.driving import Driver, driving
from tests.csms.making import NOW, TENANT_ID

OLD, NEW = "CP16", "CP21"
TAG = "DEADBEEF"
STRANGERS = {OLD: "5TRANGER16", NEW: "5TRANGER21"}
"""Tokens that nobody knows, which stop."""
START, MIDDLE, END = "2026-11-21T12:00:00Z", "2026-11-21T12:10:00Z", "2026-11-21T12:20:00Z"

# What only one family can say, and what every message has of its own.
APART_OF_EVENTS = {
    "station_id", "frame_id", "received_at", "reported_at", "transaction_id", "wire_id", "type",
    "ocpp_version", "event_id", "boot_reason",
}  # fmt: skip
APART_OF_ROWS = {
    "station_id", "id", "session_key", "family", "wire_id", "id_token_type", "ocpp_version",
    "updated_at", "received_at", "last_seen_at", "booted_at", "created_at",
}  # fmt: skip


async def old(station: Driver) -> None:
    """A day in the words of 1.6."""
    boot = {"chargePointVendor": "Acme", "chargePointModel": "One", "firmwareVersion": "1.0"}
    assert (await station.ask("BootNotification", boot))["status"] == "Accepted"
    await station.ask("StatusNotification", old_status("Available"))
    authorized = await station.ask("Authorize", {"idTag": TAG})
    assert authorized["idTagInfo"]["status"] == "Accepted"
    started = await station.ask(
        "StartTransaction",
        {"connectorId": 1, "idTag": TAG, "meterStart": 1000, "timestamp": START},
    )
    assert started["idTagInfo"]["status"] == "Accepted"
    transaction_id = started["transactionId"]
    sample = {"value": "1500", "context": "Sample.Periodic"}
    await station.ask(
        "MeterValues",
        {
            "connectorId": 1,
            "transactionId": transaction_id,
            "meterValue": [{"timestamp": MIDDLE, "sampledValue": [sample]}],
        },
    )
    stopped = await station.ask(
        "StopTransaction",
        {
            "transactionId": transaction_id,
            "idTag": STRANGERS[OLD],
            "meterStop": 2000,
            "timestamp": END,
            "reason": "EVDisconnected",
        },
    )
    assert stopped["idTagInfo"]["status"] == "Invalid"
    await station.ask("StatusNotification", old_status("Unavailable"))


def old_status(status: str) -> dict[str, Any]:
    return {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": END}


async def new(station: Driver) -> None:
    """The same day in the words of 2.1."""
    about = {"vendorName": "Acme", "model": "One", "firmwareVersion": "1.0"}
    boot = {"reason": "PowerUp", "chargingStation": about}
    assert (await station.ask("BootNotification", boot))["status"] == "Accepted"
    await station.ask("StatusNotification", new_status("Available"))
    token = {"idToken": TAG, "type": "ISO14443"}
    authorized = await station.ask("Authorize", {"idToken": token})
    assert authorized["idTokenInfo"]["status"] == "Accepted"
    started = await station.ask(
        "TransactionEvent", event("Started", 0, START, 1000, "Transaction.Begin", idToken=token)
    )
    assert started["idTokenInfo"]["status"] == "Accepted"
    await station.ask("TransactionEvent", event("Updated", 1, MIDDLE, 1500, "Sample.Periodic"))
    stopped = await station.ask(
        "TransactionEvent",
        event(
            "Ended", 2, END, 2000, "Transaction.End",
            idToken={"idToken": STRANGERS[NEW], "type": "ISO14443"},
            transactionInfo={"transactionId": "tx1", "stoppedReason": "EVDisconnected"},
        ),
    )  # fmt: skip
    assert stopped["idTokenInfo"]["status"] == "Unknown"
    await station.ask("StatusNotification", new_status("Unavailable"))


def new_status(status: str) -> dict[str, Any]:
    return {"evseId": 1, "connectorId": 1, "connectorStatus": status, "timestamp": END}


def event(
    kind: str, seq_no: int, at: str, value_wh: float, context: str, **more: Any
) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": at,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "tx1"},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [
            {"timestamp": at, "sampledValue": [{"value": value_wh, "context": context}]}
        ],
        **more,
    }


@pytest.fixture
async def central(store: Store) -> AsyncIterator[CentralSystem]:
    def fill(connection: Connection) -> None:
        for name in (OLD, NEW):
            known = Known(TENANT_ID, name, 0, None, Registration.ACCEPTED, 0)
            register(connection, known, NOW)
        token = {
            "key": TAG.casefold(),
            "value": TAG,
            "type": "",
            "status": TokenStatus.ACCEPTED,
            "transactions_max": 1,
            "created_at": NOW,
        }
        tokens.add(connection, TENANT_ID, token)

    await store.write(Function(fill))
    central = CentralSystem(store, SystemClock())
    await central.start()
    yield central
    await central.stop()


@pytest.fixture
async def heard(central: CentralSystem) -> list[Event]:
    """Both days, one after the other; all events that came of them."""
    events: list[Event] = []
    central.bus.listen(events.append)
    port = await central.listen("127.0.0.1", 0)
    days: list[tuple[str, str, Callable[[Driver], Any]]] = [
        (OLD, "ocpp1.6", old),
        (NEW, "ocpp2.1", new),
    ]
    for name, subprotocol, day in days:
        async with driving(port, name, subprotocol) as station:
            await day(station)
    central.gateway.tray.flush()
    await central.stop()
    return events


def of(station_id: str, events: list[Event]) -> list[dict[str, Any]]:
    return [
        without(msgspec.to_builtins(each), APART_OF_EVENTS)
        for each in events
        if each.station_id == station_id
    ]


def without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: without(inner, names) for name, inner in value.items() if name not in names}
    if isinstance(value, list):
        return [without(inner, names) for inner in value]
    return value


async def test_the_events_are_the_same(heard: list[Event]) -> None:
    durable = [each for each in heard if "Connected" not in type(each).__name__]
    assert of(OLD, durable) == of(NEW, durable)
    names = [type(each).__name__ for each in durable if each.station_id == NEW]
    assert names.count("TransactionStarted") == names.count("TransactionEnded") == 1
    assert names.count("MeterSampled") == 3


@pytest.mark.parametrize("table", [stations, connectors, transactions], ids=lambda each: each.name)
async def test_the_rows_are_the_same(heard: list[Event], store: Store, table: Any) -> None:
    id_column = table.c.id if table is stations else table.c.station_id

    def rows(connection: Connection, station_id: str) -> list[dict[str, Any]]:
        found = connection.execute(select(table).where(id_column == station_id))
        return [without(row._asdict(), APART_OF_ROWS) for row in found]

    ours = await store.read(lambda connection: rows(connection, OLD))
    assert ours
    assert ours == await store.read(lambda connection: rows(connection, NEW))


async def test_tokens_that_stop_are_recorded_alike(heard: list[Event], store: Store) -> None:
    def look(connection: Connection) -> list[Any]:
        keys = [STRANGERS[name].casefold() for name in (OLD, NEW)]
        return [tokens.find(connection, TENANT_ID, key) for key in keys]

    ours, theirs = await store.read(look)
    assert (ours.status, ours.last_seen_station_id) == (TokenStatus.UNKNOWN, OLD)
    assert (theirs.status, theirs.last_seen_station_id) == (TokenStatus.UNKNOWN, NEW)


async def test_the_rest_answers_are_the_same(heard: list[Event], store: Store) -> None:
    def answers(connection: Connection) -> list[Any]:
        found = LISTING.page(connection, TENANT_ID, Wanted(), "-id", PageRequest())
        return [without(msgspec.to_builtins(view(row.record)), APART_OF_ROWS) for row in found]

    first, second = await store.read(answers)
    assert first == second
    assert first["energy_wh"] == 1000
    assert (first["state"], first["stop_reason"]) == ("ended", "ev_disconnected")
