"""The routes of the own account: the password, and second factors."""

from __future__ import annotations

import base64
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from chargeplane.runtime.access.accounts import Accounts
from chargeplane.runtime.access.attempts import LogInAttempts
from chargeplane.runtime.access.credentials import fault_of_password
from chargeplane.runtime.access.factors import Factor, Factors, Kind, TooManyFactors
from chargeplane.runtime.access.freshness import require_fresh
from chargeplane.runtime.access.passkeys import PasskeyRefused, Passkeys
from chargeplane.runtime.access.session_api import AnyRequest, caller_of, counted
from chargeplane.runtime.access.session_views import (
    Challenge,
    Confirmation,
    FactorsView,
    FactorView,
    NewFactor,
    NewPasskey,
    NewTotp,
    PasswordChange,
    RecoveryCodes,
)
from chargeplane.runtime.access.tables import User
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import (
    SECRET_ANSWER,
    SITED,
    FieldFault,
    Injected,
    Principal,
    Problem,
    requires,
)

__all__ = ["HANDLERS"]

READ, WRITE = requires("me:read"), requires("me:write")


@post(
    "/me/password", guards=[WRITE], opt=SITED, status_code=204, summary="Change one's own password"
)
async def change_own_password(
    data: JSONBody[PasswordChange],
    request: AnyRequest,
    accounts: Injected[Accounts],
    attempts: Injected[LogInAttempts],
    principal: Injected[Principal],
    clock: Injected[Clock],
) -> None:
    """Change the password, and end all other sessions. A recent log-in is needed."""
    user = await _user(accounts, principal)
    require_fresh(principal, clock)
    if fault := fault_of_password(data.new):
        raise Problem.invalid(FieldFault("new", fault))
    source = caller_of(request, accounts).source
    async with counted(accounts, attempts, source, user.name, user.tenant_id) as attempt:
        if not await accounts.passwords.verify(user.password_hash or None, data.current):
            raise Problem.invalid(FieldFault("current", "this is not the password"))
        attempt.is_good = True
    await accounts.change_user(
        principal.tenant_id, user.id, password=data.new, but_session=principal.session_id
    )


@get("/me/factors", guards=[READ], opt=SITED, summary="List one's own second factors")
async def list_factors(
    accounts: Injected[Accounts], factors: Injected[Factors], principal: Injected[Principal]
) -> FactorsView:
    """Apps and passkeys, and how many recovery codes are left."""
    user = await _user(accounts, principal)
    found = await factors.of(user.tenant_id, user.id)
    shown = [_shown(each) for each in found if each.kind != Kind.RECOVERY]
    return FactorsView(shown, len(found) - len(shown))


@post("/me/totp", guards=[WRITE], opt=SITED | SECRET_ANSWER, summary="Add an app for codes")
async def add_totp(
    data: JSONBody[NewFactor],
    accounts: Injected[Accounts],
    factors: Injected[Factors],
    principal: Injected[Principal],
) -> NewTotp:
    """Make the secret of an app. It counts once a code of it has been confirmed."""
    user = await _user(accounts, principal)
    try:
        factor_id, secret, uri = await factors.begin_totp(user, data.name)
    except TooManyFactors as error:
        raise _too_many() from error
    return NewTotp(factor_id, base64.b32encode(secret).decode().rstrip("="), uri)


@post(
    "/me/totp/{factor_id:uuid}/confirm",
    guards=[WRITE],
    opt=SITED | SECRET_ANSWER,
    status_code=200,
    summary="Confirm an app for codes",
)
async def confirm_totp(
    factor_id: FromPath[UUID],
    data: JSONBody[Confirmation],
    accounts: Injected[Accounts],
    factors: Injected[Factors],
    principal: Injected[Principal],
) -> RecoveryCodes:
    """Show that the app works. From then on a password alone is not enough."""
    user = await _user(accounts, principal)
    codes = await factors.confirm_totp(user, factor_id, data.code)
    if codes is None:
        raise Problem.invalid(FieldFault("code", "this is not what the app shows now"))
    return RecoveryCodes(codes)


@post(
    "/me/passkeys/options",
    guards=[WRITE],
    opt=SITED | SECRET_ANSWER,
    summary="Begin to add a passkey",
)
async def offer_own_passkey(
    accounts: Injected[Accounts], passkeys: Injected[Passkeys], principal: Injected[Principal]
) -> Challenge:
    """A challenge for an authenticator of the user who asks."""
    word, options = await passkeys.offer_registration(await _user(accounts, principal))
    return Challenge(word, options)


@post("/me/passkeys", guards=[WRITE], opt=SITED, summary="Add a passkey")
async def add_passkey(
    data: JSONBody[NewPasskey],
    accounts: Injected[Accounts],
    passkeys: Injected[Passkeys],
    principal: Injected[Principal],
) -> FactorView:
    """Keep the passkey that the authenticator has made."""
    user = await _user(accounts, principal)
    try:
        return _shown(await passkeys.register(user, data.challenge, data.name, data.credential))
    except PasskeyRefused as error:
        raise Problem.invalid(FieldFault("credential", "the passkey was not accepted")) from error
    except TooManyFactors as error:
        raise _too_many() from error


@delete(
    "/me/factors/{factor_id:uuid}",
    guards=[WRITE],
    opt=SITED,
    summary="Remove one of one's own second factors",
)
async def remove_factor(
    factor_id: FromPath[UUID],
    accounts: Injected[Accounts],
    factors: Injected[Factors],
    principal: Injected[Principal],
    clock: Injected[Clock],
) -> None:
    """Remove an app or a passkey. With the last one the recovery codes go."""
    user = await _user(accounts, principal)
    require_fresh(principal, clock)
    if not await factors.remove(user.tenant_id, user.id, factor_id):
        raise Problem.not_found("second factor", factor_id)


HANDLERS = (
    change_own_password, list_factors, add_totp, confirm_totp, offer_own_passkey, add_passkey,
    remove_factor,
)  # fmt: skip


async def _user(accounts: Accounts, principal: Principal) -> User:
    """The user who asks; a program has neither a password nor a phone."""
    user = None
    if principal.is_user:
        user = await accounts.user(principal.tenant_id, principal.id)
    if user is None:
        raise Problem.forbidden("this is for users, who log in")
    return user


def _shown(factor: Factor) -> FactorView:
    return FactorView(factor.id, factor.kind, factor.name, factor.created_at, factor.last_used_at)


def _too_many() -> Problem:
    return Problem.conflict("too-many-factors", "remove another app or passkey first")
