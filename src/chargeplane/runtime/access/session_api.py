"""The routes of sessions: logging in, looking at one's own, logging out, the set-up link."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

from chargeplane.runtime.access import cookies
from chargeplane.runtime.access.accounts import Accounts, NameTaken
from chargeplane.runtime.access.attempts import Attempts, LogInAttempts
from chargeplane.runtime.access.challenges import Challenges
from chargeplane.runtime.access.credentials import fault_of_password
from chargeplane.runtime.access.factors import Factors
from chargeplane.runtime.access.first_start import set_up
from chargeplane.runtime.access.passkeys import PasskeyRefused, Passkeys
from chargeplane.runtime.access.policy import Caller
from chargeplane.runtime.access.session_views import (
    Challenge,
    LogIn,
    OpenSession,
    PasskeyChallenge,
    PasskeyLogIn,
    SessionView,
    SetUp,
)
from chargeplane.runtime.access.sessions import SecondFactorNeeded, Session, csrf_token
from chargeplane.runtime.access.tables import ApiToken
from chargeplane.runtime.access.views import UserView, user_view
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import (
    PUBLIC,
    SECRET_ANSWER,
    SITED,
    FieldFault,
    Injected,
    Page,
    Principal,
    Problem,
    requires,
)
from chargeplane.runtime.store import tenants

__all__ = ["HANDLERS", "AnyRequest", "answer_of", "caller_of", "counted"]

AnyRequest = Request[Any, Any, State]


@post("/sessions", opt=PUBLIC | SECRET_ANSWER, summary="Log in")
async def log_in(
    data: JSONBody[LogIn],
    request: AnyRequest,
    accounts: Injected[Accounts],
    attempts: Injected[LogInAttempts],
    factors: Injected[Factors],
) -> Response[SessionView]:
    """Exchange name and password for a token, or a cookie, that ends by itself."""
    caller = caller_of(request, accounts)
    code = data.code
    proof = None if code is None else (lambda user: factors.proves(user, code))
    async with counted(accounts, attempts, caller.source, data.name, data.tenant_id) as attempt:
        try:
            session = await accounts.sessions.log_in(
                data.tenant_id, data.name, data.password, caller, proof
            )
        except SecondFactorNeeded as error:
            attempt.is_good = True
            raise _second_factor_needed() from error
        if session is None:
            raise Problem.unauthenticated("name, password or code is wrong")
        attempt.is_good = True
    return answer_of(session, accounts, as_cookie=data.cookie)


@post("/sessions/passkey/options", opt=PUBLIC | SECRET_ANSWER, summary="Begin with a passkey")
async def offer_passkey(
    data: JSONBody[PasskeyChallenge],
    request: AnyRequest,
    accounts: Injected[Accounts],
    offers: Injected[Attempts],
    passkeys: Injected[Passkeys],
    clock: Injected[Clock],
) -> Challenge:
    """A challenge for any passkey of this installation."""
    source, now_s = caller_of(request, accounts).source, clock.monotonic_s()
    _refuse(offers.wait_s(source, now_s))
    offers.failed(source, now_s)
    word, options = await passkeys.offer_log_in(data.tenant_id)
    return Challenge(word, options)


@post("/sessions/passkey", opt=PUBLIC | SECRET_ANSWER, summary="Log in with a passkey")
async def log_in_with_passkey(
    data: JSONBody[PasskeyLogIn],
    request: AnyRequest,
    accounts: Injected[Accounts],
    attempts: Injected[LogInAttempts],
    passkeys: Injected[Passkeys],
) -> Response[SessionView]:
    """Log in with what the authenticator has answered. No password is needed."""
    caller = caller_of(request, accounts)
    async with counted(accounts, attempts, caller.source, "", data.tenant_id) as attempt:
        try:
            user_id = await passkeys.log_in(data.tenant_id, data.challenge, data.credential)
        except PasskeyRefused as error:
            raise Problem.unauthenticated("the passkey was not accepted") from error
        user = await accounts.user(data.tenant_id, user_id)
        if user is None:
            raise Problem.unauthenticated("the passkey was not accepted")
        attempt.is_good = True
    return answer_of(await accounts.sessions.begin(user, caller), accounts, as_cookie=data.cookie)


@get("/sessions", guards=[requires("me:read")], opt=SITED, summary="List one's own sessions")
async def list_sessions(
    accounts: Injected[Accounts], principal: Injected[Principal]
) -> Page[OpenSession]:
    """Where the user who asks is logged in, the newest first. A token has no sessions."""
    found = await accounts.sessions.open(principal.tenant_id, principal.id)
    return Page([_shown(each, principal) for each in found], None)


@delete(
    "/sessions/current", guards=[requires("me:read")], opt=SITED, status_code=204, summary="Log out"
)
async def log_out(accounts: Injected[Accounts], principal: Injected[Principal]) -> Response[None]:
    """End the session that this request belongs to."""
    if principal.session_id is None:
        raise Problem.conflict("no-session", "an API token is revoked, not logged out")
    await accounts.sessions.end(principal.tenant_id, principal.id, principal.session_id)
    return Response(None, status_code=204, cookies=[cookies.ended(accounts.sessions.policy)])


@delete(
    "/sessions/{session_id:uuid}",
    guards=[requires("me:read")],
    opt=SITED,
    summary="End one of one's own sessions",
)
async def end_session(
    session_id: FromPath[UUID], accounts: Injected[Accounts], principal: Injected[Principal]
) -> None:
    """Log out elsewhere."""
    if not await accounts.sessions.end(principal.tenant_id, principal.id, session_id):
        raise Problem.not_found("session", session_id)


@post("/setup", opt=PUBLIC | SECRET_ANSWER, summary="Set the installation up")
async def set_up_installation(
    data: JSONBody[SetUp],
    request: AnyRequest,
    accounts: Injected[Accounts],
    attempts: Injected[LogInAttempts],
    challenges: Injected[Challenges],
) -> UserView:
    """Make the first administrator, with the link that the first start has shown. It works once."""
    if fault := fault_of_password(data.password):
        raise Problem.invalid(FieldFault("password", fault))
    async with counted(accounts, attempts, caller_of(request, accounts).source) as attempt:
        try:
            user = await set_up(accounts, challenges, data.token, data.name, data.password)
        except NameTaken as error:
            raise Problem.conflict("set-up-already", "there are users already") from error
        if user is None:
            raise Problem.forbidden("the link is wrong, was used, or is too old; start again")
        attempt.is_good = True
    return user_view(user)


HANDLERS = (
    log_in, offer_passkey, log_in_with_passkey, list_sessions, log_out, end_session,
    set_up_installation,
)  # fmt: skip


def caller_of(request: AnyRequest, accounts: Accounts) -> Caller:
    """Who holds the other end, told by the connection and by trusted proxies."""
    peer = request.client.host if request.client else ""
    return accounts.sessions.policy.caller(peer, request.headers)


def answer_of(session: Session, accounts: Accounts, *, as_cookie: bool) -> Response[SessionView]:
    """A session as whoever has logged in gets it."""
    user = session.user
    view = SessionView(
        "" if as_cookie else session.token,
        user.name,
        user.role,
        session.expires_at,
        csrf_token(session.token),
    )
    policy = accounts.sessions.policy
    return Response(view, cookies=[cookies.begun(policy, session.token)] if as_cookie else [])


class _Counted:
    """An attempt, which has failed unless something says otherwise."""

    is_good = False


@asynccontextmanager
async def counted(
    accounts: Accounts,
    attempts: LogInAttempts,
    source: str,
    name: str = "",
    tenant_id: UUID = tenants.DEFAULT_TENANT_ID,
) -> AsyncIterator[_Counted]:
    """Count an attempt before it is known, or a thousand at once would count for none."""
    clock, account = accounts.clock, f"{tenant_id} {name}" if name else ""
    _refuse(attempts.wait_s(source, account, clock.monotonic_s()))
    attempts.failed(source, account, clock.monotonic_s())
    attempt = _Counted()
    try:
        yield attempt
    finally:
        if attempt.is_good:
            attempts.succeeded(source, account, clock.monotonic_s())
        else:
            await accounts.alarms.tell("log_in_failed", source, name, tenant_id)


def _refuse(wait_s: float) -> None:
    if wait_s > 0:
        headers = {"Retry-After": str(int(wait_s) + 1)}
        detail = "too many failed attempts from this address"
        raise Problem("too-many-attempts", 429, "Too many attempts", detail, headers=headers)


def _second_factor_needed() -> Problem:
    problem = Problem.unauthenticated("send `code` as well, or log in with a passkey")
    problem.slug, problem.title = "second-factor-needed", "A second factor is needed"
    return problem


def _shown(session: ApiToken, principal: Principal) -> OpenSession:
    return OpenSession(
        session.id,
        session.id == principal.session_id,
        session.source or "",
        session.agent or "",
        session.created_at,
        session.last_used_at,
        session.expires_at,
    )
