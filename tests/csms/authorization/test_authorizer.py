"""The decision with the table behind it, on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from chargeplane.csms.authorization import finding, tables
from chargeplane.csms.preferences import UnknownTokens
from chargeplane.domain.tokens import CUT, IdToken, TokenStatus
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.rest import PageRequest
from chargeplane.runtime.store import Function, Store
from tests.csms.authorization.making import Active, add, authorizer, found, token
from tests.csms.making import NOW, TENANT_ID, station

ABC = IdToken("ABC")
EXPIRY = NOW + timedelta(hours=1)


async def test_a_known_token_gets_its_group_and_its_expiry(store: Store) -> None:
    await add(store, token(group_id="fleet", expires_at=EXPIRY))
    decided = await authorizer(store)(station(), ABC)
    assert decided.status is TokenStatus.ACCEPTED
    assert (decided.group_id, decided.expires_at) == ("fleet", EXPIRY)


async def test_an_unknown_token_is_recorded_with_where_and_when(store: Store) -> None:
    decided = await authorizer(store)(station(), IdToken("New\0One", "ISO14443"))
    assert decided.status is TokenStatus.UNKNOWN
    kept = await found(store, "new\0one")
    assert kept is not None
    assert (kept.value, kept.type, kept.status) == ("New␀One", "ISO14443", TokenStatus.UNKNOWN)
    assert kept.first_seen_at == kept.last_seen_at == NOW
    assert kept.last_seen_station_id == "CP1"


async def test_an_unknown_token_that_comes_again_moves_its_last_time_only(store: Store) -> None:
    clock = SimulatedClock(NOW)
    authorize = authorizer(store, clock=clock)
    await authorize(station(), ABC)
    await clock.advance(3_600)
    assert (await authorize(station(id_="CP2"), ABC)).status is TokenStatus.UNKNOWN
    await store.write(Function(lambda _: None))  # what was submitted before it is done
    kept = await found(store)
    assert kept is not None
    assert (kept.first_seen_at, kept.last_seen_at) == (NOW, NOW + timedelta(hours=1))
    assert kept.last_seen_station_id == "CP2"


async def test_two_nodes_that_meet_the_same_unknown_token_record_it_once(store: Store) -> None:
    def both(connection: Connection) -> None:
        tables.record(connection, TENANT_ID, ABC, "CP1", NOW)
        tables.record(connection, TENANT_ID, ABC, "CP2", NOW + timedelta(seconds=1))

    await store.write(Function(both))
    kept = await found(store)
    assert kept is not None
    assert (kept.first_seen_at, kept.last_seen_station_id) == (NOW, "CP2")


async def test_a_laboratory_may_accept_unknown_tokens_and_records_them_all_the_same(
    sqlite_store: Store,
) -> None:
    authorize = authorizer(sqlite_store, unknown=UnknownTokens.ACCEPT)
    for _ in range(2):  # unknown, then recorded as unknown
        assert (await authorize(station(), ABC)).status is TokenStatus.ACCEPTED
    assert (await found(sqlite_store)) is not None


async def test_a_second_start_of_a_token_is_a_concurrent_transaction(sqlite_store: Store) -> None:
    active = Active()
    await add(sqlite_store, token(group_id="fleet"))
    authorize = authorizer(sqlite_store, active)
    active.counts["abc"] = 1
    decided = await authorize(station(), ABC)
    assert decided.status is TokenStatus.CONCURRENT_TRANSACTION
    assert decided.group_id == "fleet"


async def test_a_token_may_start_as_many_as_it_is_allowed(sqlite_store: Store) -> None:
    active = Active()
    await add(sqlite_store, token(transactions_max=3))
    authorize = authorizer(sqlite_store, active)
    for count, expected in ((2, TokenStatus.ACCEPTED), (3, TokenStatus.CONCURRENT_TRANSACTION)):
        active.counts["abc"] = count
        assert (await authorize(station(), ABC)).status is expected


async def test_the_transaction_that_a_token_is_shown_for_does_not_count(
    sqlite_store: Store,
) -> None:
    active = Active()
    await add(sqlite_store)
    await authorizer(sqlite_store, active)(station(), ABC, wire_id="17")
    assert active.asked == [("CP1", "17")]


async def test_a_refused_token_is_not_looked_for_in_transactions(sqlite_store: Store) -> None:
    active = Active()
    await add(sqlite_store, token(status=TokenStatus.BLOCKED))
    assert (await authorizer(sqlite_store, active)(station(), ABC)).status is TokenStatus.BLOCKED
    assert active.asked == []


async def test_the_start_button_needs_no_token_and_has_no_limit(sqlite_store: Store) -> None:
    active = Active()
    nobody = IdToken("", "NoAuthorization")
    assert (await authorizer(sqlite_store, active)(station(), nobody)).status is (
        TokenStatus.ACCEPTED
    )
    assert active.asked == []
    assert await found(sqlite_store, "") is None


async def test_a_token_that_is_empty_or_cut_is_never_accepted(sqlite_store: Store) -> None:
    authorize = authorizer(sqlite_store, unknown=UnknownTokens.ACCEPT)
    for value in ("", f"ABC{CUT}"):
        assert (await authorize(station(), IdToken(value))).status is TokenStatus.INVALID
        assert await found(sqlite_store, value.casefold()) is None


async def test_when_a_known_token_was_seen_is_written_once_a_minute_at_most(store: Store) -> None:
    await add(store)
    clock = SimulatedClock(NOW)
    authorize = authorizer(store, clock=clock)
    seen = []
    for _ in range(3):
        await authorize(station(), ABC)
        await store.write(Function(lambda _: None))
        kept = await found(store)
        assert kept is not None
        seen.append(kept.last_seen_at)
        await clock.advance(30)
    assert seen == [NOW, NOW, NOW + timedelta(seconds=60)]


async def test_of_too_many_unknown_tokens_the_oldest_are_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "UNKNOWN_MAX", 3)
    monkeypatch.setattr(tables, "_UNKNOWN_SLACK", 1)
    await add(store, token(key="known", value="known"))

    def fill(connection: Connection) -> list[str]:
        for number in range(4):
            at = NOW + timedelta(seconds=number)
            tables.record(connection, TENANT_ID, IdToken(f"T{number}"), "CP1", at)
        kept = finding.LISTING.page(connection, TENANT_ID, finding.Wanted(), "token", PageRequest())
        return [each.record.key for each in kept]

    assert await store.write(Function(fill)) == ["known", "t2", "t3"]
