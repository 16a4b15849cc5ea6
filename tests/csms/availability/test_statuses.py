"""Reports of status: the newest one counts, what is new is told, and repetitions cost nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection, select

from chargeplane.csms.availability import block
from chargeplane.csms.availability.service import CONNECTORS_MAX, REFRESHED_AFTER, Statuses
from chargeplane.csms.availability.service import _decision as decision_of
from chargeplane.csms.contract import Decision, Station
from chargeplane.csms.inventory import connectors
from chargeplane.domain.addresses import STATION, EvseAddress
from chargeplane.domain.events import ConnectorStatusChanged
from chargeplane.domain.status import ConnectorStatus, StatusReport, newer
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.store import Store
from tests.csms.making import NOW, decided, heard, kept, station

LATER = NOW + timedelta(minutes=1)
MUCH_LATER = NOW + REFRESHED_AFTER + timedelta(minutes=1)


def of_1x(connector_id: int = 1, status: str = "Available", **more: Any) -> Request:
    return v16.StatusNotificationRequest(
        connector_id=connector_id,
        status=v16.ChargePointStatus(status),
        **{"error_code": v16.ChargePointErrorCode.NO_ERROR, "timestamp": NOW, **more},
    )


def of_2x(
    evse_id: int = 1, connector_id: int = 1, status: str = "Available", at: datetime = NOW
) -> Request:
    return v21.StatusNotificationRequest(
        timestamp=at,
        connector_status=v21.ConnectorStatusEnumType(status),
        evse_id=evse_id,
        connector_id=connector_id,
    )


async def say(store: Store, who: Station, request: Request, at: datetime = NOW) -> Decision:
    """A station says something, and what follows is durable."""
    offered = block(store)
    handler = {**offered.v1, **offered.v2}[type(request)]
    return await kept(store, await decided(handler, heard(who, request, at)))


def rows(connection: Connection) -> list[tuple[Any, ...]]:
    order = connectors.c.station_id, connectors.c.evse_id, connectors.c.connector_id
    return [tuple(row) for row in connection.execute(select(connectors).order_by(*order))]


def statuses(connection: Connection) -> dict[tuple[int, int], str]:
    return {(row[2], row[3]): row[4] for row in rows(connection)}


async def test_a_first_report_is_a_row_and_an_event_that_wait_for_the_commit(
    store: Store,
) -> None:
    said = await say(store, station(), of_2x())
    assert said.durable
    [event] = said.events
    assert isinstance(event, ConnectorStatusChanged)
    assert (event.evse, event.status) == (EvseAddress(1, 1), ConnectorStatus.AVAILABLE)
    assert event.previous is None
    assert await store.read(statuses) == {(1, 1): "available"}


async def test_both_families_leave_the_same_rows_and_events(store: Store) -> None:
    first, second = station(Version.V1_6, "CP"), station(Version.V2_1, "CP")
    told = []
    for who, requests in (
        (first, [of_1x(0), of_1x(1), of_1x(1, "Faulted", timestamp=LATER)]),
        (second, [of_2x(0, 0), of_2x(1, 1), of_2x(1, 1, "Faulted", LATER)]),
    ):
        decisions = [await say(store, who, each, LATER) for each in requests]
        events = [replace(e, frame_id=None) for each in decisions for e in each.events]
        told.append((events, await store.read(rows)))
        await store.write(_Forget())
    assert told[0] == told[1]
    assert [len(each) for each in told[0]] == [3, 2]


class _Forget:
    def apply(self, connection: Connection) -> None:
        connection.execute(connectors.delete())


async def test_the_same_again_is_answered_at_once_and_leaves_nothing(sqlite_store: Store) -> None:
    who = station(Version.V1_6)
    await say(sqlite_store, who, of_1x())
    before = await sqlite_store.read(rows)
    again = await say(sqlite_store, who, of_1x(timestamp=LATER), LATER)
    assert not again.durable
    assert (again.rows, again.events) == ((), ())
    assert await sqlite_store.read(rows) == before


async def test_after_a_while_a_repetition_brings_the_times_up_to_date(sqlite_store: Store) -> None:
    who = station(Version.V1_6)
    await say(sqlite_store, who, of_1x())
    again = await say(sqlite_store, who, of_1x(timestamp=MUCH_LATER), MUCH_LATER)
    assert again.durable, "or a late row could take the place of a newer status"
    assert again.events == ()
    [row] = await sqlite_store.read(rows)
    assert row[-2:] == (MUCH_LATER, MUCH_LATER)


async def test_a_replayed_old_status_never_replaces_a_newer_one(sqlite_store: Store) -> None:
    who = station(Version.V1_6)
    await say(sqlite_store, who, of_1x(0))
    old = of_1x(
        0,
        "Faulted",
        error_code=v16.ChargePointErrorCode.OTHER_ERROR,
        info="Modbus TCP/IP lost, in safe mode max 14.0A",
        timestamp=NOW - timedelta(days=2),
        vendor_error_code="210",
    )
    said = await say(sqlite_store, who, old, LATER)
    assert (said.rows, said.events) == ((), ())
    assert await sqlite_store.read(statuses) == {(0, 0): "available"}


async def test_what_is_known_is_read_from_the_store_after_a_restart(sqlite_store: Store) -> None:
    await say(sqlite_store, station(), of_2x(status="Occupied"))
    again = await say(sqlite_store, station(), of_2x(status="Occupied", at=LATER), LATER)
    assert again.events == ()
    changed = await say(sqlite_store, station(), of_2x(status="Faulted", at=LATER), LATER)
    [event] = changed.events
    assert isinstance(event, ConnectorStatusChanged)
    assert event.previous is ConnectorStatus.OCCUPIED


async def test_only_the_first_report_of_a_connection_reads(sqlite_store: Store) -> None:
    who, handler = station(), block(sqlite_store).v2[v21.StatusNotificationRequest]
    first = handler(heard(who, of_2x()))
    assert not isinstance(first, Decision)
    await first
    assert isinstance(handler(heard(who, of_2x(2))), Decision)
    who.forget()
    anew = handler(heard(who, of_2x(2)))
    assert not isinstance(anew, Decision)
    await anew


async def test_nothing_counts_before_it_is_durable(sqlite_store: Store) -> None:
    who, handler = station(), block(sqlite_store).v2[v21.StatusNotificationRequest]
    lost = await decided(handler, heard(who, of_2x()))
    again = await decided(handler, heard(who, of_2x()))
    assert len(lost.events) == len(again.events) == 1


async def test_a_status_without_a_time_is_as_old_as_its_arrival(sqlite_store: Store) -> None:
    request = v16.StatusNotificationRequest(
        connector_id=1,
        status=v16.ChargePointStatus.CHARGING,
        error_code=v16.ChargePointErrorCode.NO_ERROR,
    )
    said = await say(sqlite_store, station(Version.V1_6), request, LATER)
    assert said.events[0].reported_at == LATER


async def test_what_a_station_says_of_a_fault_is_kept(store: Store) -> None:
    request = of_1x(
        2,
        "Faulted",
        error_code=v16.ChargePointErrorCode.OTHER_ERROR,
        info="door\0open",
        vendor_error_code="E17",
    )
    said = await say(store, station(Version.V1_6), request)
    [event] = said.events
    assert isinstance(event, ConnectorStatusChanged)
    assert (event.error_code, event.info, event.vendor_error_code) == (
        "OtherError",
        "door␀open",
        "E17",
    )
    [row] = await store.read(rows)
    assert row[5:8] == ("OtherError", "door␀open", "E17")


async def test_an_evse_zero_of_2x_is_the_station_whatever_the_connector(
    sqlite_store: Store,
) -> None:
    await say(sqlite_store, station(), of_2x(0, 1))
    await say(sqlite_store, station(id_="CP2"), of_2x(0, 0))
    assert await sqlite_store.read(statuses) == {(0, 0): "available"}


async def test_notify_event_reports_availability_too(sqlite_store: Store) -> None:
    def data(name: str, variable: str, value: str, evse: v21.EVSEType | None) -> v21.EventDataType:
        component = v21.ComponentType(name=name) if evse is None else None
        return v21.EventDataType(
            event_id=1,
            timestamp=NOW,
            trigger=v21.EventTriggerEnumType.DELTA,
            actual_value=value,
            component=component or v21.ComponentType(name=name, evse=evse or v21.EVSEType(id=0)),
            variable=v21.VariableType(name=variable),
            event_notification_type=v21.EventNotificationEnumType.HARD_WIRED_NOTIFICATION,
        )

    request = v21.NotifyEventRequest(
        generated_at=NOW,
        seq_no=0,
        event_data=[
            data("Connector", "AvailabilityState", "Occupied", v21.EVSEType(id=1, connector_id=2)),
            data("ChargingStation", "AvailabilityState", "Available", None),
            data("Connector", "Temperature", "70", v21.EVSEType(id=1, connector_id=2)),
            data("FanSystem", "AvailabilityState", "Faulted", None),
        ],
    )
    said = await say(sqlite_store, station(), request)
    assert isinstance(said.response, v21.NotifyEventResponse)
    assert len(said.events) == 2
    assert await sqlite_store.read(statuses) == {(0, 0): "available", (1, 2): "occupied"}


async def test_a_station_with_endless_connectors_is_answered_and_bounded(
    sqlite_store: Store,
) -> None:
    who = station()
    handler = block(sqlite_store).v2[v21.StatusNotificationRequest]
    await decided(handler, heard(who, of_2x()))
    for number in range(1, CONNECTORS_MAX + 10):
        said = await decided(handler, heard(who, of_2x(number)))
        if said.kept:
            said.kept()
    known = who.get(Statuses)
    assert known is not None
    assert len(known.newest) == CONNECTORS_MAX
    beyond = await decided(handler, heard(who, of_2x(CONNECTORS_MAX + 10)))
    assert (beyond.rows, beyond.events) == ((), ())


_REPORTS = st.builds(
    StatusReport,
    status=st.sampled_from(ConnectorStatus),
    reported_at=st.integers(-5, 5).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    received_at=st.integers(0, 3).map(lambda hours: NOW + timedelta(hours=hours)),
    info=st.sampled_from([None, "a", "b"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_REPORTS, max_size=8), st.booleans())
def test_whatever_the_order_the_newest_report_is_the_one_that_is_kept(
    reports: list[StatusReport], together: bool
) -> None:
    known, who = Statuses.of({}), station()
    arrivals = sorted(reports, key=lambda each: each.received_at)
    batches = [arrivals] if together else [[each] for each in arrivals]
    for batch in batches:
        about = heard(who, of_2x())
        decision = decision_of(
            about, known, [(STATION, each) for each in batch], v21.StatusNotificationResponse()
        )
        if decision.kept:
            decision.kept()
    newest = None
    for each in arrivals:
        newest = newer(newest, each)
    if newest is None:
        assert known.newest == {}
        return
    says = known.newest[0, 0]
    assert (says.status, says.info, says.rank) == (newest.status, newest.info, newest.rank)
    assert newest.received_at - known.stored_at[0, 0] < REFRESHED_AFTER


@pytest.mark.parametrize("status", list(v16.ChargePointStatus))
async def test_every_status_of_1x_has_a_word(
    sqlite_store: Store, status: v16.ChargePointStatus
) -> None:
    said = await say(sqlite_store, station(Version.V1_6), of_1x(1, status.value))
    [event] = said.events
    assert isinstance(event, ConnectorStatusChanged)
    assert event.status.value.replace("_", "") == status.value.casefold()
