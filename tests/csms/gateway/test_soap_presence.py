"""A SOAP station is here for as long as it is heard from."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.inventory import stations
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Store, outbox
from chargeplane.runtime.telemetry import Metrics
from tests.csms.gateway.soap_station import SoapSite, fault_of, serving
from tests.csms.making import TENANT_ID


async def comings_and_goings(site: SoapSite, store: Store) -> list[tuple[Any, ...]]:
    await site.settled()
    query = select(outbox.outbox.c.payload).order_by(outbox.outbox.c.id)
    payloads = await store.read(lambda c: c.scalars(query).all())
    events = [msgspec.json.decode(each) for each in payloads]
    return [
        (each["epoch"], each.get("reason") or (each["ocpp_version"], each["transport"]))
        for each in events
        if "epoch" in each
    ]


async def test_a_station_comes_with_its_first_message_and_goes_by_silence(
    site: SoapSite, sqlite_store: Store, clock: SimulatedClock, metrics: Metrics
) -> None:
    def connected() -> float:
        return metrics.stations_connected.of(Version.V1_5).value

    async with serving(site.port, "S1", Version.V1_5) as station:
        assert not site.is_connected("S1")
        await station.ask("Heartbeat", {})
        assert site.is_connected("S1")
        assert connected() == 1
        await clock.advance(590)
        await station.ask("Heartbeat", {})
        await clock.advance(590)
        assert site.is_connected("S1")
        await clock.advance(30)
        assert not site.is_connected("S1")
        assert connected() == 0
        await station.ask("Heartbeat", {})
    assert await comings_and_goings(site, sqlite_store) == [
        (1, ("1.5", "soap")),
        (1, "not heard for 600 s"),
        (2, ("1.5", "soap")),
    ]


async def test_a_long_heartbeat_interval_makes_patient(
    site: SoapSite, clock: SimulatedClock
) -> None:
    async with serving(site.port, "S1") as station:
        await station.ask("Heartbeat", {})
        found = site.stations.speaker(TENANT_ID, "S1")
        assert found is not None
        found.station.heartbeat_interval_s = 900
        await clock.advance(1790)
        assert site.is_connected("S1")
        await clock.advance(30)
        assert not site.is_connected("S1")


async def test_a_station_that_was_updated_begins_anew(site: SoapSite, sqlite_store: Store) -> None:
    async with serving(site.port, "S1", Version.V1_5) as station:
        await station.ask("Heartbeat", {})
        station.version = Version.V1_6
        await station.ask("Heartbeat", {})
    assert await comings_and_goings(site, sqlite_store) == [
        (1, ("1.5", "soap")),
        (1, "the station now speaks OCPP 1.6"),
        (2, ("1.6", "soap")),
    ]
    row = await sqlite_store.read(
        lambda c: c.execute(select(stations).where(stations.c.id == "S1")).one()
    )
    assert (row.epoch, row.ocpp_version, row.transport) == (2, "1.6", "soap")


async def test_when_the_central_system_stops_its_stations_are_gone(
    site: SoapSite, sqlite_store: Store
) -> None:
    async with serving(site.port, "S1") as station:
        await station.ask("Heartbeat", {})
        await site.stations.stop()
    assert not site.is_connected("S1")
    assert (await comings_and_goings(site, sqlite_store))[-1] == (1, "shutting down")


async def test_there_is_room_for_so_many(soap_central: CentralSystem) -> None:
    SoapSite(soap_central, stations_max=1)
    port = await soap_central.listen("127.0.0.1", 0)
    async with serving(port, "S1") as first, serving(port, "S2") as second:
        await first.ask("Heartbeat", {})
        answer = await second.post(second.envelope("Heartbeat", {}))
        assert fault_of(answer) == (500, "Receiver", "InternalError")
        await first.ask("Heartbeat", {})


async def test_a_station_that_is_sent_away_is_admitted_anew(
    site: SoapSite, sqlite_store: Store
) -> None:
    async with serving(site.port, "S1") as station:
        await station.ask("Heartbeat", {})
        site.stations.disconnect(TENANT_ID, "S1", "the station has changed")
        assert not site.is_connected("S1")
        site.stations.disconnect(TENANT_ID, "S1", "once more")
        await station.ask("Heartbeat", {})
    assert await comings_and_goings(site, sqlite_store) == [
        (1, ("1.6", "soap")),
        (1, "the station has changed"),
        (2, ("1.6", "soap")),
    ]
