"""The routes of users, tokens, sessions and tenants."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, delete, get, patch, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody
from msgspec import UNSET
from sqlalchemy import Connection, select

from chargeplane.runtime.access.accounts import Accounts, LastAdministrator, NameTaken
from chargeplane.runtime.access.attempts import Attempts
from chargeplane.runtime.access.credentials import fault_of_password
from chargeplane.runtime.access.views import (
    ApiTokenChanges,
    ApiTokenView,
    LogIn,
    MadeApiToken,
    Me,
    NewApiToken,
    NewUser,
    SessionView,
    TenantView,
    UserChanges,
    UserView,
    members,
    token_view,
    user_view,
)
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import (
    PUBLIC,
    SECRET_ANSWER,
    FieldFault,
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)
from chargeplane.runtime.store import Store, tenants

__all__ = ["routes"]

_EXPIRY_MAX = timedelta(days=36_525)


@get("/users", guards=[requires("users:admin")], summary="List users")
async def list_users(
    accounts: Injected[Accounts], principal: Injected[Principal], page: Injected[PageRequest]
) -> Page[UserView]:
    """Users, oldest first."""
    rows = await accounts.users(
        principal.tenant_id, count_max=page.fetch_max, after=page.after(UUID)
    )
    return page.of(rows, user_view, key=lambda user: user.id)


@post("/users", guards=[requires("users:admin")], summary="Add a user")
async def add_user(
    data: JSONBody[NewUser], accounts: Injected[Accounts], principal: Injected[Principal]
) -> UserView:
    """Add a user. The name must be new, and the password long."""
    _check_password(data.password)
    try:
        user = await accounts.add_user(principal.tenant_id, data.name, data.role, data.password)
    except NameTaken as error:
        raise Problem.conflict("name-taken", f"there is a user {data.name} already") from error
    return user_view(user)


@patch("/users/{user_id:uuid}", guards=[requires("users:admin")], summary="Change a user")
async def change_user(
    user_id: FromPath[UUID],
    data: JSONBody[UserChanges],
    accounts: Injected[Accounts],
    principal: Injected[Principal],
) -> UserView:
    """Change the role or the password. A new password ends the user's sessions."""
    if data.password is not UNSET:
        _check_password(data.password)
    try:
        user = await accounts.change_user(
            principal.tenant_id,
            user_id,
            role=None if data.role is UNSET else data.role,
            password=None if data.password is UNSET else data.password,
        )
    except LastAdministrator as error:
        raise Problem.conflict("last-administrator", str(error)) from error
    if user is None:
        raise Problem.not_found("user", user_id)
    return user_view(user)


@delete("/users/{user_id:uuid}", guards=[requires("users:admin")], summary="Remove a user")
async def remove_user(
    user_id: FromPath[UUID], accounts: Injected[Accounts], principal: Injected[Principal]
) -> None:
    """Remove a user and end all sessions."""
    try:
        found = await accounts.remove_user(principal.tenant_id, user_id)
    except LastAdministrator as error:
        raise Problem.conflict("last-administrator", str(error)) from error
    if not found:
        raise Problem.not_found("user", user_id)


@get("/api-tokens", guards=[requires("api-tokens:admin")], summary="List API tokens")
async def list_api_tokens(
    accounts: Injected[Accounts], principal: Injected[Principal], page: Injected[PageRequest]
) -> Page[ApiTokenView]:
    """Tokens, oldest first, without their secrets. Sessions of users are not among them."""
    rows = await accounts.tokens(
        principal.tenant_id, count_max=page.fetch_max, after=page.after(UUID)
    )
    return page.of(rows, token_view, key=lambda token: token.id)


@post(
    "/api-tokens",
    guards=[requires("api-tokens:admin")],
    opt=SECRET_ANSWER,
    summary="Make an API token",
)
async def add_api_token(
    data: JSONBody[NewApiToken],
    accounts: Injected[Accounts],
    principal: Injected[Principal],
    clock: Injected[Clock],
) -> MadeApiToken:
    """Make a token. Its secret is in this answer and nowhere else."""
    _check_expiry(data.expires_at, clock)
    token, secret = await accounts.add_token(
        principal.tenant_id, data.name, data.role, data.expires_at
    )
    return MadeApiToken(**members(token), token=secret)


