"""The chain of the audit log, on both engines: every way to falsify it is found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import Connection, delete, text, update

from chargeplane.runtime.audit import Actor, Entry, Head, Note, append, check, entries, head, noted
from chargeplane.runtime.audit.chain import audit_heads, audit_log, digest_of
from chargeplane.runtime.audit.noting import without_secrets
from chargeplane.runtime.store import Function, Settings, Statements, Store, tenants

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TENANT_ID, OTHER_ID = UUID(int=1), UUID(int=2)
ADA = Actor(TENANT_ID, "user", "17", "ada", "192.0.2.1")


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    async with Store(settings) as opened:
        for tenant_id in (TENANT_ID, OTHER_ID):
            make = partial(tenants.ensure, tenant_id=tenant_id, name="t", now=NOW)
            await opened.write(Function(make))
        yield opened


async def written(store: Store, count: int = 5, actor: Actor = ADA) -> None:
    for number in range(count):
        with noted(Note(actor, "change_user", f"users/{number}", NOW, "because")):
            await store.write(Function(lambda connection: None))


async def checked(store: Store, known: Head | None = None) -> int | None:
    """The number of the entry that the chain breaks at."""
    broken = await store.read(lambda connection: check(connection, TENANT_ID, known))
    return None if broken is None else broken.seq


async def test_what_is_written_is_in_the_log_of_its_tenant_in_order(store: Store) -> None:
    await written(store)
    await written(store, 1, replace(ADA, tenant_id=OTHER_ID))
    found = await store.read(lambda c: entries(c, TENANT_ID, after=0, count_max=100))
    assert [entry.seq for entry in found] == [1, 2, 3, 4, 5]
    assert [entry.target for entry in found] == [f"users/{number}" for number in range(5)]
    assert {(entry.actor_name, entry.reason, entry.source) for entry in found} == {
        ("ada", "because", "192.0.2.1")
    }
    assert await checked(store) is None


async def test_an_entry_is_there_exactly_if_the_change_is(store: Store) -> None:
    def fail(_: Connection) -> None:
        raise LookupError

    with noted(Note(ADA, "one", "x", NOW)), pytest.raises(LookupError):
        await store.write(Function(fail))
    with noted(Note(ADA, "two", "x", NOW)):
        await store.write(Function(lambda connection: None))
    await store.write(Function(lambda connection: None))
    found = await store.read(lambda c: entries(c, TENANT_ID, after=0, count_max=10))
    assert [entry.action for entry in found] == ["two"]


async def test_a_note_makes_one_entry_however_many_units_carry_it(store: Store) -> None:
    note = Note(ADA, "one", "x", NOW)
    with noted(note):
        for _ in range(3):
            await store.write(Function(lambda connection: None))
    assert note.is_carried
    assert (await store.read(lambda c: head(c, TENANT_ID))).seq == 1


async def test_entries_that_come_at_once_are_numbered_without_a_gap(store: Store) -> None:
    async def one(number: int) -> None:
        with noted(Note(ADA, "one", str(number), NOW)):
            await store.write(Function(lambda connection: None))

    await asyncio.gather(*(one(number) for number in range(50)))
    assert (await store.read(lambda c: head(c, TENANT_ID))).seq == 50
    assert await checked(store) is None


@pytest.mark.parametrize(
    "column", [name for name in Entry._fields if name not in ("tenant_id", "seq", "id", "at")]
)
async def test_an_entry_that_was_changed_is_found(store: Store, column: str) -> None:
    await written(store)
    third = (audit_log.c.tenant_id == TENANT_ID, audit_log.c.seq == 3)
    value = "0" * 64 if column in ("previous", "digest") else "nobody"
    change = update(audit_log).where(*third).values({column: value})
    await store.write(Statements((change,)))
    assert await checked(store) == 3


@pytest.mark.parametrize("seq", [1, 3, 5])
async def test_an_entry_that_was_removed_is_found(store: Store, seq: int) -> None:
    await written(store)
    gone = delete(audit_log).where(audit_log.c.tenant_id == TENANT_ID, audit_log.c.seq == seq)
    await store.write(Statements((gone,)))
    assert await checked(store) == (seq if seq < 5 else 5)


async def test_an_entry_that_was_inserted_is_found_even_if_all_after_it_move(store: Store) -> None:
    await written(store)

    def falsify(connection: Connection) -> None:
        mine = audit_log.c.tenant_id == TENANT_ID
        for seq in (5, 4, 3):
            of_row = (mine, audit_log.c.seq == seq)
            connection.execute(update(audit_log).where(*of_row).values(seq=seq + 1))
        second = entries(connection, TENANT_ID, after=1, count_max=1)[0]
        forged = second._replace(seq=3, id=UUID(int=9), previous=second.digest, action="forged")
        forged = forged._replace(digest=digest_of(forged))
        connection.execute(audit_log.insert().values(forged._asdict()))
        connection.execute(update(audit_heads).values(seq=6))

    await store.write(Function(falsify))
    assert await checked(store) == 4


async def test_a_chain_that_was_made_anew_does_not_hold_against_a_kept_head(store: Store) -> None:
    await written(store)
    kept = await store.read(lambda c: head(c, TENANT_ID))
    await written(store, 2)
    assert await checked(store, kept) is None

    def forge(connection: Connection) -> None:
        old = entries(connection, TENANT_ID, after=0, count_max=100)
        for table in ("audit_log", "audit_heads"):
            connection.execute(text(f"DELETE FROM {table}"))
        for entry in old:
            append(connection, entry._replace(actor_name="nobody"))

    await store.write(Function(forge))
    assert await checked(store) is None
    assert await checked(store, kept) == kept.seq


async def test_a_chain_that_was_cut_back_does_not_hold_against_a_kept_head(store: Store) -> None:
    await written(store)
    kept = await store.read(lambda c: head(c, TENANT_ID))

    def cut(connection: Connection) -> None:
        fourth = entries(connection, TENANT_ID, after=3, count_max=1)[0]
        connection.execute(delete(audit_log).where(audit_log.c.seq == 5))
        values = {"seq": 4, "digest": fourth.digest}
        connection.execute(update(audit_heads).values(values))

    await store.write(Function(cut))
    assert await checked(store) is None
    assert await checked(store, kept) == 5


def test_no_secret_and_nothing_long_is_kept_of_a_request() -> None:
    body = {
        "name": "ada", "role": "viewer", "password": "hunter2", "new": "hunter3", "limit": 3,
        "api_token": "cp_x", "station_id": "CP1", "payload": {"key": "hunter4"}, "text": "x" * 999,
        "sites": ["north"], "deep": {"password": "hunter5"},
    }  # fmt: skip
    kept = without_secrets(body)
    assert "hunter" not in repr(kept)
    assert "cp_x" not in repr(kept)
    assert kept["name"] == "ada"
    assert (kept["station_id"], kept["limit"], kept["sites"]) == ("CP1", 3, ["north"])
    assert kept["text"] == kept["deep"] == "..."
    assert without_secrets(["a"]) == {}
    assert len(without_secrets({str(number): 1 for number in range(999)})) == 50
