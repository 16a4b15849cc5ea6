"""The first start: one administrator, one random password, and never again."""

from __future__ import annotations

import logging

import pytest

from chargeplane.runtime.access import Accounts, Role, first_start, renew_demo
from chargeplane.runtime.access.credentials import Passwords
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Store
from tests.runtime.access.conftest import TENANT_ID


@pytest.fixture
def fresh(bare: Store, clock: SimulatedClock, passwords: Passwords) -> Accounts:
    return Accounts(bare, clock, passwords)


async def test_the_first_start_introduces_one_administrator_and_later_ones_nobody(
    bare: Store, fresh: Accounts, clock: SimulatedClock
) -> None:
    introduced = await first_start(bare, fresh, clock)
    assert introduced is not None
    session = await fresh.log_in(TENANT_ID, introduced.name, introduced.password)
    assert session is not None
    assert session.user.role == Role.ADMIN
    assert await first_start(bare, fresh, clock) is None
    assert len(await fresh.users(TENANT_ID, count_max=10)) == 1


async def test_two_installations_have_different_passwords(
    bare: Store, fresh: Accounts, clock: SimulatedClock
) -> None:
    introduced = await first_start(bare, fresh, clock)
    again = await renew_demo(fresh)
    assert introduced is not None
    assert introduced.password != again.password
    assert len(introduced.password) >= 20


async def test_the_token_of_the_environment_is_an_administrators_from_the_first_start_on(
    bare: Store, fresh: Accounts, clock: SimulatedClock
) -> None:
    await first_start(bare, fresh, clock, "a-token-of-mine")
    await first_start(bare, fresh, clock, "a-token-of-mine")
    principal = await fresh.authenticate("a-token-of-mine")
    assert principal is not None
    assert principal.may("users:admin")
    assert len(await fresh.tokens(TENANT_ID, count_max=10)) == 1


async def test_a_token_that_comes_after_the_first_start_is_not_made_but_told_of(
    bare: Store, fresh: Accounts, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    await first_start(bare, fresh, clock)
    with caplog.at_level(logging.WARNING):
        await first_start(bare, fresh, clock, "too-late-a-token")
    assert await fresh.authenticate("too-late-a-token") is None
    assert "first start only" in caplog.text
    assert "too-late-a-token" not in caplog.text


async def test_a_demonstration_has_a_new_password_and_one_new_token_at_each_start(
    bare: Store, fresh: Accounts, clock: SimulatedClock
) -> None:
    await first_start(bare, fresh, clock)
    one, two = await renew_demo(fresh), await renew_demo(fresh)
    assert one.token is not None
    assert two.token is not None
    assert await fresh.authenticate(one.token) is None
    assert await fresh.authenticate(two.token)
    assert await fresh.log_in(TENANT_ID, one.name, one.password) is None
    assert await fresh.log_in(TENANT_ID, two.name, two.password)
    assert len(await fresh.tokens(TENANT_ID, count_max=10)) == 1
