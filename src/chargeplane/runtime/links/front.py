"""The HTTP front of the station port: one request for each connection, then a link or an answer.

It awaits admission with the peer's address and certificate at hand before it promises anything,
answers SOAP and plain requests on the same port, and hands the socket to the transport of the
listener only once the link is granted. Until then it holds a peer to a deadline and to bounds.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, cast

from chargeplane.runtime.links.admission import Accept, Attempt
from chargeplane.runtime.links.faults import CloseCode
from chargeplane.runtime.links.heads import Head, HttpFault, Request, Response
from chargeplane.runtime.links.identity import IdentityFault, identity_of_target, path_of_target
from chargeplane.runtime.links.intake import Intake, IntakeEnded
from chargeplane.runtime.links.link import Link
from chargeplane.runtime.links.peers import address_of, tls_of
from chargeplane.runtime.links.reading import read_body, read_head
from chargeplane.runtime.links.receivers import LinkFacts
from chargeplane.runtime.links.reception import Reception
from chargeplane.runtime.links.upgrading import (
    REPAIR_SUBPROTOCOL,
    Handshake,
    chosen_subprotocol,
    refuse_pages,
    wanted,
)
from chargeplane.runtime.links.wires import Upgrade

__all__ = ["Front"]

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_FAILED = Response(HTTPStatus.INTERNAL_SERVER_ERROR, b"internal error\n")
_TOO_SLOW = Response(HTTPStatus.REQUEST_TIMEOUT, b"too slow\n")
# How long a connection that was answered may stay open for the peer to read the answer: closing
# while bytes of the peer are unread would make its system throw the answer away. A peer that has
# ended its side sends no more, and is not waited for.
_LINGER_S = 0.5
_UPGRADE_REQUIRED = (("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"))


class Front(asyncio.Protocol):
    """One connection until it is a link, or until it is answered."""

    def __init__(self, reception: Reception, entrance: Any = None) -> None:
        self._reception = reception
        self._entrance = entrance
        self._settings = reception.settings
        self._intake = Intake()
        self._answered = False
        self._held = False
        self._is_late = False
        self.is_made = False
        """Whether there is a connection, or was one."""
        self._source: str | None = None
        """Who was counted before there was a connection."""
        self._trouble: HTTPStatus | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    # What asyncio tells.

    def expect(self, host: str) -> bool:
        """Count a connection before its handshake of TLS; whether there is to be one."""
        self._source = host
        self._trouble = self._reception.arrived(host)
        if self._reception.is_flooded_by(host):
            self.give_up_expecting()
            return False
        return True

    def give_up_expecting(self) -> None:
        """There was no handshake; there will be no connection."""
        assert self._source is not None
        self._reception.left(self._source)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.is_made = True
        self._transport = cast("asyncio.Transport", transport)
        self._peer = address_of(transport)
        self._tls = tls_of(transport)
        if self._source is None:
            self._trouble = self._reception.arrived(self._peer.host)
        else:
            self._peer = self._peer._replace(host=self._source)
        if self._reception.is_flooded_by(self._peer.host):
            self._transport.abort()
            return
        self._reception.silent.add(self._transport)
        # Not asyncio.timeout: that wants a task, which begins with the first bytes. Many stations
        # at once are what this is for, and each turn of a task is a part of what they cost.
        delay_s = self._settings.handshake_timeout_s
        self._deadline = asyncio.get_running_loop().call_later(delay_s, self._expire)

    def data_received(self, data: bytes) -> None:
        if self._answered:
            return  # the rest of a request that was refused
        self._intake.feed(data)
        if self._task is None:
            self._reception.silent.discard(self._transport)
            self._task = self._reception.start(self._serve())
        # Nobody asks for more than this at once: the rest waits with the peer.
        if len(self._intake) > self._settings.head_bytes_max + self._settings.body_bytes_max:
            self._hold()

    def eof_received(self) -> bool:
        self._intake.end()
        # A peer that only reads any more still gets its answer. TLS cannot be half closed.
        return self._tls is None and not self._answered and self._task is not None

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        self._reception.silent.discard(self._transport)
        self._reception.left(self._peer.host)
        self._answered = True
        self._intake.end()
        if self._task is not None:
            self._task.cancel()

    def _expire(self) -> None:
        """The time for the handshake is over."""
        self._is_late = True
        if self._task is not None:
            self._task.cancel()
        elif not self._answered:
            self._reception.silent.discard(self._transport)
            self._answer(_TOO_SLOW)

    def _hold(self) -> None:
        if not self._held:
            self._held = True
            self._transport.pause_reading()

    def _go_on(self) -> None:
        if self._held:
            self._held = False
            self._transport.resume_reading()

    # The conversation.

    async def _serve(self) -> None:
        response: Response | None = _FAILED
        try:
            response = await self._served()
        except HttpFault as fault:
            response = fault.response
        except TimeoutError:
            response = _TOO_SLOW
        except asyncio.CancelledError:
            if not self._is_late:
                raise
            response = _TOO_SLOW
        except IntakeEnded:
            response = None
            self._transport.close()
        finally:
            self._in_time()
            # An error that is not ours to handle travels on; the peer learns that there was one.
            if response is not None and not self._answered:
                self._answer(response)

    async def _served(self) -> Response | None:
        """Do what the peer asks for; what it is answered, if it has no link now."""
        head = await read_head(self._intake, self._settings)
        self._check_room()
        handshake = wanted(head, self._settings)
        if handshake is not None:
            return await self._upgrade(head, handshake)
        request = await self._read_request(head)
        self._in_time()
        async with asyncio.timeout(self._settings.answer_timeout_s):
            return await self._respond(request)

    def _in_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def _check_room(self) -> None:
        if self._trouble is not None:
            raise HttpFault(self._trouble, "too many connections", [("Retry-After", "10")])

    async def _read_request(self, head: Head) -> Request:
        body = b""
        if head.method == "POST":
            refuse_pages(head.headers, self._settings)
            body = await read_body(
                self._intake,
                head.headers,
                self._settings.body_bytes_max,
                lambda: self._transport.write(_CONTINUE),
            )
        elif head.method != "GET":
            raise HttpFault(
                HTTPStatus.METHOD_NOT_ALLOWED, "GET and POST only", [("Allow", "GET, POST")]
            )
        path, query = path_of_target(head.target), head.target.partition("?")[2]
        return Request(
            head.method, path, query, head.headers, body, self._peer, self._tls, self._entrance
        )

    async def _respond(self, request: Request) -> Response:
        response = await self._reception.respond(request)
        if response is not None:
            return response
        if request.method == "GET":
            raise HttpFault(
                HTTPStatus.UPGRADE_REQUIRED, "this is a WebSocket endpoint", _UPGRADE_REQUIRED
            )
        raise HttpFault(HTTPStatus.NOT_FOUND, "nothing here takes a POST")

    def _answer(self, response: Response) -> None:
        self._answered = True
        self._go_on()
        if response.status >= HTTPStatus.BAD_REQUEST:
            self._reception.refusals[response.status.value] += 1
        self._transport.write(response.encoded())
        if self._transport.can_write_eof() and not self._intake.has_ended:
            self._transport.write_eof()
            asyncio.get_running_loop().call_later(_LINGER_S, self._transport.close)
        else:
            self._transport.close()

    async def _upgrade(self, head: Head, handshake: Handshake) -> Response | None:
        """Admit the peer and open its link; the answer to a peer that is refused."""
        try:
            identity = identity_of_target(head.target)
        except IdentityFault as fault:
            raise HttpFault(HTTPStatus.NOT_FOUND, str(fault)) from None
        attempt = Attempt(
            head.target,
            identity,
            head.headers,
            self._peer,
            self._tls,
            handshake.offered,
            self._entrance,
        )
        verdict = await self._reception.admit(attempt)
        if not isinstance(verdict, Accept):
            raise HttpFault(verdict.status, verdict.reason, verdict.headers)
        name = chosen_subprotocol(
            handshake.offered, verdict.subprotocols, verdict.default_subprotocol
        )
        if self._intake.has_ended:
            raise IntakeEnded
        if self._reception.is_draining:
            raise HttpFault(HTTPStatus.SERVICE_UNAVAILABLE, "shutting down")
        self._open(handshake, verdict, name)
        return None

    def _open(self, handshake: Handshake, verdict: Accept, name: str | None) -> None:
        settings = verdict.settings or self._settings.link
        compression = handshake.compression if settings.compression else None
        repairs = handshake.repairs
        if not handshake.offered:
            repairs += (REPAIR_SUBPROTOCOL,)
        headers: list[tuple[str, str]] = []
        if handshake.offered and name is not None:
            headers.append(("Sec-WebSocket-Protocol", name))
        if compression is not None:
            headers.append(("Sec-WebSocket-Extensions", compression.answer))
        facts = LinkFacts(
            verdict.identity, name, self._peer, self._tls, compression, repairs, verdict.context
        )
        link = Link(facts, settings, self._reception.wheel)
        self._answered = True
        self._go_on()
        opened = False
        try:
            wire = self._reception.wire(
                self._transport, Upgrade(handshake.key, tuple(headers)), link
            )
            self._reception.opened(link, wire)
            if name is None:
                # OCPP 2.x Part 4: finish the handshake without the header, then close at once.
                link.close(CloseCode.PROTOCOL_ERROR, "no sub-protocol in common")
            link.begin_reading(self._intake.rest())
            opened = True
        finally:
            if not opened:
                self._transport.abort()
