"""Requests to SOAP stations: one HTTP POST each, to where ``soap_routes`` allows.

One at a time for each station, each with a time and a size that its answer may have. No redirect is
followed, no proxy of the environment is used, and no connection is kept. Nothing is tried twice.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from chargeplane.csms.gateway.conversation import Ended
from chargeplane.csms.gateway.soap_conversation import SoapConversation, new_message_id
from chargeplane.csms.gateway.soap_reading import LIMITS, message_of, oddities, read_letter
from chargeplane.csms.gateway.soap_routes import NoRoute, Route, route_of
from chargeplane.csms.soap_host import soap_host_of
from chargeplane.ocpp.catalogue import action_of
from chargeplane.ocpp.errors import ErrorCode, LocalError, RemoteError
from chargeplane.ocpp.events import Abandoned, Answered, Failed, Refused, TimedOut
from chargeplane.ocpp.soap import CONTENT_TYPE, Envelope, EnvelopeError, Service, request_envelope
from chargeplane.ocpp.tolerance import Repair
from chargeplane.ocpp.wire import Request, Response
from chargeplane.runtime.store import StoreError, new_id
from chargeplane.runtime.store.frames import Direction

if TYPE_CHECKING:
    import httpx

    from chargeplane.csms.gateway.gateway import Gateway

__all__ = ["SoapCalls"]

_log = logging.getLogger(__name__)


class _Reply(NamedTuple):
    """What a station's HTTP server has said."""

    status: int
    content_encoding: str | None
    body: bytes


class _NotSent(Exception):
    """No connection to the station could be made."""


class _BrokenOff(Exception):
    """The station was reached, and did not answer."""


