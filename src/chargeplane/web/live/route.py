"""``GET /api/v1/stream``: the socket of the live stream, and who may open it.

Whoever asks shows a token: in ``Authorization``, in the cookie of a session, as a sub-protocol
``bearer.<token>`` beside ``chargeplane.v1``, or in the first message; never in the address, which
is logged on its way. A page of another origin is turned away whatever it shows.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.handlers import WebsocketRouteHandler

from chargeplane.runtime.access import Policy
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import Authenticate, Principal, Problem
from chargeplane.runtime.store import StoreError
from chargeplane.web.authentication import is_same_origin
from chargeplane.web.live.connection import Connection, problem_message, read
from chargeplane.web.live.hub import Hub
from chargeplane.web.live.outbox import Outbox
from chargeplane.web.live.tokens import checked, token_of

__all__ = ["CONNECTIONS_MAX", "SUBPROTOCOL", "Stream", "stream_handler"]

SUBPROTOCOL = "chargeplane.v1"
CONNECTIONS_MAX = 20
"""Of one user or token at a time."""
TOKEN_S_MAX = 10.0
"""So long a client may take to show its token."""
HEARTBEAT_S = 15.0
RECHECK_S = 30.0
"""So often it is looked up whether a token is still good."""
# Codes of closing, after those of HTTP.
_UNAUTHENTICATED, _TOO_MANY, _UNAVAILABLE = 4401, 4429, 1013

Socket = WebSocket[Any, Any, State]


class _Gone(Exception):
    """The client has closed the socket, or lost it."""


class Stream:
    """Serves the sockets of the live stream."""

    def __init__(
        self,
        hub: Hub,
        authenticate: Authenticate,
        clock: Clock,
        policy: Policy | None = None,
        connections_max: int = CONNECTIONS_MAX,
        recognise: Authenticate | None = None,
    ) -> None:
        """``recognise`` looks a token up again without using it: a stream keeps no session."""
        self._hub = hub
        self._policy = policy or Policy()
        self._authenticate = authenticate
        self._recognise = recognise or authenticate
        self._clock = clock
        self._connections_max = connections_max
        self._open: Counter[UUID] = Counter()

    async def serve(self, socket: Socket) -> None:
        """One client, from its first word to its last."""
        if not is_same_origin(socket, self._policy):
            await socket.close(code=1008)  # before it was accepted: 403
            return
        offered = socket.scope.get("subprotocols", [])
        await socket.accept(subprotocols=SUBPROTOCOL if SUBPROTOCOL in offered else None)
        with suppress(_Gone, OSError):
            try:
                token = token_of(socket, offered, self._policy)
                token = token or await self._first_token(socket)
                principal = await self._authenticate(token)
            except Problem as problem:
                await _refuse(socket, problem, _UNAUTHENTICATED)
                return
            except StoreError:
                away = Problem("store-unavailable", 503, "The database does not answer")
                await _refuse(socket, away, _UNAVAILABLE)
                return
            if principal is None:
                await _refuse(socket, _unknown(), _UNAUTHENTICATED)
                return
            await self._talk(socket, token, principal)

    async def _first_token(self, socket: Socket) -> str:
        """The token in the first message."""
        try:
            async with asyncio.timeout(TOKEN_S_MAX):
                said = read(await _heard(socket))
        except TimeoutError as late:
            raise Problem.unauthenticated("no token was shown") from late
        if not isinstance(said.token, str):
            raise Problem.unauthenticated("the first message must show a token")
        return checked(said.token)

    async def _talk(self, socket: Socket, token: str, principal: Principal) -> None:
        if self._open[principal.id] >= self._connections_max:
            status = HTTPStatus.TOO_MANY_REQUESTS
            detail = f"{self._connections_max} of one user are the most"
            problem = Problem("too-many-connections", status, "Too many connections", detail)
            await _refuse(socket, problem, _TOO_MANY)
            return
        self._open[principal.id] += 1
        outbox = Outbox()
        connection = Connection(self._hub, principal, outbox)
        watch = asyncio.create_task(self._watch(token, principal))
        tasks = {
            watch,
            asyncio.create_task(_listen(socket, connection)),
            asyncio.create_task(_tell(socket, outbox)),
            asyncio.create_task(self._beat(connection)),
        }
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            connection.close()
            self._open[principal.id] -= 1
            self._open += Counter()  # forgets who has none
        for task in ended:
            task.result()
        if watch in ended:
            await _refuse(socket, _unknown(), _UNAUTHENTICATED)

    async def _watch(self, token: str, principal: Principal) -> None:
        """Ends when the token is no longer good for what it was."""
        while True:
            await self._clock.sleep(RECHECK_S)
            with suppress(StoreError):  # the database is away; it will be asked again
                if await self._recognise(token) != principal:
                    return

    async def _beat(self, connection: Connection) -> None:
        while True:
            await self._clock.sleep(HEARTBEAT_S)
            connection.beat(self._clock.now())


def stream_handler(
    hub: Hub,
    authenticate: Authenticate,
    clock: Clock,
    policy: Policy,
    path: str,
    recognise: Authenticate | None = None,
) -> WebsocketRouteHandler:
    """The route of the live stream."""
    serving = Stream(hub, authenticate, clock, policy, recognise=recognise)

    @websocket(path)
    async def stream(socket: Socket) -> None:
        await serving.serve(socket)

    return stream


async def _listen(socket: Socket, connection: Connection) -> None:
    while True:
        await connection.receive(await _heard(socket))
        await connection.outbox.room()


async def _tell(socket: Socket, outbox: Outbox) -> None:
    while True:
        await socket.send_data((await outbox.next()).decode())


async def _heard(socket: Socket) -> str | bytes:
    message = await socket.receive()
    if message["type"] == "websocket.receive":
        return message.get("text") or message.get("bytes") or ""
    raise _Gone


async def _refuse(socket: Socket, problem: Problem, code: int) -> None:
    await socket.send_data(problem_message(None, problem).decode())
    await socket.close(code=code, reason=problem.slug)


def _unknown() -> Problem:
    return Problem.unauthenticated("the token is unknown, revoked or expired")
