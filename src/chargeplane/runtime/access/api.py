"""The routes of users and tokens, and all routes of this folder together."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, delete, get, patch, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from chargeplane.runtime.access import cookies, factor_api, oidc_api, session_api, tenant_api
from chargeplane.runtime.access.accounts import Accounts, LastAdministrator, NameTaken
from chargeplane.runtime.access.attempts import Attempts, LogInAttempts
from chargeplane.runtime.access.challenges import Challenges
from chargeplane.runtime.access.credentials import fault_of_password
from chargeplane.runtime.access.factors import Factors
from chargeplane.runtime.access.freshness import require_fresh
from chargeplane.runtime.access.oidc import Oidc, Provider
from chargeplane.runtime.access.passkeys import Passkeys
from chargeplane.runtime.access.roles import ACCOUNT
from chargeplane.runtime.access.sessions import csrf_token
from chargeplane.runtime.access.views import (
    ApiTokenChanges,
    ApiTokenView,
    MadeApiToken,
    Me,
    NewApiToken,
    NewUser,
    UserChanges,
    UserView,
    members,
    token_view,
    user_view,
)
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import (
    SECRET_ANSWER,
    SITED,
    FieldFault,
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)
from chargeplane.runtime.secrets import Secrets

__all__ = ["routes"]

_EXPIRY_MAX = timedelta(days=36_525)


@get("/users", guards=[requires("users:audit")], summary="List users")
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
    _may_give(principal)
    check_password(data.password)
    try:
        user = await accounts.add_user(
            principal.tenant_id, data.name, data.role, data.password, data.sites
        )
    except NameTaken as error:
        raise Problem.conflict("name-taken", f"there is a user {data.name} already") from error
    return user_view(user)


@patch("/users/{user_id:uuid}", guards=[requires("users:admin")], summary="Change a user")
async def change_user(
    user_id: FromPath[UUID],
    data: JSONBody[UserChanges],
    accounts: Injected[Accounts],
    principal: Injected[Principal],
    clock: Injected[Clock],
) -> UserView:
    """Change role, sites or password. A new password ends the user's sessions."""
    _may_give(principal)
    if data.password is not UNSET:
        require_fresh(principal, clock)
        check_password(data.password)
    try:
        user = await accounts.change_user(
            principal.tenant_id,
            user_id,
            role=None if data.role is UNSET else data.role,
            password=None if data.password is UNSET else data.password,
            sites=data.sites,
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


@get("/api-tokens", guards=[requires("api-tokens:audit")], summary="List API tokens")
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
    """Make a token. Its secret is in this answer and nowhere else. A user must log in for it."""
    require_fresh(principal, clock)
    _check_expiry(data.expires_at, clock)
    _may_give(principal, data.permissions)
    token, secret = await accounts.add_token(
        principal.tenant_id,
        data.name,
        data.role,
        data.expires_at,
        permissions=data.permissions,
        sites=data.sites,
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
    _may_give(principal)
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


@get("/me", guards=[requires("me:read")], opt=SITED, summary="Tell who is asking")
async def me(
    principal: Injected[Principal], accounts: Injected[Accounts], request: Request[Any, Any, State]
) -> Me:
    """The user or token that this request comes from."""
    policy = accounts.sessions.policy
    token = cookies.read(policy, request.cookies) if request.auth == "cookie" else None
    granted = principal.limits if principal.limits is not None else principal.grants
    return Me(
        principal.id,
        principal.tenant_id,
        principal.name,
        principal.role,
        sorted(granted),
        None if principal.sites is None else sorted(principal.sites),
        principal.grants == ACCOUNT and principal.role in policy.second_factor_roles,
        csrf_token(token) if token else None,
    )


@delete(
    "/users/{user_id:uuid}/second-factors",
    guards=[requires("users:admin")],
    summary="Remove a user's second factors",
)
async def remove_user_factors(
    user_id: FromPath[UUID],
    accounts: Injected[Accounts],
    factors: Injected[Factors],
    principal: Injected[Principal],
    clock: Injected[Clock],
) -> None:
    """Help somebody who has lost phone and recovery codes: apps, passkeys and codes are gone."""
    require_fresh(principal, clock)
    _may_give(principal)
    if await accounts.user(principal.tenant_id, user_id) is None:
        raise Problem.not_found("user", user_id)
    await factors.remove(principal.tenant_id, user_id)


def routes(
    accounts: Accounts, secrets: Secrets | None = None, provider: Provider | None = None
) -> Routes:
    """Everything about who may use the interface.

    Args:
        accounts: who there is.
        secrets: seals what must be readable again. Without them what is sealed is lost at the end
            of the program: for tests alone.
        provider: lets users in by OpenID Connect, if there is one.
    """
    handlers = (
        list_users, add_user, change_user, remove_user, remove_user_factors,
        list_api_tokens, add_api_token, change_api_token, remove_api_token,
        me, *tenant_api.HANDLERS, *session_api.HANDLERS, *factor_api.HANDLERS, *oidc_api.HANDLERS,
    )  # fmt: skip
    secrets = secrets or Secrets([os.urandom(32)])
    store, clock = accounts.store, accounts.clock
    factors, challenges = Factors(store, clock, secrets), Challenges(store, clock, secrets)
    services = {
        "accounts": accounts,
        "attempts": LogInAttempts(),
        "offers": Attempts(failures_max=30, forgiven_after_s=2.0),
        "oidc": None if provider is None else Oidc(provider, accounts, clock, secrets),
        "factors": factors,
        "challenges": challenges,
        "passkeys": Passkeys(factors, challenges, accounts.sessions.policy),
    }
    return Routes("Access", handlers, services)


def check_password(password: str) -> None:
    """Refuse a password that nobody should have.

    Raises:
        Problem: naming the field.
    """
    if fault := fault_of_password(password):
        raise Problem.invalid(FieldFault("password", fault))


def _check_expiry(expires_at: datetime | None, clock: Clock) -> None:
    if expires_at is None:
        return
    if not timedelta(0) < expires_at - clock.now() < _EXPIRY_MAX:
        raise Problem.invalid(FieldFault("expires_at", "must lie in the next hundred years"))


def _may_give(principal: Principal, permissions: list[str] | None = None) -> None:
    """Nobody gives more than there is to give: a token of few permissions makes no other."""
    if principal.limits is None:
        return
    if permissions is None or not all(principal.may(each) for each in permissions):
        raise Problem.forbidden("a token that is limited gives nothing beyond its permissions")
