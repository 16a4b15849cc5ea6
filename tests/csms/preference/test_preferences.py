"""Preferences: what a tenant chooses counts at once, and is its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest

from chargeplane.csms import preference
from chargeplane.csms.preference import Chosen, tables
from chargeplane.csms.preference.service import LOOK_EVERY_S
from chargeplane.csms.preference.tables import Choice
from chargeplane.csms.preferences import Preferences, UnknownTokens, defaults
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Store, tenants
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

OTHER_ID = UUID(int=5)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


@pytest.fixture
def chosen(store: Store, clock: SimulatedClock) -> Chosen:
    return Chosen(store, clock, Preferences(heartbeat_interval_s=200))


def by_name(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return {each["name"]: each for each in answer.json()["items"]}


async def test_a_choice_counts_at_once_and_the_default_again_when_it_is_taken_back(
    store: Store, chosen: Chosen
) -> None:
    async with client(store, *preference.block(chosen).routes, role="admin") as admin:
        before = by_name(await admin.get("/preferences"))
        assert before["heartbeat_interval_s"] == {
            "name": "heartbeat_interval_s", "value": 200, "default": 200, "minimum": 10,
            "maximum": 86_400, "choices": None, "changed_at": None, "changed_by": None,
        }  # fmt: skip
        assert before["unknown_tokens"]["choices"] == ["reject", "accept"]
        wanted = {"heartbeat_interval_s": 900, "unknown_tokens": "accept"}
        after = by_name(await admin.patch("/preferences", json=wanted))
        assert {name: after[name]["value"] for name in wanted} == wanted
        assert after["heartbeat_interval_s"]["changed_at"] is not None
        assert after["heartbeat_interval_s"]["changed_by"]
        assert chosen(TENANT_ID) == Preferences(
            heartbeat_interval_s=900, unknown_tokens=UnknownTokens.ACCEPT
        )
        back = await admin.patch("/preferences", json={"heartbeat_interval_s": None})
        assert by_name(back)["heartbeat_interval_s"] == before["heartbeat_interval_s"]
        assert chosen(TENANT_ID).heartbeat_interval_s == 200
        assert chosen(TENANT_ID).unknown_tokens is UnknownTokens.ACCEPT
        assert by_name(await admin.patch("/preferences", json={})) == by_name(back)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("heartbeat_interval_s", 9),
        ("retry_interval_s", 86_401),
        ("frames_kept_days", 0),
        ("frames_kept_max", 100_001),
        ("frames_kept_max", "many"),
        ("unknown_tokens", "perhaps"),
    ],
)
async def test_what_cannot_be_is_refused_and_the_field_is_named(
    sqlite_store: Store, clock: SimulatedClock, name: str, value: object
) -> None:
    chosen = Chosen(sqlite_store, clock)
    async with client(sqlite_store, *preference.block(chosen).routes, role="admin") as admin:
        answer = await admin.patch("/preferences", json={name: value})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, name)
        unknown = await admin.patch("/preferences", json={"port": 80})
        assert unknown.status_code == 400
    assert chosen(TENANT_ID) == Preferences()


async def test_operators_see_them_and_administrators_alone_change_them(
    sqlite_store: Store, clock: SimulatedClock
) -> None:
    chosen = Chosen(sqlite_store, clock)
    async with client(sqlite_store, *preference.block(chosen).routes) as operator:
        assert (await operator.get("/preferences")).status_code == 200
        answer = await operator.patch("/preferences", json={"frames_kept_days": 1})
        assert answer.status_code == 403


async def test_each_tenant_has_its_own_and_they_are_there_after_a_restart(
    store: Store, chosen: Chosen, clock: SimulatedClock
) -> None:
    await store.write(Function(lambda c: tenants.ensure(c, OTHER_ID, "other", NOW)))
    await chosen.change(TENANT_ID, "ada", {"frames_kept_days": 30})
    await chosen.change(OTHER_ID, "eve", {"frames_kept_days": 3})
    again = Chosen(store, clock)
    await again.load()
    assert [again(each).frames_kept_days for each in (TENANT_ID, OTHER_ID)] == [30, 3]
    assert again.choices(OTHER_ID)["frames_kept_days"].changed_by == "eve"
    assert again(UUID(int=6)) == Preferences() == defaults(TENANT_ID)


async def test_what_another_process_has_changed_counts_after_a_while(
    sqlite_store: Store, clock: SimulatedClock
) -> None:
    here, there = Chosen(sqlite_store, clock), Chosen(sqlite_store, clock)
    await there.change(TENANT_ID, "ada", {"retry_interval_s": 30})
    assert here(TENANT_ID).retry_interval_s == 60
    await here.load()
    assert here(TENANT_ID).retry_interval_s == 30
    assert LOOK_EVERY_S <= 60


@pytest.mark.parametrize(
    ("name", "value"), [("of_tomorrow", "1"), ("frames_kept_days", '"long"'), ("x", "no json")]
)
async def test_what_another_version_has_written_is_passed_over(
    sqlite_store: Store, clock: SimulatedClock, name: str, value: str
) -> None:
    at: datetime = NOW - timedelta(days=1)
    odd = Choice(TENANT_ID, name, value, "ada", at)
    good = Choice(TENANT_ID, "retry_interval_s", "30", "ada", at)
    for each in (odd, good):
        await sqlite_store.write(Function(partial(tables.put, choice=each)))
    chosen = Chosen(sqlite_store, clock)
    await chosen.load()
    assert chosen(TENANT_ID) == Preferences(retry_interval_s=30)
    assert list(chosen.choices(TENANT_ID)) == ["retry_interval_s"]
