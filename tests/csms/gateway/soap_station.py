"""A station that speaks SOAP: it posts requests, and listens for those of the central system."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

import httpx

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.gateway.admission import Admission
from chargeplane.csms.gateway.desk import Desk
from chargeplane.csms.gateway.soap import SoapEndpoint
from chargeplane.csms.gateway.soap_stations import SoapStations
from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.codec import build, payload_of
from chargeplane.ocpp.soap import (
    CONTENT_TYPE,
    Envelope,
    Service,
    parse_envelope,
    request_envelope,
    response_envelope,
)
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.runtime import links
from chargeplane.runtime.settings import UnknownStations
from chargeplane.runtime.store import Function, frames, new_id
from tests.csms.making import TENANT_ID
from tests.waiting import until

__all__ = ["PASSWORD", "SoapSite", "SoapStation", "fault_of", "quiet", "serving"]

PASSWORD = b"0123456789abcdef0123"


class SoapSite:
    """The central system with its SOAP endpoint."""

    def __init__(
        self,
        central: CentralSystem,
        *,
        loopback_allowed: bool = True,
        stations_max: int = 100,
        unknown: UnknownStations = UnknownStations.REFUSE,
        min_security_profile: int = 0,
    ) -> None:
        self.gateway = central.gateway
        self.stations = SoapStations(
            self.gateway, loopback_allowed=loopback_allowed, stations_max=stations_max
        )
        self.admission = Admission(
            self.gateway.store,
            self.gateway.clock,
            unknown=unknown,
            min_security_profile=min_security_profile,
        )
        self.desk = Desk(self.gateway, central.blocks, self.stations)
        self.endpoint = SoapEndpoint(self.gateway, self.admission, self.stations)
        central.listener.reception.respond = self.endpoint
        self.port = 0

    def is_connected(self, station_id: str) -> bool:
        return self.gateway.is_connected(TENANT_ID, station_id)

    async def settled(self) -> None:
        """What nobody waits for is in the store."""
        self.gateway.tray.flush()
        await self.gateway.store.write(Function(lambda _: None))

    async def recorded(self, station_id: str = "S1") -> list[frames.Frame]:
        """What the flight recorder has of a station, the oldest first."""
        await self.settled()
        look = partial(frames.recent, tenant_id=TENANT_ID, station_id=station_id, count_max=99)
        return [*reversed(await self.gateway.store.read(look))]


class SoapStation:
    """One station. Its own service answers with what ``answers`` has for an action."""

    def __init__(self, port: int, identity: str, version: Version) -> None:
        self.url = f"http://127.0.0.1:{port}/soap"
        self.identity = identity
        self.version = version
        self.address: str | None = None
        self.answers: dict[str, Any] = {}
        """By action: a payload, an HTTP response, or a function of the request."""
        self.asked: list[Envelope] = []
        self.heard = asyncio.Event()
        self.http: httpx.AsyncClient

    def envelope(
        self, action: str, payload: dict[str, Any], message_id: str | None = None
    ) -> bytes:
        found = find(self.version, action)
        assert found is not None
        request = build(found.request, payload)
        assert isinstance(request, Request)
        return request_envelope(
            request,
            service=Service.CENTRAL_SYSTEM,
            charge_box_identity=self.identity,
            message_id=message_id or f"urn:uuid:{new_id()}",
            to=self.url,
            from_address=self.address,
        )

    async def post(self, body: bytes, url: str | None = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(
            url or self.url, content=body, headers={"Content-Type": CONTENT_TYPE} | named
        )

    async def ask(
        self, action: str, payload: dict[str, Any], message_id: str | None = None
    ) -> dict[str, Any]:
        """The payload of the answer."""
        answer = await self.post(self.envelope(action, payload, message_id))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == CONTENT_TYPE
        found: dict[str, Any] = payload_of(parse_envelope(answer.content).message())
        return found

    async def serve(self, request: links.Request) -> links.Response:
        """A request of the central system."""
        envelope = parse_envelope(request.body, request.headers.get("Content-Encoding"))
        self.asked.append(envelope)
        self.heard.set()
        assert envelope.action is not None
        said = self.answers[envelope.action.name]
        if callable(said):
            said = await said(request)
        if isinstance(said, links.Response):
            return said
        assert envelope.action.response is not None
        return links.Response(
            body=self.answer(envelope, build(envelope.action.response, said)),
            content_type=CONTENT_TYPE,
        )

    def answer(self, envelope: Envelope, response: Any) -> bytes:
        assert isinstance(response, Response)
        return response_envelope(
            response,
            service=Service.CHARGE_POINT,
            relates_to=envelope.message_id,
            message_id=f"urn:uuid:{new_id()}",
        )


async def _nobody(_: links.Attempt) -> links.Refuse:
    return links.Refuse(HTTPStatus.NOT_FOUND)


def _never(link: links.Link) -> links.Receiver:
    raise AssertionError(link)


@asynccontextmanager
async def serving(
    port: int, identity: str, version: Version = Version.V1_6, host: str = "127.0.0.1"
) -> AsyncIterator[SoapStation]:
    """A station whose own service listens, and whose messages say where.

    It always connects from 127.0.0.1.
    """
    station = SoapStation(port, identity, version)
    listener = links.Listener(_nobody, _never, respond=station.serve)
    own_port = await listener.listen(host, 0)
    station.address = f"http://{host}:{own_port}/cp?box=1"
    async with httpx.AsyncClient(trust_env=False, timeout=10) as station.http:
        yield station
    await quiet(listener)
    await listener.drain()


async def quiet(listener: links.Listener) -> None:
    """No connection is left: who was answered has read it and hung up."""
    await until(lambda: not listener.reception.connections)


def fault_of(answer: httpx.Response) -> tuple[int, str, str | None]:
    """The status of an HTTP answer, and the code and subcode of the fault in it."""
    fault = parse_envelope(answer.content).fault
    assert fault is not None, answer.text
    return answer.status_code, fault.code.value, fault.subcode
