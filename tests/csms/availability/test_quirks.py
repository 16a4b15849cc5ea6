"""Statuses as stations in the field have sent them, from the frame to the row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from chargeplane.csms.availability import block
from chargeplane.csms.contract import Heard
from chargeplane.csms.gateway.lifting import lifted
from chargeplane.csms.inventory import connectors
from chargeplane.ocpp.events import Called
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.tolerance import TOLERANT
from chargeplane.ocpp.versions import Role, Version
from chargeplane.runtime.store import Store, new_id
from tests.csms.making import decided, kept, station

INFO = "User didn't disconnect vehicle within 00:10:00 minutes after charging has ended."


async def rows_after(
    store: Store, text: str, at: datetime, version: Version = Version.V1_6
) -> list[Any]:
    """The rows of connectors after a frame."""
    who = station(version)
    [event] = Peer(version, Role.CSMS, tolerance=TOLERANT).receive(text, 0.0)
    assert isinstance(event, Called)
    about = Heard(who, lifted(event.request, at), new_id(), at, repairs=event.repairs)
    offered = block(store)
    handler = {**offered.v1, **offered.v2}[type(about.request)]
    await kept(store, await decided(handler, about))

    def look(connection: Connection) -> list[Any]:
        return list(connection.execute(select(connectors)))

    return await store.read(look)


async def test_an_error_code_that_no_version_has_is_kept(sqlite_store: Store) -> None:
    text = (
        '[2,"28240181849166013077","StatusNotification",{"connectorId":0,"errorCode":"Error",'
        '"status":"Faulted","timestamp":"2024-08-03T16:16:55Z"}]'
    )
    [row] = await rows_after(sqlite_store, text, datetime(2024, 8, 3, 16, 17, tzinfo=UTC))
    assert (row.evse_id, row.status, row.error_code) == (0, "faulted", "Error")


async def test_an_info_that_is_too_long_is_kept_whole(sqlite_store: Store) -> None:
    text = (
        '[2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError",'
        f'"status":"SuspendedEV","info":"{INFO}"}}]'
    )
    [row] = await rows_after(sqlite_store, text, datetime(2024, 8, 3, tzinfo=UTC))
    assert (row.status, row.error_code, row.info) == ("suspended_ev", None, INFO)


async def test_an_endless_info_is_cut(sqlite_store: Store) -> None:
    text = (
        '[2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError",'
        f'"status":"Available","info":"{INFO * 20}"}}]'
    )
    [row] = await rows_after(sqlite_store, text, datetime(2024, 8, 3, tzinfo=UTC))
    assert row.info == (INFO * 20)[:500]


async def test_a_replay_of_two_days_ago_is_an_old_status(sqlite_store: Store) -> None:
    now = datetime(2022, 2, 2, 9, tzinfo=UTC)
    fine = (
        '[2,"1","StatusNotification",{"connectorId":0,"errorCode":"NoError",'
        '"status":"Available","timestamp":"2022-02-02T08:59:00Z"}]'
    )
    await rows_after(sqlite_store, fine, now)
    replayed = (
        '[2,"2","StatusNotification",{"connectorId":0,"errorCode":"OtherError","info":"Modbus '
        'TCP/IP lost, in safe mode max 14.0A","status":"Faulted","timestamp":'
        '"2022-01-31T14:44:28Z","vendorErrorCode":"210"}]'
    )
    [row] = await rows_after(sqlite_store, replayed, now)
    assert (row.status, row.error_code) == ("available", None)


async def test_evse_zero_of_2_0_1_is_the_station(sqlite_store: Store) -> None:
    text = (
        '[2,"1","StatusNotification",{"timestamp":"2024-08-03T16:16:55Z",'
        '"connectorStatus":"Available","evseId":0,"connectorId":0}]'
    )
    at = datetime(2024, 8, 3, 16, 17, tzinfo=UTC)
    [row] = await rows_after(sqlite_store, text, at, Version.V2_0_1)
    assert (row.evse_id, row.connector_id, row.status) == (0, 0, "available")


async def test_the_word_for_nothing_is_no_information(sqlite_store: Store) -> None:
    text = (
        '[2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available",'
        '"info":"null","vendorErrorCode":"0x0000"}]'
    )
    [row] = await rows_after(sqlite_store, text, datetime(2024, 8, 3, tzinfo=UTC))
    assert (row.info, row.vendor_error_code) == (None, "0x0000")
