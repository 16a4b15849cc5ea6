"""``Idempotency-Key``: a POST that is repeated, because its answer was lost, does nothing twice.

A key belongs to a tenant. The first request under it claims it in the database, so that every node
sees the claim, and leaves its answer there for 24 hours. From then on:

* the same request gets the same answer again, with ``Idempotency-Replayed: true``;
* another request under the same key gets 422;
* a repetition while the first is at work gets 409. The claim of a node that died ends after
  ``CLAIM_S_MAX``;
* an error of ours (5xx) is not kept: the repetition is tried anew.

The answer is stored before it is sent, in a commit after that of the work itself. If the program
dies between the two, a repetition is carried out again once the claim has ended. What must not
happen twice even then (money) has a natural key of its own besides.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import UUID, uuid4

from litestar.connection import Request
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from sqlalchemy import ColumnElement, Connection, delete, update

from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest.principals import Principal
from chargeplane.runtime.rest.problems import MEDIA_TYPE, Problem
from chargeplane.runtime.store import Function, Store, StoreError, idempotency, tenants
from chargeplane.runtime.store.idempotency import Answer, idempotency_keys

__all__ = ["SECRET_ANSWER", "Idempotency", "forget_expired"]

_log = logging.getLogger(__name__)

SECRET_ANSWER = {"secret_answer": True}
"""``opt`` of a handler whose answer holds a secret: it is never stored and not repeated."""

KEY_CHARACTERS_MAX = 255
KEPT_S = 24 * 3600.0
CLAIM_S_MAX = 300.0
"""The longest that a request may be at work; after it, its key is free again."""
ANSWER_BYTES_MAX = 1_000_000
PRUNE_ROWS_MAX = 1_000
_CLAIMED = 0  # no HTTP status


class Idempotency(ASGIMiddleware):
    """Looks at every POST with the header; all others pass untouched."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request[Principal, str, State] = Request(scope, receive)
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method != "POST" or "user" not in scope:
            await next_app(scope, receive, send)
            return
        if not key or len(key) > KEY_CHARACTERS_MAX or not key.isascii() or not key.isprintable():
            raise Problem.of_field(
                "Idempotency-Key", f"1 to {KEY_CHARACTERS_MAX} printable ASCII characters"
            )
        is_secret = bool(scope["route_handler"].opt.get("secret_answer"))
        claim = await self._claim(request, key)
        counts = await self._store.write(_Remember(claim, self._clock.now()))
        if counts == claim:
            await self._carry_out(claim, is_secret, (scope, receive, send), next_app)
        else:
            await _repeat(counts, claim, is_secret, send)

    async def _claim(self, request: Request[Principal, str, State], key: str) -> Answer:
        """The claim has a name of its own in place of the answer's body."""
        digest = hashlib.sha256()
        for part in (str(request.url), str(request.user.id), request.headers.get("Content-Type")):
            digest.update(f"{part}\0".encode(errors="surrogatepass"))
        digest.update(await request.body())
        ends_at = self._clock.now() + timedelta(seconds=CLAIM_S_MAX)
        tenant_id = request.user.tenant_id
        return Answer(tenant_id, key, digest.hexdigest(), _CLAIMED, str(uuid4()), ends_at)

    async def _carry_out(
        self, claim: Answer, is_secret: bool, call: tuple[Scope, Receive, Send], next_app: ASGIApp
    ) -> None:
        scope, receive, send = call
        held = _Held(send)
        try:
            await next_app(scope, receive, held)
        finally:
            await self._settle(claim, held, is_secret)
        await held.release()

    async def _settle(self, claim: Answer, held: _Held, is_secret: bool) -> None:
        """Put the answer in the place of the claim, or give the key back."""
        try:
            if held.status is None or held.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                await self._store.write(Function(lambda connection: _give_back(connection, claim)))
                return
            kept_until = self._clock.now() + timedelta(seconds=KEPT_S)
            status, body = held.kept()
            if is_secret and status < HTTPStatus.BAD_REQUEST:
                body = ""
            answer = claim._replace(status=status, body=body, expires_at=kept_until)
            await self._store.write(Function(lambda connection: _keep(connection, claim, answer)))
        except StoreError as error:
            # The work is done, so its answer goes out; the key stays claimed until the claim ends.
            _log.warning("the answer under an idempotency key was not kept: %s", error)


