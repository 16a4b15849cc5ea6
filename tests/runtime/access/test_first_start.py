"""The first start: one link, one administrator, and never again."""

from __future__ import annotations

import logging

import pytest

from chargeplane.runtime.access import (
    Accounts,
    Challenges,
    NameTaken,
    Role,
    first_start,
    renew_demo,
    set_up,
)
from chargeplane.runtime.access.credentials import Passwords
from chargeplane.runtime.access.first_start import SETUP_S
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.secrets import Secrets
from chargeplane.runtime.store import Store
from tests.runtime.access.conftest import TENANT_ID

PASSWORD = "correct horse battery"


@pytest.fixture
def challenges(bare: Store, clock: SimulatedClock) -> Challenges:
    return Challenges(bare, clock, Secrets([bytes(32)]))


@pytest.fixture
def fresh(bare: Store, clock: SimulatedClock, passwords: Passwords) -> Accounts:
    return Accounts(bare, clock, passwords)


async def test_the_first_start_shows_a_link_that_makes_one_administrator_once(
    bare: Store, fresh: Accounts, clock: SimulatedClock, challenges: Challenges
) -> None:
    introduced = await first_start(bare, fresh, clock, challenges)
    assert introduced is not None
    assert introduced.setup
    assert not introduced.password
    assert await fresh.users(TENANT_ID, count_max=10) == []
    user = await set_up(fresh, challenges, introduced.setup, "ada", PASSWORD)
    assert user is not None
    assert user.role == Role.ADMIN
    assert await fresh.sessions.log_in(TENANT_ID, "ada", PASSWORD)
    assert await set_up(fresh, challenges, introduced.setup, "eve", PASSWORD) is None
    assert await first_start(bare, fresh, clock, challenges) is None


async def test_a_later_start_without_users_shows_a_new_link_and_ends_the_old_one(
    bare: Store, fresh: Accounts, clock: SimulatedClock, challenges: Challenges
) -> None:
    first = await first_start(bare, fresh, clock, challenges)
    second = await first_start(bare, fresh, clock, challenges)
    assert first is not None
    assert second is not None
    assert first.setup != second.setup
    assert await set_up(fresh, challenges, first.setup or "", "eve", PASSWORD) is None
    assert await set_up(fresh, challenges, second.setup or "", "ada", PASSWORD)


async def test_a_link_ends_after_a_day_and_when_there_are_users(
    bare: Store, fresh: Accounts, clock: SimulatedClock, challenges: Challenges
) -> None:
    introduced = await first_start(bare, fresh, clock, challenges)
    assert introduced is not None
    await clock.advance(SETUP_S)
    assert await set_up(fresh, challenges, introduced.setup or "", "ada", PASSWORD) is None
    again = await first_start(bare, fresh, clock, challenges)
    assert again is not None
    await fresh.add_user(TENANT_ID, "ada", Role.ADMIN, PASSWORD)
    with pytest.raises(NameTaken):
        await set_up(fresh, challenges, again.setup or "", "eve", PASSWORD)


async def test_the_token_of_the_environment_is_an_administrators_from_the_first_start_on(
    bare: Store, fresh: Accounts, clock: SimulatedClock, challenges: Challenges
) -> None:
    await first_start(bare, fresh, clock, challenges, "a-token-of-mine")
    await first_start(bare, fresh, clock, challenges, "a-token-of-mine")
    principal = await fresh.authenticate("a-token-of-mine")
    assert principal is not None
    assert principal.may("users:admin")
    assert len(await fresh.tokens(TENANT_ID, count_max=10)) == 1


async def test_a_token_that_comes_after_the_first_start_is_not_made_but_told_of(
    bare: Store,
    fresh: Accounts,
    clock: SimulatedClock,
    challenges: Challenges,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await first_start(bare, fresh, clock, challenges)
    await fresh.add_user(TENANT_ID, "ada", Role.ADMIN, PASSWORD)
    with caplog.at_level(logging.WARNING):
        await first_start(bare, fresh, clock, challenges, "too-late-a-token")
    assert await fresh.authenticate("too-late-a-token") is None
    assert "first start only" in caplog.text
    assert "too-late-a-token" not in caplog.text


async def test_a_demonstration_has_a_new_password_and_one_new_token_at_each_start(
    bare: Store, fresh: Accounts, clock: SimulatedClock, challenges: Challenges
) -> None:
    await first_start(bare, fresh, clock, challenges)
    one, two = await renew_demo(fresh), await renew_demo(fresh)
    assert one.token is not None
    assert two.token is not None
    assert await fresh.authenticate(one.token) is None
    assert await fresh.authenticate(two.token)
    assert await fresh.sessions.log_in(TENANT_ID, one.name, one.password) is None
    assert await fresh.sessions.log_in(TENANT_ID, two.name, two.password)
    assert len(await fresh.tokens(TENANT_ID, count_max=10)) == 1
