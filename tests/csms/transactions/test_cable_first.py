"""A 2.x transaction that begins with the cable: who charges is said later, and counts as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.transactions.tables import transactions
from chargeplane.domain.commands import Accepted, StartCharging
from chargeplane.domain.events import Event, TransactionUpdated
from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.store import Store
from tests.csms.driving import Driver, driving
from tests.csms.making import TENANT_ID
from tests.csms.one_token import TAG, with_one_token

TOKEN = {"idToken": TAG, "type": "ISO14443"}
BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "One"}}


@pytest.fixture
async def central(store: Store) -> AsyncIterator[CentralSystem]:
    async with with_one_token(store, "CP1", "CP2") as central:
        yield central


async def say(
    station: Driver,
    kind: str,
    seq_no: int,
    reason: str,
    info: dict[str, Any] | None = None,
    *,
    has_register: bool = True,
    **more: Any,
) -> Any:
    """A TransactionEvent; its answer."""
    at = f"2026-11-21T11:5{seq_no}:00Z"
    context = {0: "Transaction.Begin"}.get(seq_no, "Sample.Periodic")
    said = {
        "eventType": kind,
        "timestamp": at,
        "triggerReason": reason,
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": f"tx-{station.link.identity}", **(info or {})},
        "evse": {"id": 1, "connectorId": 1},
        **more,
    }
    if has_register:
        sample = {"value": 1000 + 100 * seq_no, "context": context}
        said["meterValue"] = [{"timestamp": at, "sampledValue": [sample]}]
    return await station.ask("TransactionEvent", said)


async def status_of(station: Driver, seq_no: int, reason: str, kind: str = "Updated") -> str:
    """How the token stands that is shown with an event."""
    answer = await say(station, kind, seq_no, reason, idToken=TOKEN)
    return str(answer["idTokenInfo"]["status"])


async def remotely_started(central: CentralSystem, station: Driver) -> int:
    """The id of a remote start that the station has accepted."""
    wish = StartCharging(id_token=IdToken(TAG, "ISO14443"), evse_id=1)
    sending = asyncio.create_task(central.send(TENANT_ID, station.link.identity, wish))
    asked = await station.hear()
    station.say(3, asked[1], {"status": "Accepted", "transactionId": "tx-CP1"})
    outcome = await sending
    assert isinstance(outcome, Accepted)
    return int(outcome.response["remote_start_id"])


@pytest.mark.parametrize("has_register", [True, False], ids=["ordinary", "folded"])
async def test_a_remote_start_ends_as_the_transaction_of_the_vehicle_that_was_there_before(
    central: CentralSystem, store: Store, has_register: bool
) -> None:
    told: list[Event] = []
    central.bus.listen(told.append, TransactionUpdated)
    port = await central.listen("127.0.0.1", 0)
    async with driving(port, "CP1", "ocpp2.1") as station:
        await station.ask("BootNotification", BOOT)
        await say(station, "Started", 0, "CablePluggedIn", has_register=has_register)
        remote_start_id = await remotely_started(central, station)
        info = {"remoteStartId": remote_start_id}
        await say(station, "Updated", 1, "RemoteStart", info, idToken=TOKEN)
        await say(station, "Updated", 2, "MeterValuePeriodic")
    central.gateway.tray.flush()
    await central.stop()
    row = await store.read(
        lambda connection: connection.execute(
            select(transactions.c.remote_start_id, transactions.c.id_token)
        ).one()
    )
    assert tuple(row) == (str(remote_start_id), TAG)
    caused = [each.remote_start_id for each in told if isinstance(each, TransactionUpdated)]
    assert caused == [str(remote_start_id)]


async def test_a_token_that_charges_elsewhere_begins_no_second_transaction_by_the_cable(
    central: CentralSystem,
) -> None:
    port = await central.listen("127.0.0.1", 0)
    async with driving(port, "CP1", "ocpp2.1") as first, driving(port, "CP2") as second:
        for station in (first, second):
            await station.ask("BootNotification", BOOT)
            assert await say(station, "Started", 0, "CablePluggedIn") == {}
        assert await status_of(first, 1, "Authorized") == "Accepted"
        assert await status_of(second, 1, "Authorized") == "ConcurrentTx"
        # The first one goes on, whatever the second one has tried, and its token may end it.
        assert await status_of(first, 2, "ChargingStateChanged") == "Accepted"
        assert await status_of(first, 3, "StopAuthorized") == "Accepted"
        assert await status_of(first, 4, "StopAuthorized", "Ended") == "Accepted"
