"""Sessions: how long they last, how they end, and what is noted of their use."""

from __future__ import annotations

from ipaddress import ip_network
from uuid import uuid4

import pytest

from chargeplane.runtime.access import Accounts, Policy, Role, User
from chargeplane.runtime.access.policy import HOPS_MAX, Caller
from chargeplane.runtime.access.sessions import TOUCH_S, csrf_token
from chargeplane.runtime.clock import SimulatedClock
from tests.runtime.access.conftest import TENANT_ID

POLICY = Policy()


@pytest.fixture
async def user(accounts: Accounts) -> User:
    return await accounts.add_user(TENANT_ID, "ada", Role.VIEWER, "correct horse battery")


async def test_a_session_without_a_request_ends_early(
    accounts: Accounts, clock: SimulatedClock, user: User
) -> None:
    session = await accounts.sessions.begin(user)
    await clock.advance(POLICY.session_idle_s - 1)
    assert await accounts.authenticate(session.token)
    await clock.advance(POLICY.session_idle_s - 1)
    assert await accounts.authenticate(session.token)
    await clock.advance(POLICY.session_idle_s)
    assert await accounts.authenticate(session.token) is None


async def test_a_session_ends_at_its_time_however_busy_it_is(
    accounts: Accounts, clock: SimulatedClock, user: User
) -> None:
    session = await accounts.sessions.begin(user)
    steps = int(POLICY.session_s // POLICY.session_idle_s * 2)
    for _ in range(steps - 1):
        await clock.advance(POLICY.session_s / steps)
        assert await accounts.authenticate(session.token)
    await clock.advance(POLICY.session_s / steps)
    assert await accounts.authenticate(session.token) is None


async def test_a_token_of_a_program_is_never_idle(
    accounts: Accounts, clock: SimulatedClock
) -> None:
    _, secret = await accounts.add_token(TENANT_ID, "ci", Role.VIEWER)
    await clock.advance(1e8)
    assert await accounts.authenticate(secret)


async def test_the_use_of_a_token_is_written_once_a_minute(
    accounts: Accounts, clock: SimulatedClock
) -> None:
    token, secret = await accounts.add_token(TENANT_ID, "ci", Role.VIEWER)
    noted = []
    for _ in range(4):
        await accounts.authenticate(secret)
        found = await accounts.tokens(TENANT_ID, count_max=1)
        noted.append((found[0].last_used_at or clock.now()).timestamp())
        await clock.advance(TOUCH_S / 2)
    assert token.last_used_at is None
    assert [at - noted[0] for at in noted] == [0, 0, TOUCH_S, TOUCH_S]


async def test_own_sessions_are_listed_with_where_they_began_and_ended_one_by_one(
    accounts: Accounts, user: User
) -> None:
    other = await accounts.add_user(TENANT_ID, "bob", Role.VIEWER, None)
    await accounts.sessions.begin(other)
    sessions = accounts.sessions
    first = await sessions.begin(user, Caller("192.0.2.1", "Firefox"))
    second = await sessions.begin(user)
    found = await sessions.open(TENANT_ID, user.id)
    assert [each.id for each in found] == [second.id, first.id]
    assert (found[1].source, found[1].agent) == ("192.0.2.1", "Firefox")
    assert not await sessions.end(TENANT_ID, other.id, first.id)
    assert not await sessions.end(TENANT_ID, user.id, uuid4())
    assert await sessions.end(TENANT_ID, user.id, first.id)
    assert await accounts.authenticate(first.token) is None
    assert await accounts.authenticate(second.token)


async def test_a_new_password_ends_the_other_sessions_and_keeps_the_own_one(
    accounts: Accounts, user: User
) -> None:
    mine, other = await accounts.sessions.begin(user), await accounts.sessions.begin(user)
    await accounts.change_user(
        TENANT_ID, user.id, password="another long password", but_session=mine.id
    )
    assert await accounts.authenticate(mine.token)
    assert await accounts.authenticate(other.token) is None


async def test_who_has_no_password_cannot_log_in_with_one(accounts: Accounts) -> None:
    await accounts.add_user(TENANT_ID, "bob", Role.VIEWER, None)
    for password in ("", "x", "correct horse battery"):
        assert await accounts.sessions.log_in(TENANT_ID, "bob", password) is None


def test_the_token_against_forgery_belongs_to_one_session_and_does_not_tell_it() -> None:
    assert csrf_token("cp_a") != csrf_token("cp_b")
    assert csrf_token("cp_a") == csrf_token("cp_a")
    assert "cp_a" not in csrf_token("cp_a")


PROXIES = Policy(trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")))


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", " , ", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "nonsense"),
        ("10.0.0.1", ", ".join(["10.0.0.9"] * (HOPS_MAX + 5)), "10.0.0.9"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("fd00::1", "2001:db8::7", "2001:db8::/64"),
        ("", "", ""),
    ],
)
def test_only_a_trusted_proxy_says_where_a_request_comes_from(
    peer: str, forwarded: str, source: str
) -> None:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert PROXIES.caller(peer, headers).source == source


def test_what_a_browser_calls_itself_is_bounded_and_printable() -> None:
    agent = POLICY.caller("", {"user-agent": "a\x1b[31m" + "x" * 1_000}).agent
    assert agent.startswith("a[31mxxx")
    assert len(agent) == 200
