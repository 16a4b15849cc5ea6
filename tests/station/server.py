"""The smallest central system behind real sockets: WebSocket and SOAP on one port."""

from __future__ import annotations

import ssl
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from uuid import uuid4

from chargeplane.ocpp import soap
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.family import lift, lower
from chargeplane.ocpp.soap import Service
from chargeplane.ocpp.tolerance import TOLERANT
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request as OcppRequest
from chargeplane.ocpp.wire import Response as OcppResponse
from chargeplane.runtime.links import (
    SUBPROTOCOLS,
    Accept,
    Attempt,
    Ending,
    Link,
    LinkSettings,
    Listener,
    ListenerSettings,
    Refuse,
    Request,
    Response,
)
from chargeplane.station.wires.http_post import http_post
from tests.station.central import Central, Respond


class Server:
    """Serves stations; each has a ``Central`` of its own."""

    def __init__(self, tls: ssl.SSLContext | None = None, link: LinkSettings | None = None) -> None:
        self.tls = tls
        self.centrals: dict[str, Central] = {}
        self.addresses: dict[str, str] = {}
        """Where SOAP stations listen."""
        self.links: dict[str, Link] = {}
        self.remarks: defaultdict[str, set[soap.Remark]] = defaultdict(set)
        """What was odd about the envelopes of SOAP stations."""
        self.passwords: dict[str, str] = {}
        self.is_open = True
        self.refusal = HTTPStatus.SERVICE_UNAVAILABLE
        """What a station is told while it is not open."""
        self.responds: Respond = lambda _: None
        """For the stations that come from now on; see ``Central``."""
        self.subprotocols = SUBPROTOCOLS
        self.port = 0
        settings = ListenerSettings(link=link or LinkSettings())
        self.listener = Listener(
            self._admit, self._opened, respond=self._respond, settings=settings
        )

    @property
    def url(self) -> str:
        return f"ws{'s' if self.tls else ''}://127.0.0.1:{self.port}/ocpp"

    @property
    def soap_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/soap"

    async def _admit(self, attempt: Attempt) -> Accept | Refuse:
        if not self.is_open or attempt.identity is None:
            return Refuse(self.refusal)
        self.passwords[attempt.identity] = attempt.headers.get("Authorization") or ""
        return Accept(attempt.identity, self.subprotocols, default_subprotocol="ocpp1.6")

    def _opened(self, link: Link) -> _Receiver:
        version = Version.of_subprotocol(link.facts.subprotocol or "")
        assert version is not None
        self.links[link.identity] = link
        return _Receiver(link, self.central(link.identity, version))

    def central(self, identity: str, version: Version) -> Central:
        if identity not in self.centrals:
            self.centrals[identity] = Central(version, TOLERANT)
            self.centrals[identity].responds = self.responds
        return self.centrals[identity]

    def ask(self, identity: str, request: OcppRequest) -> None:
        """Over the WebSocket of a station; the answer comes to ``said`` of its central system."""
        self.centrals[identity].ask(request)
        for text in self.centrals[identity].outgoing():
            self.links[identity].send(text)

    async def post(self, identity: str, request: OcppRequest) -> OcppResponse:
        """To the Charge Point service of a station."""
        version = self.centrals[identity].version
        message = lower(request, version).message
        assert isinstance(message, OcppRequest)
        address = self.addresses[identity]
        body = soap.request_envelope(
            message,
            service=Service.CHARGE_POINT,
            charge_box_identity=identity,
            message_id=f"urn:uuid:{uuid4()}",
            to=address,
        )
        answer = await http_post(address, body, [("Content-Type", soap.CONTENT_TYPE)], timeout_s=5)
        response = soap.parse_envelope(answer.body).message()
        assert isinstance(response, OcppResponse)
        lifted = lift(response).message
        assert isinstance(lifted, OcppResponse)
        return lifted

    async def _respond(self, request: Request) -> Response | None:
        if not self.is_open:
            return None
        envelope = soap.parse_envelope(request.body)
        assert envelope.version is not None
        identity = envelope.charge_box_identity or ""
        if envelope.remarks:
            self.remarks[identity] |= envelope.remarks
        central = self.central(identity, envelope.version)
        self.addresses[identity] = envelope.from_address or ""
        message = envelope.message()
        assert isinstance(message, OcppRequest)
        answer = central.answer(message)
        if isinstance(answer, ErrorCode):
            return Response(HTTPStatus.BAD_REQUEST)
        body = soap.response_envelope(
            answer,
            service=Service.CENTRAL_SYSTEM,
            relates_to=envelope.message_id,
            message_id=f"urn:uuid:{uuid4()}",
        )
        return Response(body=body, content_type=soap.CONTENT_TYPE)


class _Receiver:
    def __init__(self, link: Link, central: Central) -> None:
        self._link = link
        self._central = central
        central.open()

    def received(self, text: str) -> None:
        self._central.receive(text)
        for answer in self._central.outgoing():
            self._link.send(answer)

    def closed(self, ending: Ending) -> None:
        self._central.close()


@asynccontextmanager
async def server(
    tls: ssl.SSLContext | None = None, link: LinkSettings | None = None
) -> AsyncIterator[Server]:
    """A central system on a free port."""
    at = Server(tls, link)
    at.port = await at.listener.listen("127.0.0.1", 0, tls)
    try:
        yield at
    finally:
        await at.listener.drain(0.5)
