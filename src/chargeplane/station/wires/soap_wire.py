"""OCPP-S: a client of the Central System service, and a server of the Charge Point service."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from http import HTTPStatus

from chargeplane.ocpp.soap import CONTENT_TYPE
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import (
    Attempt,
    Ending,
    Link,
    Listener,
    Receiver,
    Refuse,
    Request,
    Response,
)
from chargeplane.station.wires.http_post import HttpFailed, http_post
from chargeplane.station.wires.lines import Heard
from chargeplane.station.wires.soap_bridge import Answer, Echo, Post, SoapBridge

__all__ = ["SoapDialer"]

ANSWER_TIMEOUT_S = 30.0
# A gateway whose central system is away, or one that is not up yet: as good as silence.
_NOBODY_SERVES = frozenset(
    {
        HTTPStatus.NOT_FOUND,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
WAITING_MAX = 128
"""Posts that wait for the one under way."""


class SoapDialer:
    """Posts to the central system, and listens for its commands on a port of its own."""

    def __init__(
        self,
        url: str,
        identity: str,
        version: Version,
        *,
        new_id: Callable[[], str],
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        envelope: Callable[[str], str] = lambda text: text,
    ) -> None:
        """Listen to nothing yet.

        Args:
            url: of the Central System service.
            identity: of the station.
            version: 1.2, 1.5 or 1.6.
            new_id: makes the ids of envelopes.
            host: where the station listens; what it announces in its headers.
            port: 0 for any.
            tls: for ``https``; None: the system's trust.
            envelope: may change the envelopes of requests.
        """
        self._envelope = envelope
        self.bridge = SoapBridge(identity, version, url, new_id)
        self._url = url
        self._host, self._port = host, port
        self._tls = tls
        self._listener: Listener | None = None
        self._line: SoapLine | None = None

    async def start(self) -> None:
        """Open the port of the Charge Point service, and know its address from then on."""
        self._listener = Listener(_nobody, _never, respond=self._respond)
        port = await self._listener.listen(self._host, self._port)
        self.bridge.from_address = f"http://{self._host}:{port}/"

    async def stop(self) -> None:
        """Close the port."""
        if self._listener is not None:
            await self._listener.drain(0.5)
            self._listener = None

    async def dial(self, heard: Heard) -> SoapLine:
        """HTTP has no connection to open; the first post will show whether anybody is there."""
        self._line = SoapLine(self._url, self.bridge, heard, self._tls, self._envelope)
        return self._line

    async def _respond(self, request: Request) -> Response | None:
        line = self._line
        if request.method != "POST":
            return None
        if line is None or line.is_over:
            return Response(HTTPStatus.SERVICE_UNAVAILABLE, b"the station is not connected\n")
        answer = await line.requested(request.body, request.headers.get("Content-Encoding"))
        status = HTTPStatus.INTERNAL_SERVER_ERROR if answer.is_fault else HTTPStatus.OK
        return Response(status, answer.body, CONTENT_TYPE)


class SoapLine:
    """As long as posts are answered, there is a connection."""

    def __init__(
        self,
        url: str,
        bridge: SoapBridge,
        heard: Heard,
        tls: ssl.SSLContext | None,
        envelope: Callable[[str], str],
    ) -> None:
        self._envelope = envelope
        self._url = url
        self._bridge = bridge
        self._heard = heard
        self._tls = tls
        self._posts: asyncio.Queue[Post | None] = asyncio.Queue(WAITING_MAX)
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self.is_over = False

    def send(self, text: str) -> None:
        match self._bridge.outgoing(text):
            case Post() as post:
                self._put(post)
            case Echo(text=heard):
                asyncio.get_running_loop().call_soon(self._heard, heard)
            case Answer() as answer:
                waiting = self._answers.pop(answer.message_id, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)

    def close(self) -> None:
        self._put(None)

    def _put(self, post: Post | None) -> None:
        if self._posts.full():  # nobody has answered for long: the connection is no good
            self._posts.get_nowait()
        self._posts.put_nowait(post)

    async def run(self) -> str:
        try:
            while (post := await self._posts.get()) is not None:
                headers = [
                    ("Content-Type", f'{CONTENT_TYPE}; action="{post.action}"'),
                    ("SOAPAction", f'"{post.action}"'),
                ]
                try:
                    body = self._envelope(post.body.decode()).encode()
                    answer = await http_post(
                        self._url, body, headers, timeout_s=ANSWER_TIMEOUT_S, tls=self._tls
                    )
                except HttpFailed as error:
                    return str(error)
                if answer.status in _NOBODY_SERVES:
                    return f"{answer.status}: nobody serves {self._url}"
                self._heard(
                    self._bridge.answered(post.message_id, answer.body, answer.content_encoding)
                )
            return ""
        finally:
            self.is_over = True

    async def requested(self, body: bytes, content_encoding: str | None) -> Answer:
        """Let the station answer a request of the central system."""
        asked = self._bridge.requested(body, content_encoding)
        if isinstance(asked, Answer):
            return asked
        text, message_id = asked
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[message_id] = waiting
        try:
            self._heard(text)
            return await asyncio.wait_for(waiting, ANSWER_TIMEOUT_S)
        finally:
            self._answers.pop(message_id, None)
            self._bridge.forget(message_id)


async def _nobody(_attempt: Attempt) -> Refuse:
    """A station is no WebSocket server."""
    return Refuse(HTTPStatus.NOT_FOUND, reason="this is a SOAP service")


class _Nothing:
    def received(self, text: str) -> None:
        """Nobody is ever admitted."""

    def closed(self, ending: Ending) -> None:
        """Nobody is ever admitted."""


def _never(_link: Link) -> Receiver:
    return _Nothing()
