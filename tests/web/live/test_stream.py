"""The live stream at its edge: real sockets, a real central system, a station that charges."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.runtime.access import Accounts, Role, cookies, routes
from chargeplane.runtime.access.policy import Policy
from chargeplane.runtime.clock import SimulatedClock, SystemClock
from chargeplane.runtime.store import Function, Settings, Store
from chargeplane.runtime.telemetry import Metrics
from chargeplane.web import Parts, WebServer, create_app
from chargeplane.web.live import route
from tests.csms.driving import Driver, driving
from tests.csms.making import NOW, TENANT_ID, make_tenant
from tests.web.live.watching import Watcher

WAIT_S = 30.0


@dataclass
class Site:
    central: CentralSystem
    accounts: Accounts
    port: int
    token: str
    token_id: Any

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/api/v1/stream"

    @property
    def bearer(self) -> dict[str, str]:
        return bearer_of(self.token)


def bearer_of(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def serving(settings: Settings, clock: Any) -> AsyncIterator[Site]:
    async with Store(settings) as store:
        await store.write(Function(make_tenant))
        known = Known(TENANT_ID, "CP1", 0, None, Registration.ACCEPTED, 0)
        await store.write(Function(lambda c: register(c, known, NOW)))
        accounts = Accounts(store, clock)
        token, secret = await accounts.add_token(TENANT_ID, "console", Role.VIEWER)
        central = CentralSystem(store, clock)
        await central.start()
        offered = [routes(accounts), *central.routes]
        parts = Parts(
            store, clock, Metrics(), accounts.authenticate, offered, "1",
            bus=central.bus, recognise=accounts.recognise,
        )  # fmt: skip
        async with WebServer(create_app(parts), "127.0.0.1", 0) as server:
            yield Site(central, accounts, server.port, secret, token.id)
        await central.stop()


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[Site]:
    async with serving(settings, SystemClock()) as site:
        yield site


async def heard(client: ClientConnection) -> Any:
    async with asyncio.timeout(WAIT_S):
        return msgspec.json.decode(await client.recv())


async def say(client: ClientConnection, **message: Any) -> Any:
    await client.send(msgspec.json.encode(message).decode())
    return await heard(client)


async def closed_with(client: ClientConnection) -> tuple[str, int | None]:
    """The problem that is told last, and the code of closing."""
    slug = ""
    try:
        while True:
            slug = (await heard(client))["problem"]["type"].rpartition(":")[2]
    except ConnectionClosed:
        return slug, client.close_code


async def test_a_console_watches_a_station_come_charge_and_go(site: Site) -> None:
    port = await site.central.listen("127.0.0.1", 0)
    async with connect(site.url, additional_headers=site.bearer) as client:
        views: dict[str, Any] = {
            "stations": {},
            "station": {"id": "CP1"},
            "transactions": {"active": True},
            "overview": {},
            "frames": {"id": "CP1"},
        }
        watchers = {name: Watcher() for name in views}
        for name, parameters in views.items():
            first = await say(client, subscribe=name, view=name, parameters=parameters)
            watchers[name].take({each: first[each] for each in ("snapshot", "version")})
        assert watchers["stations"].shown["CP1"]["connected"] is False

        async def until(holds: Any) -> None:
            async with asyncio.timeout(WAIT_S):
                while not holds():
                    message = msgspec.json.decode(await client.recv())
                    if "heartbeat" not in message:
                        watchers[message.pop("id")].take(message)

        async with driving(port, "CP1", "ocpp2.0.1") as station:
            await begin(station)
            await until(lambda: watchers["transactions"].items)
            [transaction] = watchers["transactions"].items
            assert (transaction["station_id"], transaction["state"]) == ("CP1", "active")
            await until(lambda: watchers["stations"].shown["CP1"]["power_w"] == 7400.0)
            await until(lambda: watchers["station"].state["power_w"] == 7400.0)
            await until(lambda: watchers["overview"].state["totals"]["power_w"] == 7400.0)
            await until(lambda: any("7.4" in each["text"] for each in watchers["frames"].items))
            assert watchers["station"].state["connected"] is True
            await station.ask("TransactionEvent", event("Ended", 2))
            await until(lambda: not watchers["transactions"].items)
        await until(lambda: watchers["stations"].shown["CP1"]["connected"] is False)
        await until(lambda: watchers["overview"].state["totals"]["connected"] == 0)


async def begin(station: Driver) -> None:
    about = {"vendorName": "Acme", "model": "One"}
    await station.ask("BootNotification", {"reason": "PowerUp", "chargingStation": about})
    await station.ask("TransactionEvent", event("Started", 0))
    await station.ask("TransactionEvent", event("Updated", 1))


def event(kind: str, seq_no: int) -> dict[str, Any]:
    power = {
        "value": 7.4,
        "measurand": "Power.Active.Import",
        "unitOfMeasure": {"unit": "kW"},
    }
    return {
        "eventType": kind,
        "timestamp": "2026-11-21T12:00:00Z",
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "tx1"},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [{"timestamp": "2026-11-21T12:00:00Z", "sampledValue": [power]}],
    }


async def test_a_token_is_shown_as_a_sub_protocol_or_in_the_first_message(site: Site) -> None:
    async with connect(
        site.url,
        subprotocols=[Subprotocol("chargeplane.v1"), Subprotocol(f"bearer.{site.token}")],
    ) as client:
        assert client.subprotocol == "chargeplane.v1"
        assert "snapshot" in await say(client, subscribe="a", view="stations")
    async with connect(site.url) as client:
        await client.send(msgspec.json.encode({"token": site.token}).decode())
        assert "snapshot" in await say(client, subscribe="a", view="stations")


async def test_a_browser_of_our_origin_comes_with_its_cookie_and_no_other_does(
    site: Site,
) -> None:
    cookie = {"Cookie": f"{cookies.name_of(Policy())}={site.token}"}
    ours = f"http://127.0.0.1:{site.port}"
    async with connect(site.url, additional_headers=cookie, origin=Origin(ours)) as client:
        assert "snapshot" in await say(client, subscribe="a", view="overview")
    for foreign in ("http://evil.example", "null", "http://127.0.0.1:1", "http://["):
        with pytest.raises(InvalidStatus) as refused:
            await connect(site.url, additional_headers=cookie, origin=Origin(foreign))
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer cp_wrong"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer " + "x" * 2_000},
        {"Cookie": f"{cookies.name_of(Policy())}=cp_wrong"},
    ],
    ids=["unknown", "basic", "long", "cookie"],
)
async def test_a_wrong_token_is_told_and_ends_the_connection(
    site: Site, headers: dict[str, str]
) -> None:
    async with connect(site.url, additional_headers=headers) as client:
        assert await closed_with(client) == ("unauthenticated", 4401)


async def test_a_token_in_the_address_counts_for_nothing(site: Site) -> None:
    async with connect(f"{site.url}?token={site.token}&access_token={site.token}") as client:
        await client.send('{"subscribe":"a","view":"stations"}')
        assert await closed_with(client) == ("unauthenticated", 4401)


async def test_what_is_no_json_is_answered_and_what_is_too_long_ends_the_connection(
    site: Site,
) -> None:
    async with connect(site.url, additional_headers=site.bearer) as client:
        await client.send("{")
        assert (await heard(client))["problem"]["status"] == 400
        await client.send(b"\xff\xfe")
        assert (await heard(client))["problem"]["status"] == 400
        assert "snapshot" in await say(client, subscribe="a", view="stations")
        await client.send("x" * 100_000)
        assert (await closed_with(client))[1] == 1009


async def test_one_user_has_no_more_connections_than_may_be(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = []
    for _ in range(route.CONNECTIONS_MAX):
        client = await connect(site.url, additional_headers=site.bearer)
        assert "snapshot" in await say(client, subscribe="a", view="stations")
        clients.append(client)
    async with connect(site.url, additional_headers=site.bearer) as client:
        assert await closed_with(client) == ("too-many-connections", 4429)
    await clients.pop().close()
    async with asyncio.timeout(WAIT_S):
        while True:  # the server notices the end a moment later
            async with connect(site.url, additional_headers=site.bearer) as client:
                if "snapshot" in await say(client, subscribe="a", view="stations"):
                    break
    for client in clients:
        await client.close()


async def test_a_change_over_rest_is_seen_by_those_who_watch(site: Site) -> None:
    async with connect(site.url, additional_headers=site.bearer) as client:
        await say(client, subscribe="a", view="station", parameters={"id": "CP1"})
        _, secret = await site.accounts.add_token(TENANT_ID, "boss", Role.OPERATOR)
        await patched(site.port, secret)
        message = await heard(client)
        change = {"op": "set", "path": "name", "value": "Yard"}
        assert message["patch"] == [change]


async def patched(port: int, token: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1") as rest:
        answer = await rest.patch(
            "/stations/CP1", json={"name": "Yard"}, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200


async def test_hearts_beat_and_a_revoked_token_ends_the_connection(settings: Settings) -> None:
    clock = SimulatedClock(NOW)
    async with (
        serving(settings, clock) as site,
        connect(site.url, additional_headers=site.bearer) as client,
    ):
        assert "snapshot" in await say(client, subscribe="a", view="stations")
        await clock.advance(route.HEARTBEAT_S)
        assert "heartbeat" in await heard(client)
        assert await site.accounts.remove_token(TENANT_ID, site.token_id)
        await clock.advance(route.RECHECK_S - route.HEARTBEAT_S - 1)
        await clock.advance(2)
        while "problem" not in (message := await heard(client)):
            assert "heartbeat" in message
        assert message["problem"]["status"] == 401


async def test_an_open_stream_keeps_no_session_from_ending(settings: Settings) -> None:
    clock = SimulatedClock(NOW)
    async with serving(settings, clock) as site:
        site.accounts.sessions.policy = Policy(session_idle_s=200)
        ada = await site.accounts.add_user(TENANT_ID, "ada", Role.VIEWER, None)
        token = (await site.accounts.sessions.begin(ada)).token
        async with connect(site.url, additional_headers=bearer_of(token)) as client:
            assert "snapshot" in await say(client, subscribe="a", view="stations")
            message: dict[str, Any] = {"heartbeat": None}
            while "problem" not in message:
                assert "heartbeat" in message
                await clock.advance(route.HEARTBEAT_S)
                message = await heard(client)
            assert message["problem"]["status"] == 401
        assert await site.accounts.authenticate(token) is None


async def test_when_the_server_stops_its_clients_are_told(settings: Settings) -> None:
    async with serving(settings, SystemClock()) as site:
        client = await connect(site.url, additional_headers=site.bearer)
        assert "snapshot" in await say(client, subscribe="a", view="stations")
    await client.wait_closed()
    assert client.close_code == 1012
