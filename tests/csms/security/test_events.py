"""Security events: those of stations, our own ones in bundles, and the REST interface."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from chargeplane.csms.contract import Notice
from chargeplane.csms.security import v1, v2
from chargeplane.csms.security.api import routes
from chargeplane.csms.security.events import GATHERED_MAX, Recorder, severity_of
from chargeplane.csms.security.tables import EVENT_SINK, SecurityEvent, events, prune_events
from chargeplane.csms.security.trail import ENTRIES_MAX, EVERY, Trail
from chargeplane.domain.events import Event, SecurityEventNoted
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.audit.chain import check, entries
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Row, Rows, Store, new_id
from tests.csms.making import NOW, TENANT_ID, decided, heard, kept, station
from tests.csms.rest import client
from tests.csms.security.test_changes import World


async def stored(store: Store) -> list[SecurityEvent]:
    return await store.read(partial(events, tenant_id=TENANT_ID, count_max=5_000))


async def test_what_a_station_reports_is_stored_and_rated_before_it_is_answered(
    store: Store,
) -> None:
    at = NOW - timedelta(minutes=3)
    tampered = v21.SecurityEventNotificationRequest(
        type="TamperDetectionActivated", timestamp=at, tech_info="door \x00 open"
    )
    booted = v16.SecurityEventNotificationRequest(type="StartupOfTheDevice", timestamp=at)
    for handler, version, request in (
        (v2.security_event, Version.V2_1, tampered),
        (v1.security_event, Version.V1_6, booted),
    ):
        decision = await decided(handler, heard(station(version), request))
        assert decision.durable
        await kept(store, decision)
    second, first = await stored(store)
    assert (first.type, first.severity, first.origin, first.reported_at) == (
        "TamperDetectionActivated", "critical", "station", at,
    )  # fmt: skip
    assert "door" in (first.detail or "")
    assert (second.severity, second.detail) == ("info", None)


def test_an_event_that_nobody_knows_is_worth_a_look() -> None:
    assert severity_of("VendorsOwnEvent") == "warning"


async def test_many_wrong_log_ins_are_one_row_with_their_number(sqlite_store: Store) -> None:
    clock = SimulatedClock(NOW)
    recorder = Recorder(sqlite_store, clock)
    for number in range(10_000):
        recorder(Notice(TENANT_ID, "CP1", "FailedLogIn", f"127.0.0.{number % 50}"))
    await recorder.stop()
    found = await stored(sqlite_store)
    assert len(found) == 50
    assert sum(each.occurrences for each in found) == 10_000
    assert {each.origin for each in found} == {"central-system"}


async def test_what_is_gathered_is_bounded_and_the_rest_is_counted(sqlite_store: Store) -> None:
    recorder = Recorder(sqlite_store, SimulatedClock(NOW))
    for number in range(GATHERED_MAX + 500):
        recorder(Notice(TENANT_ID, f"CP{number}", "FailedLogIn"))
    await recorder.stop()
    found = await stored(sqlite_store)
    assert len(found) == GATHERED_MAX + 1
    assert max(each.occurrences for each in found) == 500


async def test_notices_are_stored_a_second_later(sqlite_store: Store) -> None:
    clock = SimulatedClock(NOW)
    recorder = Recorder(sqlite_store, clock)
    recorder(Notice(TENANT_ID, "CP1", "FailedLogIn", "10.0.0.1", "a password"))
    await clock.advance(0.5)
    assert not await stored(sqlite_store)
    await clock.advance(1.0)
    await recorder.stop()
    (event,) = await stored(sqlite_store)
    assert (event.remote_host, event.detail) == ("10.0.0.1", "a password")


async def test_the_oldest_events_go_when_there_are_too_many(store: Store) -> None:
    rows = [
        SecurityEvent(TENANT_ID, new_id(), "CP1", f"E{n}", "station", "info", None, None, 1, NOW,
                      NOW)
        for n in range(30)
    ]  # fmt: skip
    await store.write(Rows(tuple((EVENT_SINK, row) for row in rows)))
    work = Function(partial(prune_events, tenant_id=TENANT_ID, keep_max=10))
    assert await store.write(work) == 20
    assert [each.type for each in await stored(store)] == [f"E{n}" for n in range(29, 19, -1)]
    assert await store.write(work) == 0


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 3), ("?severity=critical", 1), ("?station_id=CP2", 1), ("?limit=2", 2)],
)
async def test_events_are_listed_latest_first_and_filtered(
    sqlite_store: Store, query: str, count: int
) -> None:
    recorder = Recorder(sqlite_store, SimulatedClock(NOW))
    recorder(Notice(TENANT_ID, "CP1", "FailedLogIn"))
    recorder(Notice(TENANT_ID, "CP1", "IdentityContested"))
    recorder(Notice(TENANT_ID, "CP2", "FailedLogIn"))
    await recorder.stop()
    async with client(sqlite_store, routes(World(sqlite_store).changes)) as rest:
        page = (await rest.get(f"/security-events{query}")).json()
        assert len(page["items"]) == count
        times = [each["id"] for each in page["items"]]
        assert times == sorted(times, reverse=True)


async def test_critical_events_are_told_and_are_in_the_audit_log_once(sqlite_store: Store) -> None:
    clock, told = SimulatedClock(NOW), list[Event]()

    async def tell(tenant_id: UUID, rows: tuple[Row, ...], events: tuple[Event, ...]) -> None:
        await sqlite_store.write(Rows(rows))
        told.extend(events)

    recorder, trail = Recorder(sqlite_store, clock, tell), Trail(sqlite_store, clock)
    recorder(Notice(TENANT_ID, "CP1", "IdentityContested", "127.0.0.9", "two at once"))
    recorder(Notice(TENANT_ID, "CP1", "FailedLogIn", "127.0.0.9"))
    await recorder.stop()
    assert [each.id for each in reversed(await stored(sqlite_store))] == [
        UUID(each.event_id) for each in told if isinstance(each, SecurityEventNoted)
    ]
    for event in told * 2:
        if (keeping := trail.hear(event)) is not None:
            await keeping
    (entry,) = await sqlite_store.read(partial(entries, tenant_id=TENANT_ID, after=0, count_max=10))
    assert (entry.actor_kind, entry.target, entry.action) == (
        "system", "stations/CP1", "security_event",
    )  # fmt: skip
    assert "two at once" in entry.details
    assert await sqlite_store.read(partial(check, tenant_id=TENANT_ID)) is None


async def test_the_audit_log_cannot_be_filled_by_whoever_attacks(sqlite_store: Store) -> None:
    clock = SimulatedClock(NOW)
    trail = Trail(sqlite_store, clock)
    kept = 0
    for _ in range(ENTRIES_MAX + 50):
        keeping = trail.hear(tampered())
        if keeping is not None:
            kept += 1
            await keeping
    assert kept == ENTRIES_MAX
    await clock.advance(2 * EVERY.total_seconds())
    keeping = trail.hear(tampered())
    assert keeping is not None
    await keeping


def tampered() -> SecurityEventNoted:
    return SecurityEventNoted(
        tenant_id=str(TENANT_ID),
        station_id="CP1",
        reported_at=NOW,
        received_at=NOW,
        event_id=str(new_id()),
        type="TamperDetectionActivated",
        severity="critical",
        origin="station",
    )
