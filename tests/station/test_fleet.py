"""A fleet over real sockets."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.station import DEMONSTRATION, Fleet, Member
from tests.station.central import Central
from tests.station.server import server

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
        assert bool(central.repairs) == bool(
            {"null-members", "numeric-values"} & set(member.quirks)
        )


def test_the_demonstration_has_every_version_and_two_that_misbehave() -> None:
    assert {each.version for each in DEMONSTRATION} == set(Version)
    assert len([each for each in DEMONSTRATION if each.quirks]) == 2
    assert [each.version.value for each in DEMONSTRATION if each.soap] == ["1.2", "1.5", "1.6"]


def test_a_fleet_needs_tokens_and_addresses() -> None:
    with pytest.raises(ValueError, match="tokens"):
        Fleet([], url="ws://host", tokens=[])
    with pytest.raises(ValueError, match="soap_url"):
        Fleet([Member("A", Version.V1_6, soap=True)], url="ws://host", tokens=["A"])
