"""The first start of an installation: a tenant, an administrator, perhaps a token for scripts."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from sqlalchemy import Connection

from chargeplane.runtime.access import tables
from chargeplane.runtime.access.accounts import Accounts
from chargeplane.runtime.access.credentials import digest_of, new_password
from chargeplane.runtime.access.roles import Role
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, tenants

__all__ = ["ADMINISTRATOR", "Introduced", "first_start", "renew_demo"]

_log = logging.getLogger(__name__)

ADMINISTRATOR = "admin"
_TENANT_NAME = "default"
_DEMO_TOKEN = "demonstration"


@dataclass(frozen=True)
class Introduced:
    """How to log in, to be shown once."""

    name: str
    password: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


async def first_start(
    store: Store, accounts: Accounts, clock: Clock, given_token: str | None = None
) -> Introduced | None:
    """Make the tenant, and on an installation without users an administrator; None: there are some.

    Args:
        store: open and current.
        accounts: on the same store.
        clock: for the times of the rows.
        given_token: becomes an administrator's token at the first start. Later it is only compared,
            and the log tells whether it is one.
    """
    tenant_id, now = tenants.DEFAULT_TENANT_ID, clock.now()
    await store.write(Function(lambda c: tenants.ensure(c, tenant_id, _TENANT_NAME, now)))
    if await accounts.users(tenant_id, count_max=1):
        await _compare(store, clock, given_token)
        return None
    # The token comes first: if the program dies between the two, the next start is the first again.
    if given_token:
        await accounts.add_token(tenant_id, "environment", Role.ADMIN, secret=given_token)
    password = new_password()
    await accounts.add_user(tenant_id, ADMINISTRATOR, Role.ADMIN, password)
    return Introduced(ADMINISTRATOR, password, given_token)


async def renew_demo(accounts: Accounts, given_token: str | None = None) -> Introduced:
    """Give the administrator of a demonstration a new password and a new token, to be shown."""
    tenant_id, password = tenants.DEFAULT_TENANT_ID, new_password()
    admin = await accounts.user_named(tenant_id, ADMINISTRATOR)
    if admin is None:
        await accounts.add_user(tenant_id, ADMINISTRATOR, Role.ADMIN, password)
    else:
        await accounts.change_user(tenant_id, admin.id, role=Role.ADMIN, password=password)
    for token in await accounts.tokens(tenant_id, count_max=1_000):
        if token.name == _DEMO_TOKEN:
            await accounts.remove_token(tenant_id, token.id)
    _, secret = await accounts.add_token(tenant_id, _DEMO_TOKEN, Role.ADMIN, secret=given_token)
    return Introduced(ADMINISTRATOR, password, secret)


async def _compare(store: Store, clock: Clock, given_token: str | None) -> None:
    if not given_token:
        return
    digest, now = digest_of(given_token), clock.now()

    def is_known(connection: Connection) -> bool:
        return tables.bearer(connection, digest, now) is not None

    if not await store.read(is_known):
        _log.warning(
            "CHARGEPLANE_API_TOKEN is not a token of this installation: it counts at the first "
            "start only; make one with `chargeplane token create`"
        )
