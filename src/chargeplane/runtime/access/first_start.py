"""The first start of an installation: a tenant, a set-up link, perhaps a token for scripts."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from chargeplane.runtime.access.accounts import Accounts, NameTaken
from chargeplane.runtime.access.challenges import Challenges
from chargeplane.runtime.access.credentials import new_password
from chargeplane.runtime.access.roles import Role
from chargeplane.runtime.access.tables import User
from chargeplane.runtime.audit import Actor, Note, noted
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, tenants

__all__ = ["ADMINISTRATOR", "Introduced", "first_start", "renew_demo", "set_up"]

_log = logging.getLogger(__name__)

ADMINISTRATOR = "admin"
"""Of a demonstration; elsewhere whoever sets the installation up chooses a name."""
SETUP = "setup"
SETUP_S = 24 * 3600.0
"""Another start makes a new link."""
_TENANT_NAME = "default"
_DEMO_TOKEN = "demonstration"


@dataclass(frozen=True)
class Introduced:
    """How to log in, to be shown once."""

    name: str = ""
    password: str = field(default="", repr=False)
    token: str | None = field(default=None, repr=False)
    setup: str | None = field(default=None, repr=False)
    """The word of the set-up link, which makes the first administrator, once."""


async def first_start(
    store: Store,
    accounts: Accounts,
    clock: Clock,
    challenges: Challenges,
    given_token: str | None = None,
) -> Introduced | None:
    """Make the tenant, and while it has no users a set-up link; None: there are some.

    Args:
        store: open and current.
        accounts: on the same store.
        clock: for the times of the rows.
        challenges: where the word of the link is kept. An earlier link ends.
        given_token: becomes an administrator's token while there are no users. Later it is only
            compared, and the log tells whether it is one.
    """
    tenant_id, now = tenants.DEFAULT_TENANT_ID, clock.now()
    await store.write(Function(lambda c: tenants.ensure(c, tenant_id, _TENANT_NAME, now)))
    if await accounts.users(tenant_id, count_max=1):
        await _compare(accounts, given_token)
        return None
    if given_token and await accounts.authenticate(given_token) is None:
        await accounts.add_token(tenant_id, "environment", Role.ADMIN, secret=given_token)
    word = await challenges.make(tenant_id, SETUP, lifetime_s=SETUP_S, replaces=True)
    return Introduced(token=given_token, setup=word)


async def set_up(
    accounts: Accounts, challenges: Challenges, word: str, name: str, password: str
) -> User | None:
    """Make the first administrator; None: the link is wrong, was used, or is too old.

    Raises:
        NameTaken: there is a user already, whatever the name.
    """
    tenant_id = tenants.DEFAULT_TENANT_ID
    if await challenges.take(tenant_id, SETUP, word) is None:
        return None
    if await accounts.users(tenant_id, count_max=1):
        raise NameTaken(name)
    actor = Actor(tenant_id, "system", "", "set-up link")
    with noted(Note(actor, "set_up_installation", "setup", accounts.clock.now())):
        return await accounts.add_user(tenant_id, name, Role.ADMIN, password)


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


async def _compare(accounts: Accounts, given_token: str | None) -> None:
    if given_token and await accounts.authenticate(given_token) is None:
        _log.warning(
            "CHARGEPLANE_API_TOKEN is not a token of this installation: it counts at the first "
            "start only; make one with `chargeplane token create`"
        )
