"""Meter values that do not say which transaction they are of: the one at the connector.

OCPP 1.2 cannot say it, later stations leave it out, and some of 2.x send MeterValues where the
standard has a TransactionEvent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from chargeplane.csms import metering
from chargeplane.csms.contract import Station
from chargeplane.csms.metering.tables import meter_values
from chargeplane.csms.transactions import Transactions, TransactionsV1, TransactionsV2
from chargeplane.csms.transactions.tables import transactions
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.tokens import Authorization, IdToken, TokenStatus
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.codec import build
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.store import Store
from tests.csms.making import NOW, decided, heard, kept, station

MINUTE = timedelta(minutes=1)


async def _authorize(
    station: Station, id_token: IdToken, evse: EvseAddress | None = None, **_: object
) -> Authorization:
    return Authorization(TokenStatus.ACCEPTED)


class World:
    """The two blocks that hear a station meter, and one such station."""

    def __init__(self, store: Store, version: Version = Version.V1_2) -> None:
        self.store = store
        self.at = station(version)
        v1 = TransactionsV1(Transactions(store), _authorize, lambda *_: None)
        v2 = TransactionsV2(Transactions(store), _authorize, lambda *_: None)
        block = metering.block(v1.meter_values, v2.meter_values)
        self.handlers = {**v1.handlers, **v2.handlers, **block.v1, **block.v2}

    async def say(self, kind: type[Request], at: datetime, **said: Any) -> Any:
        """One message, made durable as the gateway does it; its answer."""
        message = heard(self.at, build(kind, said), at)
        decision = await decided(self.handlers[kind], message)
        return (await kept(self.store, decision)).response

    async def start(self, at: datetime, connector_id: int = 1, meter_wh: int = 1_000) -> int:
        said = {"connectorId": connector_id, "idTag": "TAG", "meterStart": meter_wh}
        answer = await self.say(v16.StartTransactionRequest, at, timestamp=at.isoformat(), **said)
        return int(answer.transaction_id)

    async def stop(self, at: datetime, transaction_id: int, meter_wh: int) -> None:
        said = {"transactionId": transaction_id, "meterStop": meter_wh}
        await self.say(v16.StopTransactionRequest, at, timestamp=at.isoformat(), **said)

    async def sample(self, at: datetime, meter_wh: int, connector_id: int = 1, **more: str) -> None:
        sample = {"value": str(meter_wh), **more}
        values = [{"timestamp": at.isoformat(), "sampledValue": [sample]}]
        await self.say(v16.MeterValuesRequest, at, connectorId=connector_id, meterValue=values)

    async def event(self, at: datetime, kind: str, seq_no: int, meter_wh: int | None) -> None:
        """A TransactionEvent of 2.x at EVSE 1."""
        values = [{"timestamp": at.isoformat(), "sampledValue": [{"value": meter_wh}]}]
        await self.say(
            v21.TransactionEventRequest,
            at,
            eventType=kind,
            timestamp=at.isoformat(),
            triggerReason="CablePluggedIn",
            seqNo=seq_no,
            transactionInfo={"transactionId": "T1"},
            evse={"id": 1, "connectorId": 1},
            **({} if meter_wh is None else {"meterValue": values}),
        )

    async def sample_2x(self, at: datetime, meter_wh: int, **more: str) -> None:
        sample = {"value": meter_wh, **more}
        values = [{"timestamp": at.isoformat(), "sampledValue": [sample]}]
        await self.say(v21.MeterValuesRequest, at, evseId=1, meterValue=values)

    async def sessions(self) -> list[tuple[str, int]]:
        """State and energy (Wh) of each transaction, in the order of their starts."""
        query = select(transactions.c.state, transactions.c.energy_wh)
        rows = await self.store.read(
            lambda c: c.execute(query.order_by(transactions.c.started_at)).all()
        )
        return [(row.state, int(row.energy_wh)) for row in rows]

    async def loose(self) -> int:
        """How many messages were of no transaction."""
        query = select(func.count()).select_from(meter_values)
        return await self.store.read(lambda c: c.scalar(query)) or 0


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


async def test_values_of_a_connector_are_of_the_transaction_that_goes_on_there(
    world: World,
) -> None:
    await world.sample(NOW, 900)
    first = await world.start(NOW + MINUTE)
    second = await world.start(NOW + MINUTE, connector_id=2, meter_wh=50_000)
    await world.sample(NOW + 2 * MINUTE, 1_500)
    await world.sample(NOW + 3 * MINUTE, 50_700, connector_id=2)
    assert sorted(await world.sessions()) == [("active", 500), ("active", 700)]
    await world.stop(NOW + 4 * MINUTE, first, 1_600)
    await world.sample(NOW + 5 * MINUTE, 1_600)
    await world.stop(NOW + 6 * MINUTE, second, 50_800)
    assert sorted(await world.sessions()) == [("ended", 600), ("ended", 800)]
    assert await world.loose() == 2


async def test_what_was_measured_counts_though_its_end_is_never_told(world: World) -> None:
    await world.start(NOW)
    await world.sample(NOW + MINUTE, 9_000)
    world.at.forget()  # as after a restart
    await world.sample(NOW + 2 * MINUTE, 17_000)
    await world.start(NOW + 60 * MINUTE, meter_wh=0)  # a new meter: it tells nothing of before
    assert await world.sessions() == [("repaired", 16_000), ("active", 0)]


async def test_values_from_before_the_start_are_not_of_the_transaction(world: World) -> None:
    await world.start(NOW)
    await world.sample(NOW - MINUTE, 700)
    assert await world.sessions() == [("active", 0)]
    assert await world.loose() == 1


async def test_a_transaction_that_is_not_ordinary_gets_its_values_too(world: World) -> None:
    await world.start(NOW)
    await world.sample(NOW + 2 * MINUTE, 1_500)
    await world.sample(NOW + 3 * MINUTE, 300)  # a meter that begins anew is looked at more closely
    await world.sample(NOW + 4 * MINUTE, 500)
    assert await world.sessions() == [("active", 1_000)]
    assert await world.loose() == 0


@pytest.mark.parametrize("version", [Version.V1_5, Version.V1_6], ids=str)
async def test_later_versions_that_do_not_say_it_lose_nothing(
    store: Store, version: Version
) -> None:
    world = World(store, version)
    await world.start(NOW)
    await world.sample(NOW + MINUTE, 1_500)
    await world.sample(NOW + 2 * MINUTE, 1_700, context="Sample.Periodic")
    assert await world.sessions() == [("active", 700)]
    assert await world.loose() == 0


@pytest.mark.parametrize("context", ["Sample.Clock", "Trigger", "Other"])
async def test_what_has_nothing_to_do_with_the_transaction_stays_out(
    store: Store, context: str
) -> None:
    world = World(store, Version.V1_6)
    await world.start(NOW)
    await world.sample(NOW + MINUTE, 1_500, context=context)
    assert await world.sessions() == [("active", 0)]
    assert await world.loose() == 1


async def test_periodic_values_beside_the_events_of_2x_are_of_the_transaction(
    store: Store,
) -> None:
    world = World(store, Version.V2_0_1)
    await world.sample_2x(NOW - MINUTE, 900)
    await world.event(NOW, "Started", 0, 1_000)
    await world.sample_2x(NOW + MINUTE, 1_500)
    await world.event(NOW + 2 * MINUTE, "Updated", 1, None)
    await world.sample_2x(NOW + 3 * MINUTE, 1_800, context="Sample.Clock")
    await world.sample_2x(NOW + 3 * MINUTE, 1_700)
    assert await world.sessions() == [("active", 700)]
    await world.event(NOW + 4 * MINUTE, "Ended", 2, 2_000)
    assert await world.sessions() == [("ended", 1_000)]
    assert await world.loose() == 2


async def test_a_transaction_of_2x_whose_events_show_no_meter_gets_what_was_measured_beside_them(
    store: Store,
) -> None:
    world = World(store, Version.V2_0_1)
    await world.event(NOW, "Started", 0, None)
    await world.sample_2x(NOW + MINUTE, 1_000)
    world.at.forget()  # as after a restart
    await world.sample_2x(NOW + 20 * MINUTE, 3_000)
    await world.event(NOW + 21 * MINUTE, "Ended", 1, None)
    assert await world.sessions() == [("repaired", 2_000)]
    assert await world.loose() == 0


async def test_values_of_one_family_are_not_of_a_transaction_of_the_other(store: Store) -> None:
    world = World(store, Version.V2_0_1)
    await world.start(NOW)
    await world.sample_2x(NOW + MINUTE, 1_500)
    assert await world.sessions() == [("active", 0)]
    assert await world.loose() == 1
