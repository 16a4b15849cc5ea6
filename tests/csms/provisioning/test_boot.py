"""Stations that boot are told how they stand with us, and what they are is kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, select

from chargeplane.csms.contract import Block, Decision, Registration, Station
from chargeplane.csms.gateway.dispatcher import Dispatcher
from chargeplane.csms.gateway.meter import Meter
from chargeplane.csms.gateway.tray import Tray
from chargeplane.csms.inventory import stations
from chargeplane.csms.preferences import Preferences
from chargeplane.csms.provisioning import block
from chargeplane.domain.commands import Command, Outcome, Unsupported
from chargeplane.domain.events import StationBooted
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.codec import payload_of
from chargeplane.ocpp.errors import OcppError
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.bus import Bus
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Statements, Store
from tests.csms.making import NOW, TENANT_ID, decided, heard, kept, station

OF_1X = v16.BootNotificationRequest(
    charge_point_vendor="ACME",
    charge_point_model="Wall 22",
    charge_box_serial_number="OLD-7",
    charge_point_serial_number="S-7",
    firmware_version="1.2.3",
)
OF_2X = v21.BootNotificationRequest(
    charging_station=v21.ChargingStationType(
        vendor_name="ACME", model="Wall 22", serial_number="S-7", firmware_version="1.2.3"
    ),
    reason=v21.BootReasonEnumType.POWER_UP,
)
MOMENT = NOW + timedelta(microseconds=123_456)


async def nobody(tenant_id: UUID, station_id: str, command: Command) -> Outcome:
    return Unsupported(reason="nobody is there")


def provisioning(store: Store) -> Block:
    return block(
        store,
        SimulatedClock(MOMENT),
        is_connected=lambda tenant_id, station_id: False,
        send=nobody,
        preferences=lambda tenant_id: Preferences(heartbeat_interval_s=600, retry_interval_s=20),
    )


async def register(
    store: Store, registration: Registration = Registration.ACCEPTED, station_id: str = "CP1"
) -> None:
    row = {
        "tenant_id": TENANT_ID,
        "id": station_id,
        "security_profile": 0,
        "registration": str(registration),
        "epoch": 3,
        "created_at": NOW,
    }
    await store.write(Statements((stations.insert().values(row),)))


def rows(connection: Connection) -> list[Any]:
    return [row._mapping for row in connection.execute(select(stations))]


async def say(store: Store, who: Station, request: Request) -> Decision:
    offered = provisioning(store)
    handler = {**offered.v1, **offered.v2}[type(request)]
    return await kept(store, await decided(handler, heard(who, request)))


@pytest.mark.parametrize("request_", [OF_1X, OF_2X], ids=["1.x", "2.x"])
@pytest.mark.parametrize(
    ("registration", "status", "interval_s"),
    [
        (Registration.ACCEPTED, "Accepted", 600),
        (Registration.PENDING, "Pending", 20),
        (Registration.REJECTED, "Rejected", 20),
    ],
)
async def test_a_station_is_told_how_it_stands_with_us(
    sqlite_store: Store,
    request_: Request,
    registration: Registration,
    status: str,
    interval_s: int,
) -> None:
    await register(sqlite_store, registration)
    who = station(Version.V1_6 if request_ is OF_1X else Version.V2_1)
    said = await say(sqlite_store, who, request_)
    assert payload_of(said.response) == {
        "status": status,
        "interval": interval_s,
        "currentTime": "2026-11-21T12:00:00.123Z",
    }
    assert who.registration is registration
    assert who.is_accepted == (status == "Accepted")


async def test_both_families_leave_the_same_row_and_event(store: Store) -> None:
    await register(store)
    told = []
    for who, request in ((station(Version.V1_6), OF_1X), (station(Version.V2_1), OF_2X)):
        said = await say(store, who, request)
        [event] = said.events
        assert isinstance(event, StationBooted)
        assert event.frame_id is not None
        told.append((replace(event, frame_id=None, boot_reason=None), await store.read(rows)))
    assert told[0] == told[1]
    event, [row] = told[0]
    assert isinstance(event, StationBooted)
    assert (event.vendor, event.model, event.serial_number, event.firmware_version) == (
        row["vendor"],
        row["model"],
        row["serial_number"],
        row["firmware_version"],
    )
    assert (row["vendor"], row["serial_number"], row["booted_at"]) == ("ACME", "S-7", NOW)
    assert row["epoch"] == 3, "what a boot does not tell stays"


async def test_an_operator_who_lets_a_station_in_is_heard_at_its_next_boot(
    sqlite_store: Store,
) -> None:
    await register(sqlite_store, Registration.PENDING)
    who = station()
    who.registration = Registration.PENDING
    await say(sqlite_store, who, OF_2X)
    assert not who.is_accepted
    accept = stations.update().values(registration="accepted")
    await sqlite_store.write(Statements((accept,)))
    await say(sqlite_store, who, OF_2X)
    assert who.is_accepted


async def test_the_answer_counts_only_when_it_is_durable(sqlite_store: Store) -> None:
    await register(sqlite_store)
    who = station()
    who.registration = Registration.PENDING
    handler = provisioning(sqlite_store).v2[v21.BootNotificationRequest]
    said = await decided(handler, heard(who, OF_2X))
    assert said.durable
    assert not who.is_accepted


async def test_a_station_that_was_removed_is_rejected_and_does_not_come_back(
    sqlite_store: Store,
) -> None:
    said = await say(sqlite_store, station(), OF_2X)
    assert isinstance(said.response, v21.BootNotificationResponse)
    assert said.response.status is v21.RegistrationStatusEnumType.REJECTED
    assert await sqlite_store.read(rows) == []


async def test_text_that_no_database_takes_does_not_keep_a_station_out(store: Store) -> None:
    await register(store)
    request = v16.BootNotificationRequest(charge_point_vendor="A\0B", charge_point_model="M\ud800")
    said = await say(store, station(Version.V1_6), request)
    assert isinstance(said.response, v16.BootNotificationResponse)
    [row] = await store.read(rows)
    assert (row["vendor"], row["model"]) == ("A␀B", "M\ufffd")
    assert row["serial_number"] is None


async def test_a_station_is_served_from_the_boot_on_that_lets_it_in(sqlite_store: Store) -> None:
    """Through the gateway's dispatcher, which refuses what comes before (B01.FR.10)."""
    await register(sqlite_store)
    who = station()
    who.registration = Registration.PENDING
    bus = Bus()
    told: list[str] = []
    bus.listen(lambda event: told.append(type(event).__name__))
    tray = Tray(sqlite_store, bus)
    dispatcher = Dispatcher([provisioning(sqlite_store)], sqlite_store, tray, Meter())

    async def hear(request: Request) -> Decision | OcppError:
        answered = asyncio.get_running_loop().create_future()
        about = heard(who, request)
        dispatcher.hear(about, answered.set_result)
        result: Decision | OcppError = await answered
        return result

    refused = await hear(v21.HeartbeatRequest())
    assert isinstance(refused, OcppError)
    assert refused.code == "SecurityError"
    assert isinstance(await hear(OF_2X), Decision)
    assert isinstance(await hear(v21.HeartbeatRequest()), Decision)
    tray.flush()
    await dispatcher.drain()
    assert told == ["StationBooted"]


@pytest.mark.parametrize(
    "request_", [v16.HeartbeatRequest(), v21.HeartbeatRequest()], ids=["1.x", "2.x"]
)
async def test_a_heartbeat_tells_the_time_and_costs_nothing(
    sqlite_store: Store, request_: Request
) -> None:
    offered = provisioning(sqlite_store)
    handler = {**offered.v1, **offered.v2}[type(request_)]
    said = handler(heard(station(), request_))
    assert isinstance(said, Decision)
    assert payload_of(said.response) == {"currentTime": "2026-11-21T12:00:00.123Z"}
    assert (said.rows, said.events, said.durable) == ((), (), False)
