"""Stations at the gateway, over real sockets: who is served, and who speaks for a station."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text, update

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known, stations
from chargeplane.csms.transactions.tables import ledger, transactions
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import CloseCode, HandshakeRefused
from chargeplane.runtime.passwords import hashed_password
from chargeplane.runtime.store import Function, Statements, Store, frames
from tests.csms.driving import driving
from tests.csms.making import NOW, TENANT_ID
from tests.waiting import until

PASSWORD = "0123456789abcdef0123"


@pytest.fixture
async def central(sqlite_store: Store) -> AsyncIterator[CentralSystem]:
    """With the stations CP1 (no password) and CP2 (a password)."""

    def fill(connection: Connection) -> None:
        secret = hashed_password(PASSWORD.encode())
        for name, profile, password in (("CP1", 0, None), ("CP2", 1, secret), ("CP3", 0, None)):
            known = Known(TENANT_ID, name, profile, password, Registration.ACCEPTED, 0)
            register(connection, known, NOW)

    await sqlite_store.write(Function(fill))
    central = CentralSystem(sqlite_store, SystemClock())
    await central.start()
    yield central
    await central.stop()


@pytest.fixture
async def port(central: CentralSystem) -> int:
    return await central.listen("127.0.0.1", 0)


def event(seq_no: int, kind: str = "Updated", **more: Any) -> dict[str, Any]:
    value = {"value": 1000.0 + 10 * seq_no, "context": "Sample.Periodic"}
    at = f"2026-11-21T12:{seq_no:02d}:00Z"
    return {
        "eventType": kind,
        "timestamp": at,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "tx1"},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [{"timestamp": at, "sampledValue": [value]}],
        **more,
    }


async def nobody_is_connected(central: CentralSystem) -> None:
    await until(lambda: not central.gateway.conversations)


async def test_a_known_station_needs_no_boot_after_a_reconnect(port: int) -> None:
    async with driving(port, "CP1") as station:
        assert await station.ask("TransactionEvent", event(0, "Started")) == {}
    async with driving(port, "CP1") as station:
        assert await station.ask("TransactionEvent", event(1)) == {}


async def test_what_was_answered_is_in_the_ledger_and_in_the_session(
    central: CentralSystem, port: int, sqlite_store: Store
) -> None:
    async with driving(port, "CP1") as station:
        await station.ask("TransactionEvent", event(0, "Started"))
        await station.ask("TransactionEvent", event(1))
        row = await sqlite_store.read(
            lambda c: c.execute(
                select(transactions).where(transactions.c.station_id == "CP1")
            ).one()
        )
        assert (row.wire_id, row.state, row.energy_wh) == ("tx1", "active", 10)
        await station.ask("TransactionEvent", event(2, "Ended"))
    row = await sqlite_store.read(lambda c: c.execute(select(transactions)).one())
    assert (row.state, row.energy_wh, row.meter_stop_wh) == ("ended", 20, 1020)
    assert await sqlite_store.read(partial(count, table=ledger)) == 3


async def test_what_could_not_be_stored_is_missed_if_the_station_does_not_say_it_again(
    port: int, sqlite_store: Store
) -> None:
    """Nothing that the gateway has at hand remembers it."""
    refuse = (
        "CREATE TRIGGER refused BEFORE INSERT ON ledger_daybook BEGIN SELECT RAISE(ABORT, ''); END"
    )
    async with driving(port, "CP1") as station:
        await station.ask("TransactionEvent", event(0, "Started"))
        await sqlite_store.write(Statements((text(refuse),)))
        kind, _, code, *_ = await station.ask("TransactionEvent", event(1))
        assert (kind, code) == (4, "InternalError")
        await sqlite_store.write(Statements((text("DROP TRIGGER refused"),)))
        await station.ask("TransactionEvent", event(2, "Ended"))
    row = await sqlite_store.read(lambda c: c.execute(select(transactions)).one())
    assert (row.state, row.energy_wh, row.is_complete) == ("ended", 20, False)
    assert "gap" in row.remarks


def count(connection: Connection, table: Any) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize("password", [None, "wrong", "", "x" * 5_000])
async def test_without_its_password_a_station_stays_outside(
    port: int, password: str | None
) -> None:
    with pytest.raises(HandshakeRefused) as refused:
        async with driving(port, "CP2", password=password):
            raise AssertionError("it got in")
    assert refused.value.status in (401, 431)


async def test_with_its_password_a_station_comes_in(port: int) -> None:
    async with driving(port, "CP2", password=PASSWORD) as station:
        assert await station.ask("TransactionEvent", event(0, "Started")) == {}


async def test_an_unknown_station_is_refused_like_one_with_a_wrong_password(port: int) -> None:
    with pytest.raises(HandshakeRefused) as refused:
        async with driving(port, "CP9"):
            raise AssertionError("it got in")
    assert refused.value.status == 401


async def test_a_station_that_dials_again_takes_over_from_its_old_connection(
    central: CentralSystem, port: int
) -> None:
    async with driving(port, "CP1") as old:
        await old.ask("TransactionEvent", event(0, "Started"))
        async with driving(port, "CP1") as new:
            assert await new.ask("TransactionEvent", event(1)) == {}
            async with asyncio.timeout(5):
                ending = await old.ending
            assert ending.code == CloseCode.POLICY_VIOLATION
            conversation = central.gateway.conversation(TENANT_ID, "CP1")
            assert conversation is not None
            assert conversation.epoch == 2
            assert not conversation.has_ended
    await nobody_is_connected(central)


async def test_epochs_only_grow_over_restarts(
    central: CentralSystem, port: int, sqlite_store: Store
) -> None:
    for _ in range(3):
        async with driving(port, "CP1") as station:
            await station.ask("TransactionEvent", event(0, "Started"))
    central.gateway.tray.flush()
    await sqlite_store.write(Function(lambda connection: None))  # behind what was flushed
    again = CentralSystem(sqlite_store, SystemClock())
    await again.start()
    async with driving(await again.listen("127.0.0.1", 0), "CP1") as station:
        await station.ask("TransactionEvent", event(1))
        conversation = again.gateway.conversation(TENANT_ID, "CP1")
        assert conversation is not None
        assert conversation.epoch == 4
    await again.stop()


async def test_messages_that_come_together_are_answered_in_their_order(port: int) -> None:
    async with driving(port, "CP1") as station:
        for seq_no in range(10):
            kind = "Started" if seq_no == 0 else "Updated"
            station.say(2, f"id{seq_no}", "TransactionEvent", event(seq_no, kind))
        answers = [await station.hear() for _ in range(10)]
    assert [answer[:2] for answer in answers] == [[3, f"id{n}"] for n in range(10)]


async def test_every_frame_is_recorded_with_its_direction(
    central: CentralSystem, port: int, sqlite_store: Store
) -> None:
    async with driving(port, "CP1") as station:
        await station.ask("TransactionEvent", event(0, "Started"), "first")
        station.link.send("no json at all")
        await station.hear()
    central.gateway.tray.flush()
    await sqlite_store.write(Function(lambda connection: None))
    kept = await sqlite_store.read(lambda c: frames.recent(c, TENANT_ID, "CP1", count_max=10))
    assert [(str(each.direction), each.message_id) for each in reversed(kept)][:2] == [
        ("in", "first"),
        ("out", None),
    ]
    assert "no json at all" in [each.text for each in kept]


async def test_a_request_and_its_answer_share_a_row_while_the_request_waits_to_be_written(
    central: CentralSystem, port: int, sqlite_store: Store
) -> None:
    async def counts() -> list[int]:
        """How many frames each row has."""
        central.gateway.tray.flush()
        await sqlite_store.write(Function(lambda connection: None))
        each = frames.frame_strips.c
        query = select(each.frames_count).order_by(each.id)
        return await sqlite_store.read(lambda c: [*c.scalars(query)])

    async with driving(port, "CP1") as station:
        await station.ask("TransactionEvent", event(0, "Started"), "first")
        assert await counts() == [2]
        gate = threading.Event()
        blocked = asyncio.create_task(sqlite_store.write(Function(lambda _: gate.wait(10))))
        station.say(2, "second", "TransactionEvent", event(1))
        await until(lambda: sqlite_store.health.waiting_units >= 2)
        central.gateway.tray.flush()  # the answer still waits for its commit
        gate.set()
        assert await blocked
        await station.hear()
        assert await counts() == [2, 1, 1]


async def test_a_malformed_frame_gets_its_error_and_a_flood_of_them_costs_the_connection(
    central: CentralSystem, port: int
) -> None:
    async with driving(port, "CP1") as station:
        assert (await station.ask("TransactionEvent", {"eventType": "Nonsense"}))[2] in {
            "PropertyConstraintViolation",
            "OccurrenceConstraintViolation",
        }
        for _ in range(30):
            if not station.link.is_open:
                break
            station.link.send("{")
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert (await station.ending).code == CloseCode.POLICY_VIOLATION
    assert sum(central.gateway.meter.refusals.values()) >= 20


async def test_one_station_that_falls_silent_costs_no_other_anything(port: int) -> None:
    async with driving(port, "CP1") as silent, driving(port, "CP3") as other:
        silent.say(2, "x", "TransactionEvent", event(0, "Started"))
        silent.link.hold()  # it reads no more
        for seq_no in range(5):
            kind = "Started" if seq_no == 0 else "Updated"
            assert await other.ask("TransactionEvent", event(seq_no, kind)) == {}
        silent.link.go_on()


async def test_the_last_connection_to_close_leaves_the_station_disconnected(
    central: CentralSystem, port: int, sqlite_store: Store
) -> None:
    async with driving(port, "CP1"):
        pass
    await nobody_is_connected(central)
    central.gateway.tray.flush()
    seen = await sqlite_store.write(
        Function(lambda c: c.scalar(select(stations.c.last_seen_at).where(stations.c.id == "CP1")))
    )
    assert seen is not None


@pytest.mark.parametrize(
    ("ping_interval_s", "expected_s"), [(None, 60.0), (15, 15.0), (0, None)], ids=str
)
async def test_a_station_is_pinged_as_its_operator_says(
    central: CentralSystem,
    port: int,
    sqlite_store: Store,
    ping_interval_s: int | None,
    expected_s: float | None,
) -> None:
    setting = update(stations).where(stations.c.id == "CP1")
    change = setting.values(ping_interval_s=ping_interval_s)
    await sqlite_store.write(Function(lambda connection: connection.execute(change)))
    async with driving(port, "CP1") as station:
        await station.ask("TransactionEvent", event(0, "Started"))
        conversation = central.gateway.conversation(TENANT_ID, "CP1")
        assert conversation is not None
        assert conversation.link.ping_interval_s == expected_s


async def test_a_meter_sample_costs_no_task(
    central: CentralSystem, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is by far the most frequent event, and nobody who hears it has to wait."""
    waited_for: list[object] = []
    monkeypatch.setattr(central.bus, "_follow", waited_for.append)
    async with driving(port, "CP1") as station:
        await station.ask("TransactionEvent", event(0, "Started"))
        await until(lambda: central.bus.published_count)  # its connection, and then the rest
        waited_for.clear()
        told = central.bus.published_count
        await station.ask("TransactionEvent", event(1))
        assert central.bus.published_count > told
    assert waited_for == []


async def test_events_are_told_in_the_order_of_what_has_happened(
    central: CentralSystem, port: int
) -> None:
    told: list[str] = []
    central.bus.listen(lambda event: told.append(type(event).__name__))
    async with driving(port, "CP1") as station:
        boot = {"chargingStation": {"vendorName": "Acme", "model": "One"}, "reason": "PowerUp"}
        await station.ask("BootNotification", boot)
        await station.ask("TransactionEvent", event(0, "Started"))
        await until(lambda: "TransactionStarted" in told)
    assert told[:2] == ["StationConnected", "StationBooted"]
