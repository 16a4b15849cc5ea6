"""A fleet over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import islice

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.soap import Remark
from chargeplane.ocpp.versions import Version
from chargeplane.station import DEMONSTRATION, Fleet, Member, Tally
from chargeplane.station.fleets.drivers import WORKPLACE, Visit
from tests.station.central import Central
from tests.station.server import server

REPAIRED = {
    "extra-members",
    "null-members",
    "numeric-values",
    "times-without-zone",
}
"""Quirks whose messages are repaired; others show elsewhere."""
SELDOM = {"MeterValueSampleInterval": "1200"}  # or a slow machine could not keep up


def has_served(central: Central) -> bool:
    """Whether it has heard of a whole transaction."""
    if central.is_1x:
        return bool(central.all(v16.StartTransactionRequest)) and bool(
            central.all(v16.StopTransactionRequest)
        )
    kinds = {each.event_type for each in central.all(v21.TransactionEventRequest)}
    return kinds == {"Started", "Updated", "Ended"}


async def test_the_demonstration_charges_in_every_version_over_every_transport() -> None:
    async with server() as at:
        fleet = Fleet(
            [replace(each, variables=SELDOM) for each in DEMONSTRATION],
            url=at.url,
            soap_url=at.soap_url,
            tokens=["DEADBEEF", "CAFE1234"],
            seed=7,
            speed=7_200,
        )
        wanted = {each.identity for each in DEMONSTRATION}
        running = asyncio.create_task(fleet.run())
        async with asyncio.timeout(30):
            while {name for name, each in at.centrals.items() if has_served(each)} < wanted:
                await asyncio.sleep(0.01)
                assert not running.done()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    for member in DEMONSTRATION:
        central = at.centrals[member.identity]
        assert central.version is member.version
        assert not central.malformed
        assert bool(central.repairs) == bool(REPAIRED & set(member.quirks))
    assert at.links["DEMO-16J"].facts.repairs == ("upgrade-without-connection-header",)
    assert at.remarks == {"DEMO-15S": {Remark.MESSAGE_ID_MISSING}}


def test_the_demonstration_has_every_version_and_some_that_are_odd() -> None:
    assert {each.version for each in DEMONSTRATION} == set(Version)
    odd = [each.identity for each in DEMONSTRATION if each.quirks]
    assert odd == ["DEMO-15S", "DEMO-16J", "DEMO-201", "DEMO-ODD-16J", "DEMO-ODD-201"]
    assert [each.version.value for each in DEMONSTRATION if each.soap] == ["1.2", "1.5", "1.6"]


AT_ONCE = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": "0",
    "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
}


async def grown(running: asyncio.Task[None], enough: Callable[[], bool]) -> None:
    """A fleet has come so far."""
    while not enough():
        await asyncio.sleep(0.01)
        assert not running.done()


async def test_when_all_leave_every_transaction_has_ended_and_was_told() -> None:
    members = [Member("A", Version.V1_6), Member("B", Version.V2_1)]
    tally = Tally()
    async with server() as at:
        fleet = Fleet(members, url=at.url, tokens=["CAFE"], seed=7, speed=600, made=tally.follow)
        running = asyncio.create_task(fleet.run())
        async with asyncio.timeout(30):
            await grown(running, lambda: tally.started >= 4)
            fleet.leave()
            await running
    assert (tally.online, tally.started) == (0, tally.ended)
    ones, twos = at.centrals["A"], at.centrals["B"]
    assert len(ones.all(v16.StopTransactionRequest)) == len(ones.all(v16.StartTransactionRequest))
    events = [each.event_type.value for each in twos.all(v21.TransactionEventRequest)]
    assert events.count("Started") == events.count("Ended") > 0


async def test_after_a_storm_all_are_back_and_how_long_it_took_is_told() -> None:
    members = [Member(f"A{n}", version, variables=AT_ONCE) for n, version in enumerate(Version)]
    tally = Tally()
    async with server() as at:
        fleet = Fleet(members, url=at.url, tokens=["CAFE"], made=tally.follow)
        running = asyncio.create_task(fleet.run())
        async with asyncio.timeout(30):
            await grown(running, lambda: tally.online == len(members))
            storm = await fleet.storm()
            assert (storm.dropped, storm.missing) == (len(members), ())
            assert storm.duration_s > 0
            assert (tally.online, tally.reconnects) == (len(members), len(members))
            fleet.leave()
            await running
    assert not tally.faults


async def test_who_does_not_come_back_after_a_storm_is_named() -> None:
    tally = Tally()
    async with server() as at:
        fleet = Fleet([Member("A", Version.V1_6)], url=at.url, tokens=["CAFE"], made=tally.follow)
        running = asyncio.create_task(fleet.run())
        async with asyncio.timeout(30):
            await grown(running, lambda: tally.online == 1)
            storm = await fleet.storm(back_s_max=0.2)  # it waits five seconds before it dials
            fleet.leave()
            await running
    assert (storm.dropped, storm.missing) == (1, ("A",))


def test_the_same_seed_makes_the_same_drivers_at_every_evse() -> None:
    def coming(seed: int) -> list[Visit]:
        fleet = Fleet(members, url="ws://host", tokens=["A", "B", "C"], seed=seed, day=WORKPLACE)
        return [
            visit
            for member in members
            for drivers in fleet.drivers(member.identity).values()
            for visit in islice(drivers, 5)
        ]

    members = [Member("A", Version.V1_6), Member("B", Version.V2_1)]
    assert len(coming(7)) == 20
    assert coming(7) == coming(7)
    assert coming(7) != coming(8)


def test_a_fleet_needs_tokens_and_addresses() -> None:
    with pytest.raises(ValueError, match="tokens"):
        Fleet([], url="ws://host", tokens=[])
    with pytest.raises(ValueError, match="soap_url"):
        Fleet([Member("A", Version.V1_6, soap=True)], url="ws://host", tokens=["A"])
