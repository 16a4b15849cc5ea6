"""What each role may do, as a table; and what limits of permissions and sites take away."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from chargeplane.runtime.access import GRANTS, Accounts, Policy, Role
from chargeplane.runtime.access.roles import ACCOUNT
from chargeplane.runtime.rest import Principal
from tests.runtime.access.conftest import TENANT_ID

PERMISSIONS = (
    "stations:read", "stations:write", "stations:command", "transactions:read",
    "transactions:write", "id-tokens:write", "tariffs:write", "users:audit", "users:admin",
    "audit-log:audit", "me:write",
)  # fmt: skip
# In the order of PERMISSIONS.
TABLE = {
    Role.ADMIN: "+++++++++++",
    Role.OPERATOR: "+++++++---+",
    Role.INSTALLER: "++++------+",
    Role.SUPPORT: "+-++-+----+",
    Role.ACCOUNTANT: "+--++-+---+",
    Role.DRIVER: "----------+",
    Role.AUDITOR: "+--+---+-++",
    Role.VIEWER: "+--+------+",
}


def holder(role: Role, limits: frozenset[str] | None = None) -> Principal:
    return Principal(UUID(int=1), UUID(int=2), "ada", role, GRANTS[role], limits)


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_the_table_says(role: Role) -> None:
    may = "".join("+" if holder(role).may(each) else "-" for each in PERMISSIONS)
    assert may == TABLE[role]
    assert holder(role).may("me:read")


@pytest.mark.parametrize("role", [each for each in Role if each not in (Role.ADMIN, Role.AUDITOR)])
def test_an_area_that_nobody_knows_yet_is_neither_administered_nor_audited(role: Role) -> None:
    assert not holder(role).may("new-area:admin")
    assert not holder(role).may("new-area:audit")


def test_an_administrator_may_be_called_by_the_whole_word() -> None:
    assert msgspec.convert("administrator", Role) is Role.ADMIN
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("root", Role)


def test_a_token_is_limited_to_its_permissions_and_never_beyond_its_role() -> None:
    limited = holder(Role.VIEWER, limits=frozenset({"stations:read", "users:admin"}))
    assert limited.may("stations:read")
    assert not limited.may("transactions:read")
    assert not limited.may("users:admin")


async def test_limits_are_kept_with_user_and_token(accounts: Accounts) -> None:
    _, secret = await accounts.add_token(
        TENANT_ID, "ci", Role.OPERATOR, permissions=["stations:read"], sites=["north", "south"]
    )
    principal = await accounts.authenticate(secret)
    assert principal is not None
    assert principal.limits == frozenset({"stations:read"})
    assert principal.sites == frozenset({"north", "south"})
    user = await accounts.add_user(TENANT_ID, "ada", Role.INSTALLER, None, sites=["north"])
    session = await accounts.sessions.begin(user)
    mine = await accounts.authenticate(session.token)
    assert mine is not None
    assert (mine.sites, mine.limits, mine.is_user) == (frozenset({"north"}), None, True)
    await accounts.change_user(TENANT_ID, user.id, sites=None)
    free = await accounts.authenticate(session.token)
    assert free is not None
    assert free.sites is None


async def test_a_role_that_needs_a_second_factor_may_only_set_one(accounts: Accounts) -> None:
    accounts.sessions.policy = Policy(second_factor_roles=frozenset({Role.ADMIN}))
    password = "correct horse battery"
    admin = await accounts.add_user(TENANT_ID, "ada", Role.ADMIN, password)
    viewer = await accounts.add_user(TENANT_ID, "bob", Role.VIEWER, password)
    theirs = await accounts.add_user(TENANT_ID, "of a provider", Role.ADMIN, None)
    for user, grants in (
        (admin, ACCOUNT),
        (viewer, GRANTS[Role.VIEWER]),
        (theirs, GRANTS[Role.ADMIN]),
    ):
        principal = await accounts.authenticate((await accounts.sessions.begin(user)).token)
        assert principal is not None
        assert principal.grants == grants
    _, secret = await accounts.add_token(TENANT_ID, "ci", Role.ADMIN)
    program = await accounts.authenticate(secret)
    assert program is not None
    assert program.may("users:admin")