class _Remember:
    """The unit that claims a key; safe to apply twice, since each claim has a name of its own."""

    def __init__(self, claim: Answer, now: datetime) -> None:
        self._claim = claim
        self._now = now

    def apply(self, connection: Connection) -> Answer:
        return idempotency.remember(connection, self._claim, self._now)


class _Held:
    """Takes an answer in, and sends it on when it may go out."""

    def __init__(self, send: Send) -> None:
        self.status: int | None = None
        self._send = send
        self._messages: list[Message] = []
        self._body = bytearray()
        self._is_long = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self._body += message["body"]
        self._messages.append(message)
        if self._is_long or len(self._body) > ANSWER_BYTES_MAX:
            self._is_long = True
            self._body.clear()
            await self.release()

    def kept(self) -> tuple[int, str]:
        """Status and body to keep. Of an answer that is too long, the problem of its repetition."""
        if self.status is not None and not self._is_long:
            return self.status, self._body.decode()
        detail = "the first request was carried out; its answer was too long to be repeated"
        problem = Problem.conflict("answer-not-kept", detail)
        return problem.status, problem.encoded().decode()

    async def release(self) -> None:
        """Send what was held back."""
        messages, self._messages = self._messages, []
        for message in messages:
            await self._send(message)


async def _repeat(counts: Answer, claim: Answer, is_secret: bool, send: Send) -> None:
    """Answer from what is stored under the key."""
    if counts.request_digest != claim.request_digest:
        raise Problem(
            "idempotency-key-reused",
            422,
            "The idempotency key belongs to another request",
            "use a new key for a new request",
        )
    if counts.status == _CLAIMED:
        problem = Problem.conflict("request-in-flight", "the first request is still at work")
        problem.headers = {"Retry-After": "1"}
        raise problem
    if is_secret and counts.status < HTTPStatus.BAD_REQUEST:
        raise Problem.conflict(
            "answer-not-kept",
            "the first request was carried out; its answer held a secret, which is shown only once",
        )
    is_problem = counts.status >= HTTPStatus.BAD_REQUEST
    headers = [
        (b"content-type", (MEDIA_TYPE if is_problem else "application/json").encode()),
        (b"content-length", str(len(counts.body.encode())).encode()),
        (b"idempotency-replayed", b"true"),
    ]
    await send({"type": "http.response.start", "status": counts.status, "headers": headers})
    await send({"type": "http.response.body", "body": counts.body.encode(), "more_body": False})


def _keep(connection: Connection, claim: Answer, answer: Answer) -> None:
    connection.execute(
        update(idempotency_keys)
        .where(*_is_claim(claim))
        .values(status=answer.status, body=answer.body, expires_at=answer.expires_at)
    )


def _give_back(connection: Connection, claim: Answer) -> None:
    connection.execute(delete(idempotency_keys).where(*_is_claim(claim)))


def _is_claim(claim: Answer) -> tuple[ColumnElement[bool], ...]:
    table = idempotency_keys.c
    return (
        table.tenant_id == claim.tenant_id,
        table.key == claim.key,
        table.status == _CLAIMED,
        table.body == claim.body,
    )


async def forget_expired(store: Store, clock: Clock, every_s: float = 3600.0) -> None:
    """Delete expired answers of all tenants, again and again, until it is cancelled."""
    while True:
        try:
            for tenant_id in await store.read(tenants.known):
                await _forget(store, tenant_id, clock.now())
        except StoreError as error:
            _log.warning("expired idempotency keys stay for now: %s", error)
        await clock.sleep(every_s)


async def _forget(store: Store, tenant_id: UUID, now: datetime) -> None:
    def step(connection: Connection) -> int:
        return idempotency.prune(connection, tenant_id, now=now, step_max=PRUNE_ROWS_MAX)

    while await store.write(Function(step)) == PRUNE_ROWS_MAX:
        _log.debug("a step of %d expired idempotency keys is gone", PRUNE_ROWS_MAX)
