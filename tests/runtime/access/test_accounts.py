"""Accounts, on both engines: who is recognised, and for how long."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, select

from chargeplane.runtime.access import Accounts, LastAdministrator, NameTaken, Role
from chargeplane.runtime.access.policy import Policy
from chargeplane.runtime.access.sessions import SESSIONS_MAX
from chargeplane.runtime.access.tables import api_tokens, users
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Store, tenants
from tests.runtime.access.conftest import NOW, TENANT_ID

PASSWORD = "correct horse battery"
OTHER_TENANT_ID = UUID(int=2)


async def test_a_token_is_recognised_with_its_tenant_and_what_its_role_grants(
    accounts: Accounts,
) -> None:
    token, secret = await accounts.add_token(TENANT_ID, "ci", Role.OPERATOR)
    principal = await accounts.authenticate(secret)
    assert principal is not None
    assert (principal.tenant_id, principal.id, principal.name) == (TENANT_ID, token.id, "ci")
    assert principal.may("stations:command")
    assert not principal.may("users:admin")


@pytest.mark.parametrize("token", ["", "cp_", "cp_" + "x" * 43, "\ud800", "ä"])
async def test_a_token_that_nobody_has_is_nobody(accounts: Accounts, token: str) -> None:
    await accounts.add_token(TENANT_ID, "ci", Role.ADMIN)
    assert await accounts.authenticate(token) is None


async def test_a_token_ends_at_its_time_and_at_once_when_it_is_revoked(
    accounts: Accounts, clock: SimulatedClock
) -> None:
    _, brief = await accounts.add_token(
        TENANT_ID, "brief", Role.VIEWER, expires_at=NOW + timedelta(seconds=60)
    )
    token, lasting = await accounts.add_token(TENANT_ID, "lasting", Role.VIEWER)
    await clock.advance(59.9)
    assert await accounts.authenticate(brief)
    await clock.advance(0.1)
    assert await accounts.authenticate(brief) is None
    assert await accounts.remove_token(TENANT_ID, token.id)
    assert await accounts.authenticate(lasting) is None
    assert not await accounts.remove_token(TENANT_ID, token.id)


async def test_neither_a_secret_nor_a_password_is_in_the_database(
    accounts: Accounts, store: Store
) -> None:
    _, secret = await accounts.add_token(TENANT_ID, "ci", Role.ADMIN)
    await accounts.add_user(TENANT_ID, "ada", Role.ADMIN, PASSWORD)

    def everything(connection: Connection) -> str:
        rows = [*connection.execute(select(api_tokens)), *connection.execute(select(users))]
        return repr(rows)

    kept = await store.read(everything)
    assert secret[:8] in kept
    assert secret not in kept
    assert secret[8:] not in kept
    assert PASSWORD not in kept
    assert "$argon2id$" in kept


async def test_who_logs_in_is_the_user_until_the_session_ends(
    accounts: Accounts, clock: SimulatedClock
) -> None:
    user = await accounts.add_user(TENANT_ID, "ada", Role.OPERATOR, PASSWORD)
    session = await accounts.sessions.log_in(TENANT_ID, "ada", PASSWORD)
    assert session is not None
    principal = await accounts.authenticate(session.token)
    assert principal is not None
    assert (principal.id, principal.name, principal.role) == (user.id, "ada", Role.OPERATOR)
    await clock.advance(Policy().session_s)
    assert await accounts.authenticate(session.token) is None


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "wrong horse battery"), ("ada", ""), ("bob", PASSWORD), ("", ""), ("ADA", PASSWORD)],
)
async def test_a_wrong_name_or_password_begins_nothing(
    accounts: Accounts, name: str, password: str
) -> None:
    await accounts.add_user(TENANT_ID, "ada", Role.OPERATOR, PASSWORD)
    assert await accounts.sessions.log_in(TENANT_ID, name, password) is None


async def test_sessions_are_not_listed_as_tokens_and_cannot_be_changed_as_such(
    accounts: Accounts,
) -> None:
    await accounts.add_user(TENANT_ID, "ada", Role.VIEWER, PASSWORD)
    session = await accounts.sessions.log_in(TENANT_ID, "ada", PASSWORD)
    assert session is not None
    assert await accounts.tokens(TENANT_ID, count_max=10) == []


async def test_a_role_that_is_taken_away_counts_at_once_in_open_sessions(
    accounts: Accounts,
) -> None:
    await accounts.add_user(TENANT_ID, "root", Role.ADMIN, PASSWORD)
    user = await accounts.add_user(TENANT_ID, "ada", Role.OPERATOR, PASSWORD)
    session = await accounts.sessions.log_in(TENANT_ID, "ada", PASSWORD)
    assert session is not None
    await accounts.change_user(TENANT_ID, user.id, role=Role.VIEWER)
    principal = await accounts.authenticate(session.token)
    assert principal is not None
    assert not principal.may("stations:command")


async def test_a_new_password_ends_all_sessions_of_that_user_alone(accounts: Accounts) -> None:
    user = await accounts.add_user(TENANT_ID, "ada", Role.VIEWER, PASSWORD)
    await accounts.add_user(TENANT_ID, "bob", Role.VIEWER, PASSWORD)
    mine = await accounts.sessions.log_in(TENANT_ID, "ada", PASSWORD)
    theirs = await accounts.sessions.log_in(TENANT_ID, "bob", PASSWORD)
    assert mine is not None
    assert theirs is not None
    await accounts.change_user(TENANT_ID, user.id, password="another long password")
    assert await accounts.authenticate(mine.token) is None
    assert await accounts.authenticate(theirs.token)
    assert await accounts.sessions.log_in(TENANT_ID, "ada", PASSWORD) is None
    assert await accounts.sessions.log_in(TENANT_ID, "ada", "another long password")


async def test_one_session_too_many_ends_the_oldest(accounts: Accounts) -> None:
    await accounts.add_user(TENANT_ID, "ada", Role.VIEWER, PASSWORD)
    sessions = [
        await accounts.sessions.log_in(TENANT_ID, "ada", PASSWORD) for _ in range(SESSIONS_MAX + 1)
    ]
    alive = [bool(each and await accounts.authenticate(each.token)) for each in sessions]
    assert alive == [False] + [True] * SESSIONS_MAX


async def test_a_user_who_is_removed_is_nobody_from_then_on(accounts: Accounts) -> None:
    await accounts.add_user(TENANT_ID, "root", Role.ADMIN, PASSWORD)
    user = await accounts.add_user(TENANT_ID, "ada", Role.ADMIN, PASSWORD)
    session = await accounts.sessions.log_in(TENANT_ID, "ada", PASSWORD)
    assert session is not None
    assert await accounts.remove_user(TENANT_ID, user.id)
    assert await accounts.authenticate(session.token) is None
    assert not await accounts.remove_user(TENANT_ID, user.id)


async def test_the_last_administrator_can_neither_be_removed_nor_demoted(
    accounts: Accounts,
) -> None:
    user = await accounts.add_user(TENANT_ID, "ada", Role.ADMIN, PASSWORD)
    await accounts.add_user(TENANT_ID, "bob", Role.OPERATOR, PASSWORD)
    with pytest.raises(LastAdministrator):
        await accounts.remove_user(TENANT_ID, user.id)
    with pytest.raises(LastAdministrator):
        await accounts.change_user(TENANT_ID, user.id, role=Role.VIEWER)
    assert await accounts.change_user(TENANT_ID, user.id, role=Role.ADMIN)


async def test_a_name_is_taken_once_in_each_tenant(accounts: Accounts, store: Store) -> None:
    await store.write(Function(lambda c: tenants.ensure(c, OTHER_TENANT_ID, "other", NOW)))
    await accounts.add_user(TENANT_ID, "ada", Role.VIEWER, PASSWORD)
    with pytest.raises(NameTaken):
        await accounts.add_user(TENANT_ID, "ada", Role.ADMIN, PASSWORD)
    await accounts.add_user(OTHER_TENANT_ID, "ada", Role.ADMIN, PASSWORD)


async def test_nothing_of_another_tenant_is_seen_changed_or_removed(
    accounts: Accounts, store: Store
) -> None:
    await store.write(Function(lambda c: tenants.ensure(c, OTHER_TENANT_ID, "other", NOW)))
    user = await accounts.add_user(TENANT_ID, "ada", Role.VIEWER, PASSWORD)
    token, secret = await accounts.add_token(TENANT_ID, "ci", Role.VIEWER)
    theirs = OTHER_TENANT_ID
    assert await accounts.users(theirs, count_max=10) == []
    assert await accounts.tokens(theirs, count_max=10) == []
    assert await accounts.sessions.log_in(theirs, "ada", PASSWORD) is None
    assert await accounts.change_user(theirs, user.id, role=Role.ADMIN) is None
    assert await accounts.change_token(theirs, token.id, {"role": Role.ADMIN}) is None
    assert not await accounts.remove_user(theirs, user.id)
    assert not await accounts.remove_token(theirs, token.id)
    principal = await accounts.authenticate(secret)
    assert principal is not None
    assert principal.role == Role.VIEWER
