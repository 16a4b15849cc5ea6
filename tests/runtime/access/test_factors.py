"""Second factors, on both engines: apps, recovery codes, and what of them is stored."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select

from chargeplane.runtime.access import Accounts, Role, User
from chargeplane.runtime.access import factors as factors_module
from chargeplane.runtime.access.challenges import Challenges
from chargeplane.runtime.access.factors import Factors, Kind, TooManyFactors
from chargeplane.runtime.access.sessions import SecondFactorNeeded
from chargeplane.runtime.access.tables import challenges as challenges_table
from chargeplane.runtime.access.tables import factors as factors_table
from chargeplane.runtime.access.totp import STEP_S, code_at
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.secrets import Secrets
from chargeplane.runtime.store import Store
from tests.runtime.access.conftest import TENANT_ID

PASSWORD = "correct horse battery"


@pytest.fixture
def factors(store: Store, clock: SimulatedClock) -> Factors:
    return Factors(store, clock, Secrets([bytes(32)]))


@pytest.fixture
async def user(accounts: Accounts) -> User:
    return await accounts.add_user(TENANT_ID, "ada", Role.ADMIN, PASSWORD)


def shown(secret: bytes, clock: SimulatedClock) -> str:
    return code_at(secret, int(clock.now().timestamp()) // STEP_S)


async def enrolled(factors: Factors, user: User, clock: SimulatedClock) -> tuple[bytes, list[str]]:
    factor_id, secret, _ = await factors.begin_totp(user, "phone")
    codes = await factors.confirm_totp(user, factor_id, shown(secret, clock))
    assert codes is not None
    await clock.advance(STEP_S)
    return secret, codes


async def test_an_app_counts_once_it_has_shown_a_right_code(
    factors: Factors, accounts: Accounts, user: User, clock: SimulatedClock
) -> None:
    factor_id, secret, _ = await factors.begin_totp(user, "phone")
    assert not await factors.proves(user, shown(secret, clock))
    assert await accounts.sessions.log_in(TENANT_ID, "ada", PASSWORD)
    assert await factors.confirm_totp(user, factor_id, "000000") is None
    codes = await factors.confirm_totp(user, factor_id, shown(secret, clock))
    assert codes is not None
    assert len(set(codes)) == factors_module.RECOVERY_CODES
    with pytest.raises(SecondFactorNeeded):
        await accounts.sessions.log_in(TENANT_ID, "ada", PASSWORD)


async def test_a_code_works_once_and_a_recovery_code_too(
    factors: Factors, user: User, clock: SimulatedClock
) -> None:
    secret, codes = await enrolled(factors, user, clock)
    code = shown(secret, clock)
    assert [await factors.proves(user, code) for _ in range(2)] == [True, False]
    spoken = codes[0].upper().replace("-", " ")
    assert [await factors.proves(user, spoken) for _ in range(2)] == [True, False]
    left = [each for each in await factors.of(TENANT_ID, user.id) if each.kind == Kind.RECOVERY]
    assert len(left) == len(codes) - 1
    assert not await factors.proves(user, "")


async def test_a_factor_of_one_user_proves_nothing_for_another(
    factors: Factors, accounts: Accounts, user: User, clock: SimulatedClock
) -> None:
    secret, codes = await enrolled(factors, user, clock)
    other = await accounts.add_user(TENANT_ID, "bob", Role.ADMIN, PASSWORD)
    await enrolled(factors, other, clock)
    assert not await factors.proves(other, shown(secret, clock))
    assert not await factors.proves(other, codes[0])
    mine = (await factors.of(TENANT_ID, user.id))[0]
    assert not await factors.remove(TENANT_ID, other.id, mine.id)


async def test_with_the_last_factor_the_codes_go_and_the_password_is_enough(
    factors: Factors, accounts: Accounts, user: User, clock: SimulatedClock
) -> None:
    await enrolled(factors, user, clock)
    found = await factors.of(TENANT_ID, user.id)
    assert await factors.remove(TENANT_ID, user.id, found[0].id)
    assert await factors.of(TENANT_ID, user.id) == []
    assert await accounts.sessions.log_in(TENANT_ID, "ada", PASSWORD)


async def test_a_second_app_brings_no_new_codes_and_the_first_one_stays(
    factors: Factors, user: User, clock: SimulatedClock
) -> None:
    first, _ = await enrolled(factors, user, clock)
    factor_id, second, _ = await factors.begin_totp(user, "tablet")
    assert await factors.confirm_totp(user, factor_id, shown(second, clock)) == []
    assert await factors.proves(user, shown(first, clock))


async def test_nothing_that_opens_a_door_is_stored_in_clear(
    factors: Factors, store: Store, user: User, clock: SimulatedClock
) -> None:
    secret, codes = await enrolled(factors, user, clock)

    def everything(connection: Connection) -> str:
        return repr([row._asdict() for row in connection.execute(select(factors_table))])

    kept = await store.read(everything)
    assert repr(secret)[2:-1] not in kept
    assert secret.hex() not in kept
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


async def test_nobody_has_more_factors_than_the_most(
    factors: Factors, user: User, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factors_module, "FACTORS_MAX", 1)
    await enrolled(factors, user, clock)
    with pytest.raises(TooManyFactors):
        await factors.begin_totp(user, "tablet")


async def test_apps_that_were_never_confirmed_make_room(factors: Factors, user: User) -> None:
    for _ in range(factors_module.FACTORS_MAX + 5):
        await factors.begin_totp(user, "phone")
    assert await factors.of(TENANT_ID, user.id) == []


async def test_a_challenge_is_taken_once_in_time_and_for_its_purpose(
    store: Store, clock: SimulatedClock
) -> None:
    challenges = Challenges(store, clock, Secrets([bytes(32)]))
    word = await challenges.make(TENANT_ID, "one", b"content", lifetime_s=60)
    assert await challenges.take(TENANT_ID, "two", word) is None
    assert await challenges.take(TENANT_ID, "one", word + "x") is None
    taken = await challenges.take(TENANT_ID, "one", word)
    assert taken is not None
    assert taken.content == b"content"
    assert await challenges.take(TENANT_ID, "one", word) is None
    late = await challenges.make(TENANT_ID, "one", lifetime_s=60)
    await clock.advance(60)
    assert await challenges.take(TENANT_ID, "one", late) is None


async def test_only_so_many_challenges_are_open(
    store: Store, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeplane.runtime.access.challenges.CHALLENGES_MAX", 3)
    challenges = Challenges(store, clock, Secrets([bytes(32)]))
    words = [await challenges.make(TENANT_ID, "x", lifetime_s=60 + n) for n in range(5)]
    kept = await store.read(lambda c: len(c.execute(select(challenges_table)).all()))
    assert kept == 3
    assert await challenges.take(TENANT_ID, "x", words[0]) is None
    assert await challenges.take(TENANT_ID, "x", words[4]) is not None


async def test_after_a_rotation_the_old_key_may_go(
    store: Store, user: User, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factors_module, "RESEALED_PAGE_MAX", 1)
    old, new, lost = bytes(32), b"n" * 32, b"l" * 32
    secret, _ = await enrolled(Factors(store, clock, Secrets([old])), user, clock)
    await enrolled(Factors(store, clock, Secrets([lost])), user, clock)
    both = Factors(store, clock, Secrets([new, old]))
    assert await both.reseal() == (1, 1)
    assert await both.reseal() == (0, 1)
    mine = [each for each in await both.of(TENANT_ID, user.id) if each.kind == Kind.TOTP]
    assert Secrets([new]).is_current(mine[0].content)
    place = ("totp", str(TENANT_ID), str(mine[0].id))
    assert Secrets([new]).open(mine[0].content, *place) == secret
