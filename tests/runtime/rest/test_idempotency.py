"""A POST under a key is carried out once, on both engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from litestar import post
from litestar.params import JSONBody
from msgspec import Struct
from sqlalchemy import func, select

from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.rest import SECRET_ANSWER, Injected, Problem, Routes, requires
from chargeplane.runtime.rest.idempotency import (
    ANSWER_BYTES_MAX,
    CLAIM_S_MAX,
    KEPT_S,
    KEY_CHARACTERS_MAX,
    forget_expired,
)
from chargeplane.runtime.store import Settings
from chargeplane.runtime.store.idempotency import idempotency_keys
from tests.web.serving import Serving, serving

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Order(Struct, forbid_unknown_fields=True):
    what: str


class Receipt(Struct):
    number: int
    what: str


@dataclass
class Shop:
    """A block that counts what it does, and waits or fails on demand."""

    orders: list[str] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)


@post("/orders", guards=[requires("orders:write")])
async def order(data: JSONBody[Order], shop: Injected[Shop]) -> Receipt:
    shop.orders.append(data.what)
    shop.begun.set()
    if data.what == "slow":
        await shop.open.wait()
    if data.what == "broken":
        raise RuntimeError("the till is stuck")
    if data.what == "refused":
        raise Problem.conflict("sold-out", "nothing is left")
    what = data.what if data.what != "long" else "x" * ANSWER_BYTES_MAX
    return Receipt(len(shop.orders), what)


@post("/secrets", guards=[requires("orders:write")], opt=SECRET_ANSWER)
async def secret(data: JSONBody[Order], shop: Injected[Shop]) -> Receipt:
    shop.orders.append(data.what)
    if data.what == "refused":
        raise Problem.conflict("sold-out", "nothing is left")
    return Receipt(len(shop.orders), "a secret")


@dataclass
class Scene:
    rest: Serving
    shop: Shop
    clock: SimulatedClock

    async def order(
        self, what: str, key: str = "k", path: str = "orders", who: httpx.AsyncClient | None = None
    ) -> httpx.Response:
        return await (who or self.rest.operator).post(
            f"/api/v1/{path}", json={"what": what}, headers={"Idempotency-Key": key}
        )


@asynccontextmanager
async def scene_on(settings: Settings) -> AsyncIterator[Scene]:
    shop, clock = Shop(), SimulatedClock(NOW)
    block = Routes("Orders", (order, secret), {"shop": shop})
    async with serving(settings, clock, [block]) as rest:
        yield Scene(rest, shop, clock)


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[Scene]:
    async with scene_on(settings) as scene:
        yield scene


async def test_a_repetition_gets_the_first_answer_and_does_nothing(scene: Scene) -> None:
    first, second = await scene.order("tea"), await scene.order("tea")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["content-type"] == second.headers["content-type"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert scene.shop.orders == ["tea"]


async def test_without_a_key_and_under_another_key_it_is_done_again(scene: Scene) -> None:
    await scene.order("tea")
    await scene.order("tea", key="other")
    await scene.rest.operator.post("/api/v1/orders", json={"what": "tea"})
    assert scene.shop.orders == ["tea"] * 3


async def test_another_body_path_or_person_under_the_same_key_gets_422(scene: Scene) -> None:
    await scene.order("tea")
    for answer in (
        await scene.order("milk"),
        await scene.order("tea", path="secrets"),
        await scene.order("tea", who=scene.rest.admin),
    ):
        assert answer.status_code == 422
        assert answer.json()["type"].endswith("idempotency-key-reused")
    assert scene.shop.orders == ["tea"]


async def test_a_repetition_while_the_first_is_at_work_gets_409(scene: Scene) -> None:
    first = asyncio.create_task(scene.order("slow"))
    await scene.shop.begun.wait()
    second = await scene.order("slow")
    assert second.status_code == 409
    assert second.json()["type"].endswith("request-in-flight")
    assert second.headers["Retry-After"] == "1"
    scene.shop.open.set()
    assert (await first).status_code == 201
    assert (await scene.order("slow")).headers["Idempotency-Replayed"] == "true"
    assert scene.shop.orders == ["slow"]


async def test_many_at_once_are_carried_out_once(scene: Scene) -> None:
    answers = await asyncio.gather(*(scene.order("tea") for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert 201 in {answer.status_code for answer in answers}
    assert scene.shop.orders == ["tea"]


async def test_a_refusal_is_repeated_as_the_problem_that_it_was(scene: Scene) -> None:
    first, second = await scene.order("refused"), await scene.order("refused")
    assert second.status_code == first.status_code == 409
    assert second.json() == first.json()
    assert second.headers["content-type"].startswith("application/problem+json")
    assert scene.shop.orders == ["refused"]


async def test_an_error_of_ours_is_not_kept_and_the_repetition_is_tried(scene: Scene) -> None:
    assert [(await scene.order("broken")).status_code for _ in range(2)] == [500, 500]
    assert scene.shop.orders == ["broken", "broken"]


async def test_an_answer_is_kept_for_a_day_and_not_longer(scene: Scene) -> None:
    await scene.order("tea")
    await scene.clock.advance(KEPT_S - 1)
    await scene.order("tea")
    assert scene.shop.orders == ["tea"]
    await scene.clock.advance(1)
    await scene.order("tea")
    assert scene.shop.orders == ["tea", "tea"]


async def test_the_claim_of_a_request_that_never_ended_is_free_after_its_time(
    settings: Settings,
) -> None:
    """A node that dies leaves its claim behind; here the request is cut off in the middle."""
    async with scene_on(settings) as scene:
        first = asyncio.create_task(scene.order("slow"))
        await scene.shop.begun.wait()
        await scene.clock.advance(CLAIM_S_MAX - 1)
        assert (await scene.order("slow")).status_code == 409
        await scene.clock.advance(1)
        scene.shop.begun.clear()
        second = asyncio.create_task(scene.order("slow"))
        await scene.shop.begun.wait()
        scene.shop.open.set()
        assert [(await first).json()["number"], (await second).json()["number"]] == [2, 2]
        assert (await scene.order("slow")).headers["Idempotency-Replayed"] == "true"
        assert scene.shop.orders == ["slow", "slow"]


async def test_an_answer_with_a_secret_is_neither_stored_nor_repeated(scene: Scene) -> None:
    assert (await scene.order("x", path="secrets")).json()["what"] == "a secret"
    again = await scene.order("x", path="secrets")
    assert again.status_code == 409
    assert again.json()["type"].endswith("answer-not-kept")
    kept = await scene.rest.store.read(lambda c: list(c.scalars(select(idempotency_keys.c.body))))
    assert kept == [""]


async def test_a_refusal_holds_no_secret_and_is_repeated(scene: Scene) -> None:
    first, again = [await scene.order("refused", path="secrets") for _ in range(2)]
    assert again.json() == first.json()
    assert again.json()["type"].endswith("sold-out")


async def test_an_answer_that_is_too_long_goes_out_but_is_not_repeated(scene: Scene) -> None:
    first = await scene.order("long")
    assert (first.status_code, len(first.json()["what"])) == (201, ANSWER_BYTES_MAX)
    again = await scene.order("long")
    assert again.status_code == 409
    assert again.json()["type"].endswith("answer-not-kept")
    assert scene.shop.orders == ["long"]


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("key", "status"),
    [("x" * KEY_CHARACTERS_MAX, 201), ("x" * (KEY_CHARACTERS_MAX + 1), 400), ("", 400)],
    ids=["longest", "too long", "empty"],
)
async def test_a_key_has_a_bounded_length(scene: Scene, key: str, status: int) -> None:
    assert (await scene.order("tea", key=key)).status_code == status


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_nobody_without_a_token_reaches_a_key(scene: Scene) -> None:
    await scene.order("tea")
    assert (await scene.order("tea", who=scene.rest.client)).status_code == 401


async def test_what_has_expired_is_forgotten_in_the_background(scene: Scene) -> None:
    await scene.order("tea")
    later = Asleep(NOW + timedelta(seconds=KEPT_S))
    chore = asyncio.create_task(forget_expired(scene.rest.store, later))
    await later.fell_asleep.wait()
    count = select(func.count()).select_from(idempotency_keys)
    assert await scene.rest.store.read(lambda c: c.execute(count).scalar_one()) == 0
    chore.cancel()


class Asleep(SimulatedClock):
    """A clock that tells when somebody waits on it: one round of work is done."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.fell_asleep = asyncio.Event()

    async def sleep(self, duration_s: float) -> None:
        self.fell_asleep.set()
        await super().sleep(duration_s)
