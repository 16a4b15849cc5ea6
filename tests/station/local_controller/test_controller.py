"""Stations through a local controller over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.runtime.links import Attempt, HandshakeRefused, Link, connect
from chargeplane.station import Ev, Station
from chargeplane.station.local_controller import LocalController, Own
from chargeplane.station.local_controller.profiles import limiting
from chargeplane.station.local_controller.upstream import BackOff
from chargeplane.station.signals import NotReached, TransactionEnded, TransactionStarted
from tests.csms.driving import Driver
from tests.station.server import Server, server
from tests.waiting import until

AT_ONCE = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": "0",
    "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
}
PASSWORD = "0123456789abcdef0123"


def at_once(rng: Random) -> BackOff:
    return BackOff(rng, wait_s_min=0.02, random_s_max=0.0, doublings_max=0)


@asynccontextmanager
async def controller(at: Server, **options: Any) -> AsyncIterator[LocalController]:
    async with LocalController(at.url, back_off=at_once, **options) as made:
        yield made


def station(made: LocalController, identity: str = "CP1", **options: Any) -> Station:
    usual: dict[str, Any] = {"version": "2.1", "variables": AT_ONCE, "seed": 1, "speed": 600.0}
    return Station(identity, url=f"{made.url}/ocpp", **(usual | options))


async def visit(one: Station) -> None:
    await one.plug_in(1, Ev(soc=0.2))
    await one.tap("DEADBEEF", 1)
    await one.wait_for(TransactionStarted)
    await one.tap("DEADBEEF", 1)
    await one.unplug(1)
    await one.wait_for(TransactionEnded)


def events(at: Server, identity: str = "CP1") -> list[v21.TransactionEventRequest]:
    return at.centrals[identity].all(v21.TransactionEventRequest)


@pytest.mark.parametrize("version", Version)
async def test_a_station_charges_through_the_controller(version: Version) -> None:
    async with server() as at, controller(at) as made:
        async with station(made, version=version, password=PASSWORD) as one:
            await visit(one)
        central = at.centrals["CP1"]
        assert central.version is version
        assert not central.malformed
        started = v16.StartTransactionRequest if central.is_1x else v21.TransactionEventRequest
        assert central.all(started)
        assert at.passwords["CP1"].startswith("Basic ")
        await until(lambda: not at.listener.reception.links)  # it ends with that of the station


@asynccontextmanager
async def two_alone(at: Server, made: LocalController) -> AsyncIterator[list[Station]]:
    """Two stations in service, and the central system has just gone."""
    async with station(made, "CP1") as one, station(made, "CP2", version="2.0.1") as two:
        for each in (one, two):
            await visit(each)
            await each.until(lambda core: not core.hub.outbox)  # so nothing is on its way
        at.is_open = False
        for link in list(at.links.values()):
            link.cut("away")
        await until(lambda: not any(each.has_central for each in made.standings()))
        yield [one, two]


async def test_two_stations_charge_on_without_the_central_system_and_all_is_told_once() -> None:
    async with server() as at, controller(at) as made, two_alone(at, made) as stations:
        for each in stations:
            assert each.is_online
            await visit(each)
            await each.until(lambda core: not core.hub.outbox)
        assert all(each.kept for each in made.standings())
        assert not await made.delivered(0.05)
        at.is_open = True
        assert await made.delivered(10)
        assert not any(each.kept for each in made.standings())
        assert await made.delivered(0)
        for name in ("CP1", "CP2"):
            told = [
                (each.transaction_info.transaction_id, each.seq_no) for each in events(at, name)
            ]
            assert len(told) == len(set(told))
            assert len({transaction_id for transaction_id, _ in told}) == 2
            for transaction_id in dict.fromkeys(each for each, _ in told):
                numbers = [number for each, number in told if each == transaction_id]
                assert numbers == list(range(len(numbers)))


async def test_a_station_that_reconnects_meanwhile_comes_in_with_its_credentials_alone() -> None:
    async with server() as at, controller(at) as made, two_alone(at, made) as (one, _):
        await one.drop()
        await one.until(lambda core: not core.hub.is_online)
        await one.until(lambda core: core.hub.is_online)
        other = Driver()
        with pytest.raises(HandshakeRefused) as refused:
            await connect(
                f"{made.url}/ocpp/CP1",
                lambda _: other,
                subprotocols=["ocpp2.1"],
                headers=[("Authorization", "Basic bm9ib2R5")],
            )
        assert refused.value.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert one.is_online


async def test_what_is_not_delivered_outlives_the_controller(tmp_path: Path) -> None:
    file = tmp_path / "controller.sqlite"
    async with server() as at:
        async with controller(at, memory=file) as made, two_alone(at, made) as (one, two):
            await visit(one)
            await one.until(lambda core: not core.hub.outbox)
            await two.drop()
        heard = len(events(at))
        at.is_open = True
        async with controller(at, memory=file) as made, station(made):
            await until(lambda: len(events(at)) > heard)
            await until(lambda: not any(each.kept for each in made.standings()))
        kinds = [each.event_type for each in events(at)[heard:]]
        assert (kinds[0], kinds[-1]) == ("Started", "Ended")


async def test_a_controller_that_closes_ends_both_connections_together() -> None:
    async with server() as at, controller(at, keeps=False) as made, station(made) as one:
        at.is_open = False
        at.links["CP1"].cut("away")
        await one.until(lambda core: not core.hub.conversation.is_open)
        at.is_open = True
        await one.until(lambda core: core.hub.is_online)


@pytest.mark.parametrize(
    ("status", "told"), [(401, 401), (404, 404), (302, 502), (503, 503)], ids=str
)
async def test_whom_the_central_system_refuses_the_controller_refuses(
    status: int, told: int
) -> None:
    async with server() as at, controller(at) as made:
        at.is_open, at.refusal = False, HTTPStatus(status)
        with pytest.raises(HandshakeRefused) as refused:
            await connect(f"{made.url}/ocpp/CP1", lambda _: Driver(), subprotocols=["ocpp2.1"])
        assert refused.value.status == told
        assert not made.standings()


async def test_only_credentials_that_are_refused_are_forgotten() -> None:
    async with (
        server() as at,
        controller(at) as made,
        station(made, password=PASSWORD) as one,
    ):
        at.is_open, at.refusal = False, HTTPStatus.UNAUTHORIZED
        with pytest.raises(HandshakeRefused) as refused:
            await connect(f"{made.url}/CP1", lambda _: Driver(), subprotocols=["ocpp2.1"])
        assert refused.value.status == HTTPStatus.UNAUTHORIZED
        at.refusal = HTTPStatus.BAD_GATEWAY
        await one.drop()  # whoever tried the door has not shut it for the station
        await one.until(lambda core: not core.hub.is_online)
        await one.until(lambda core: core.hub.is_online)
        at.refusal = HTTPStatus.UNAUTHORIZED
        await one.drop()
        await one.wait_for(NotReached, lambda told: told.status == HTTPStatus.UNAUTHORIZED)
        at.refusal = HTTPStatus.BAD_GATEWAY
        told = await one.wait_for(NotReached, lambda told: told.status != HTTPStatus.UNAUTHORIZED)
        assert told.status == HTTPStatus.SERVICE_UNAVAILABLE


async def test_the_central_system_chooses_the_version() -> None:
    async with server() as at, controller(at) as made:
        at.subprotocols = ("ocpp1.6", "ocpp2.0.1")
        driver = Driver()
        link = await connect(
            f"{made.url}/some/where/CP1",
            lambda _: driver,
            subprotocols=["ocpp2.1", "ocpp2.0.1", "ocpp1.6"],
        )
        assert link.facts.subprotocol == "ocpp1.6"
        link.close()
        await driver.ending
        other = Driver()
        await connect(f"{made.url}/CP1", lambda _: other, subprotocols=["ocpp2.1"])
        assert (await other.ending).code == 1002


async def test_own_credentials_go_up_instead_of_the_stations() -> None:
    def authorization(attempt: Attempt) -> str | None:
        if "Authorization" not in attempt.headers:
            raise PermissionError("no password")
        return f"Basic own-{attempt.identity}"

    async with server() as at, controller(at, authorization=authorization) as made:
        async with station(made, password=PASSWORD):
            assert at.passwords["CP1"] == "Basic own-CP1"
        with pytest.raises(HandshakeRefused) as refused:
            await connect(f"{made.url}/CP1", lambda _: Driver(), subprotocols=["ocpp2.1"])
        assert refused.value.status == HTTPStatus.UNAUTHORIZED


def _give(driver: Driver, _: Link) -> Driver:
    return driver


async def test_a_second_connection_of_a_station_replaces_the_first() -> None:
    async with server() as at, controller(at) as made:
        drivers = [Driver(), Driver()]
        for driver in drivers:
            await connect(f"{made.url}/CP1", partial(_give, driver), subprotocols=["ocpp2.1"])
        await drivers[0].ending
        assert not drivers[1].ending.done()
        assert [each.is_connected for each in made.standings()] == [True]


def shares(made: LocalController) -> dict[str, float | None]:
    return {each.identity: each.share_w for each in made.standings()}


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_two_stations_share_the_power_of_the_site(version: str) -> None:
    async with server() as at, controller(at, site_limit_w=16_000.0) as made:
        async with (
            station(made, "CP1", version=version) as one,
            station(made, "CP2", version=version) as two,
        ):
            for each in (one, two):
                await each.plug_in(1, Ev(soc=0.2, power_w_max=22_000.0))
                await each.tap("DEADBEEF", 1)
                await each.wait_for(TransactionStarted)
            await until(lambda: shares(made) == {"CP1": 8_000, "CP2": 8_000})
            powers = [each.evse(1).power_w for each in (one, two)]
            assert 0 < sum(powers) <= 16_000
            await two.unplug(1)
            await until(lambda: shares(made) == {"CP1": 16_000, "CP2": 0})
            made.set_site_limit(None)
            await until(lambda: shares(made) == {"CP1": None, "CP2": None})
            await until(lambda: one.evse(1).power_w > 16_000)
        for name in ("CP1", "CP2"):
            assert not at.centrals[name].malformed
            assert not at.centrals[name].said  # no answer to anything of the controller


async def test_who_has_priority_is_served_if_there_is_not_enough_for_two() -> None:
    def responds(request: Request) -> Response | None:
        if not isinstance(request, v21.TransactionEventRequest) or not request.id_token:
            return None
        info = v21.IdTokenInfoType(status=v21.AuthorizationStatusEnumType.ACCEPTED)
        priority = 7 if request.id_token.id_token == "URGENT" else 0
        return v21.TransactionEventResponse(id_token_info=info, charging_priority=priority)

    async with server() as at, controller(at, site_limit_w=2_000.0) as made:
        at.responds = responds
        async with station(made, "CP1") as one, station(made, "CP2") as two:
            for each, token in ((one, "SLOW"), (two, "URGENT")):
                await each.plug_in(1, Ev(soc=0.2))
                await each.tap(token, 1)
                await each.wait_for(TransactionStarted)
            await until(lambda: shares(made) == {"CP1": 0, "CP2": 2_000})


@pytest.mark.parametrize("version", [Version.V2_0_1, Version.V2_1])
async def test_the_controller_is_a_station_too_that_tells_of_the_limit_of_the_site(
    version: Version,
) -> None:
    async with server() as at, controller(at, own=Own("LC", version), site_limit_w=9e3) as made:
        notified = v21.NotifyChargingLimitRequest
        await until(lambda: "LC" in at.centrals and at.centrals["LC"].all(notified))
        (told,) = at.centrals["LC"].all(notified)
        assert told.charging_limit.charging_limit_source == "EMS"
        assert told.charging_schedule[0].charging_schedule_period[0].limit == 9e3
        made.set_site_limit(5e3)
        await until(lambda: len(at.centrals["LC"].all(notified)) == 2)
        made.set_site_limit(None)
        await until(lambda: at.centrals["LC"].all(v21.ClearedChargingLimitRequest))
        assert not at.centrals["LC"].malformed


async def test_the_central_system_limits_the_site_by_a_profile_of_the_controller() -> None:
    async with (
        server() as at,
        controller(at, own=Own("LC"), site_limit_w=20e3) as made,
        station(made) as one,
    ):
        await one.plug_in(1, Ev(soc=0.2))
        await until(lambda: shares(made) == {"CP1": 20_000})
        await until(lambda: made.own is not None and made.own.is_online)
        at.ask("LC", limiting(Version.V2_1, 4_000.0, 0))
        await until(lambda: shares(made) == {"CP1": 4_000})
        at.ask("LC", limiting(Version.V2_1, None, 0))
        await until(lambda: shares(made) == {"CP1": 20_000})


@pytest.mark.parametrize("last_w", [None, 7e3], ids=["lifted", "changed"])
async def test_a_limit_that_changes_without_the_central_system_holds_at_once_and_is_told_later(
    last_w: float | None,
) -> None:
    async with (
        server() as at,
        controller(at, own=Own("LC", variables=AT_ONCE), site_limit_w=9e3) as made,
        station(made) as one,
    ):
        own = made.own
        assert own is not None
        notified = v21.NotifyChargingLimitRequest
        await until(lambda: "LC" in at.centrals and at.centrals["LC"].all(notified))
        await one.plug_in(1, Ev(soc=0.2))
        await until(lambda: shares(made) == {"CP1": 9_000})
        at.is_open = False
        for link in list(at.links.values()):
            link.cut("away")
        await own.until(lambda core: not core.hub.is_online)
        made.set_site_limit(last_w)
        await until(lambda: shares(made) == {"CP1": last_w})
        at.is_open = True
        central = at.centrals["LC"]
        kind = v21.ClearedChargingLimitRequest if last_w is None else notified
        before = len(central.all(kind))
        await until(lambda: len(central.all(kind)) > before)
        assert not central.malformed