class SoapCalls:
    """Calls stations."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        loopback_allowed: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Call nobody yet.

        Args:
            gateway: for its limits, its clock, its record and its meter.
            loopback_allowed: whether stations may be on this machine; see ``soap_routes``.
            tls: whom to trust; None: the usual authorities.
        """
        self._gateway = gateway
        self._loopback_allowed = loopback_allowed
        self._tls = tls
        self._client: httpx.AsyncClient | None = None

    async def ask(self, conversation: SoapConversation, request: Request) -> Ended:
        """Send a request of the station's version; how it ends.

        Raises:
            LocalError: it cannot be sent, or too many wait already.
        """
        message_id = new_message_id()
        if conversation.calls_waiting > self._gateway.limits.calls_waiting_max:
            raise LocalError(ErrorCode.GENERIC_ERROR, "too many requests wait to be sent")
        conversation.calls_waiting += 1
        try:
            async with conversation.calling:
                route = await self._route(conversation)
                if conversation.has_ended:
                    return Abandoned(message_id, request, False)
                body = request_envelope(
                    request,
                    service=Service.CHARGE_POINT,
                    charge_box_identity=conversation.station.id,
                    message_id=message_id,
                    to=route.announced,
                )
                return await self._call(conversation, route, _Call(message_id, request, body))
        finally:
            conversation.calls_waiting -= 1

    async def _route(self, conversation: SoapConversation) -> Route:
        """Where the station may be called now: an operator may have changed it a moment ago.

        Raises:
            LocalError: nowhere, or the store does not say.
        """
        station = conversation.station
        look = partial(soap_host_of, tenant_id=station.tenant_id, station_id=station.id)
        try:
            return route_of(
                conversation.address,
                station.remote_host,
                await self._gateway.store.read(look),
                loopback_allowed=self._loopback_allowed,
            )
        except StoreError as error:
            reason = f"what is registered of the station cannot be read: {error}"
            raise LocalError(ErrorCode.GENERIC_ERROR, reason) from error
        except NoRoute as no:
            self._gateway.meter.call_refused(no.slug)
            _log.warning("the station cannot be called: %s", no, extra={"station_id": station.id})
            raise LocalError(ErrorCode.GENERIC_ERROR, str(no)) from no

    async def _call(self, conversation: SoapConversation, route: Route, call: _Call) -> Ended:
        gateway, station = self._gateway, conversation.station
        message_id, request = call.message_id, call.request
        text = call.body.decode()
        conversation.record(Direction.SENT, new_id(), gateway.clock.now(), text, message_id)
        try:
            async with asyncio.timeout(gateway.limits.call_timeout_s):
                reply = await self._post(route, call)
        except TimeoutError:
            return TimedOut(message_id, request)
        except (_NotSent, _BrokenOff) as error:
            _log.info("asked at %s: %s", route.url, error, extra={"station_id": station.id})
            return Abandoned(message_id, request, isinstance(error, _BrokenOff))
        except RemoteError as error:
            return Failed(message_id, request, error)
        if conversation.has_ended:  # what it says belongs to an old epoch
            return Abandoned(message_id, request, True)
        return self._read(conversation, call, reply)

    async def _post(self, route: Route, call: _Call) -> _Reply:
        """The answer of a station's HTTP server, with its body as it came.

        Raises:
            _NotSent, _BrokenOff: there is none.
            RemoteError: it is too long.
        """
        # To import it takes longer than the rest of a start, and few systems have such stations.
        import httpx  # noqa: PLC0415

        client = self._client = self._client or httpx.AsyncClient(
            verify=True if self._tls is None else self._tls,
            trust_env=False,
            follow_redirects=False,
            timeout=None,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Accept-Encoding": "gzip, deflate",
            "SOAPAction": f'"/{action_of(type(call.request)).name}"',
            "User-Agent": "chargeplane",
        }
        post = client.stream("POST", route.url, content=call.body, headers=headers)
        try:
            async with post as response:
                body = bytearray()
                # Raw: inflating is done by who keeps to bounds.
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > LIMITS.body_bytes_max:
                        reason = f"the answer has more than {LIMITS.body_bytes_max} bytes"
                        raise RemoteError(ErrorCode.FORMAT_VIOLATION, reason)
                coding = response.headers.get("Content-Encoding")
                return _Reply(response.status_code, coding, bytes(body))
        except (httpx.ConnectError, httpx.UnsupportedProtocol) as error:
            raise _NotSent(f"no connection: {error}") from error
        except httpx.HTTPError as error:
            raise _BrokenOff(f"no answer: {error!r}") from error

    def _read(self, conversation: SoapConversation, call: _Call, reply: _Reply) -> Ended:
        gateway, message_id, request = self._gateway, call.message_id, call.request
        now = gateway.clock.now()
        conversation.is_alive(now)
        if 300 <= reply.status < 400:
            reason = f"HTTP {reply.status}: the station points elsewhere, which is not followed"
            return Failed(message_id, request, RemoteError(ErrorCode.PROTOCOL_ERROR, reason))
        try:
            letter = read_letter(reply.body, reply.content_encoding)
        except EnvelopeError as error:
            gateway.meter.malformed(error.code)
            reason = f"HTTP {reply.status}: {error.description}"
            return Failed(message_id, request, RemoteError(error.code, reason))
        envelope = letter.envelope
        frame_id = new_id()
        conversation.record(Direction.RECEIVED, frame_id, now, letter.text, message_id)
        if envelope.fault is not None:
            said = envelope.fault.error()
            return Refused(message_id, request, said.code, said.description, said.details)
        try:
            response, repairs = self._response(request, envelope)
        except RemoteError as error:
            gateway.meter.malformed(error.code)
            return Failed(message_id, request, error)
        for name in oddities(envelope, repairs):
            gateway.repaired(conversation.station, name, now, frame_id)
        return Answered(message_id, request, response, repairs)

    def _response(
        self, request: Request, envelope: Envelope
    ) -> tuple[Response, tuple[Repair, ...]]:
        """The answer to a request.

        Raises:
            RemoteError: it is none.
        """
        expected = action_of(type(request)).response
        if envelope.expected is not expected:
            what = envelope.wsa_action.strip("/")[:80]
            raise RemoteError(ErrorCode.PROTOCOL_ERROR, f"{what} is no answer to the request")
        response, repairs = message_of(envelope, self._gateway.tolerance)
        assert isinstance(response, Response)
        return response, repairs

    async def close(self) -> None:
        """Let go of the client."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


class _Call(NamedTuple):
    """A request on its way."""

    message_id: str
    request: Request
    body: bytes