@patch(
    "/api-tokens/{token_id:uuid}",
    guards=[requires("api-tokens:admin")],
    summary="Change an API token",
)
async def change_api_token(
    token_id: FromPath[UUID],
    data: JSONBody[ApiTokenChanges],
    accounts: Injected[Accounts],
    principal: Injected[Principal],
    clock: Injected[Clock],
) -> ApiTokenView:
    """Change name, role or expiry. The secret stays."""
    values = {
        name: getattr(data, name)
        for name in data.__struct_fields__
        if getattr(data, name) is not UNSET
    }
    _check_expiry(values.get("expires_at"), clock)
    token = await accounts.change_token(principal.tenant_id, token_id, values)
    if token is None:
        raise Problem.not_found("API token", token_id)
    return token_view(token)


@delete(
    "/api-tokens/{token_id:uuid}",
    guards=[requires("api-tokens:admin")],
    summary="Revoke an API token",
)
async def remove_api_token(
    token_id: FromPath[UUID], accounts: Injected[Accounts], principal: Injected[Principal]
) -> None:
    """Revoke a token, at once."""
    if not await accounts.remove_token(principal.tenant_id, token_id):
        raise Problem.not_found("API token", token_id)


@post("/sessions", opt=PUBLIC | SECRET_ANSWER, summary="Log in")
async def log_in(
    data: JSONBody[LogIn],
    request: Request[Any, Any, State],
    accounts: Injected[Accounts],
    attempts: Injected[Attempts],
    clock: Injected[Clock],
) -> SessionView:
    """Exchange name and password for a token that ends after twelve hours."""
    source = request.client.host if request.client else ""
    wait_s = attempts.wait_s(source, clock.monotonic_s())
    if wait_s > 0:
        headers = {"Retry-After": str(int(wait_s) + 1)}
        detail = "too many failed attempts from this address"
        raise Problem("too-many-attempts", 429, "Too many attempts", detail, headers=headers)
    # Counted before it is known, or a thousand attempts at once would count for none.
    attempts.failed(source, clock.monotonic_s())
    session = await accounts.log_in(data.tenant_id, data.name, data.password)
    if session is None:
        raise Problem.unauthenticated("name or password is wrong")
    attempts.succeeded(source, clock.monotonic_s())
    user = session.user
    return SessionView(session.token, user.name, user.role, session.expires_at)


@get("/me", guards=[requires("me:read")], summary="Tell who is asking")
async def me(principal: Injected[Principal]) -> Me:
    """The user or token that this request comes from."""
    return Me(principal.id, principal.tenant_id, principal.name, principal.role)


@get("/tenants", guards=[requires("tenants:read")], summary="List tenants")
async def list_tenants(
    store: Injected[Store], principal: Injected[Principal], page: Injected[PageRequest]
) -> Page[TenantView]:
    """The tenant of whoever asks; nobody sees another one."""
    mine = tenants.tenants.c

    def look(connection: Connection) -> list[TenantView]:
        query = select(mine.tenant_id, mine.name, mine.created_at)
        rows = connection.execute(query.where(mine.tenant_id == principal.tenant_id))
        return [TenantView(*row) for row in rows]

    found = [] if page.after(UUID) else await store.read(look)
    return page.of(found, lambda view: view, key=lambda view: view.id)


def routes(accounts: Accounts) -> Routes:
    """Everything about who may use the interface."""
    handlers = (
        list_users, add_user, change_user, remove_user,
        list_api_tokens, add_api_token, change_api_token, remove_api_token,
        log_in, me, list_tenants,
    )  # fmt: skip
    return Routes("Access", handlers, {"accounts": accounts, "attempts": Attempts()})


def _check_password(password: str) -> None:
    if fault := fault_of_password(password):
        raise Problem.invalid(FieldFault("password", fault))


def _check_expiry(expires_at: datetime | None, clock: Clock) -> None:
    if expires_at is None:
        return
    if not timedelta(0) < expires_at - clock.now() < _EXPIRY_MAX:
        raise Problem.invalid(FieldFault("expires_at", "must lie in the next hundred years"))
