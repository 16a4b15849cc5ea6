"""Every error is a problem, and errors of ours keep what they know to themselves."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from litestar import get, post
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Struct
from sqlalchemy import select

from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.rest import Injected, Page, PageRequest, Routes, Span, requires
from chargeplane.runtime.store import Settings, Store, StoreUnavailable, tenants
from chargeplane.web.app import BODY_BYTES_MAX
from tests.web.serving import Serving, serving


class Plug(Struct, forbid_unknown_fields=True):
    id: Annotated[int, Meta(ge=1)]


class Evse(Struct, forbid_unknown_fields=True):
    name: str
    plugs: list[Plug] = []


@post("/evses", guards=[requires("evses:write")])
async def make(data: JSONBody[Evse]) -> int:
    return len(data.plugs)


@get("/broken", guards=[requires("evses:read")])
async def broken() -> None:
    raise RuntimeError("postgresql://admin:hunter2@10.0.0.7/main")


@get("/away", guards=[requires("evses:read")])
async def away() -> None:
    raise StoreUnavailable("the database is away: 10.0.0.7 refused")


@get("/search", guards=[requires("evses:read")])
async def search(
    store: Injected[Store],
    page: Injected[PageRequest],
    span: Injected[Span],
    name: Annotated[str, QueryParameter()] = "",
) -> Page[str]:
    query = select(tenants.tenants.c.name).where(tenants.tenants.c.name == name)
    rows = await store.read(lambda c: list(c.scalars(query)))
    return page.of(rows, str, key=str)


@pytest.fixture
async def rest(settings: Settings, clock: SimulatedClock) -> AsyncIterator[Serving]:
    block = Routes("Evses", (make, broken, away, search))
    async with serving(settings, clock, [block]) as served:
        yield served


def fields(answer: httpx.Response) -> list[str]:
    """The fields that a 400 names."""
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["field"] for error in answer.json().get("errors", [])]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("{}", ["name"]),
        ('{"name": 1}', ["name"]),
        ('{"name": "x", "colour": "red"}', ["colour"]),
        ('{"name": "x", "plugs": {}}', ["plugs"]),
        ('{"name": "x", "plugs": [{"id": 1}, {"id": 0}]}', ["plugs[1].id"]),
        ("[]", ["body"]),
        ("null", ["body"]),
        ("", ["body"]),
        ("{", []),
        ('{"name": "\xff"}', []),
        ("[" * 100_000, []),
    ],
    ids=lambda each: each[:40] if isinstance(each, str) else "",
)
async def test_a_body_that_cannot_be_used_names_its_fields(
    rest: Serving, body: str, named: list[str]
) -> None:
    answer = await rest.operator.post("/api/v1/evses", content=body.encode("latin-1"))
    assert fields(answer) == named


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", ["limit"]),
        ("limit=1001", ["limit"]),
        ("limit=many", ["limit"]),
        ("limit=10&limit=10", ["limit"]),
        ("name=a&limit=10&name=%00", ["name"]),
        ("cursor=", ["cursor"]),
        ("cursor=" + "x" * 1_001, ["cursor"]),
        ("from=yesterday", ["from"]),
        ("from=2026-11-21T00:00:00", ["from"]),
        ("from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z", ["to"]),
    ],
    ids=lambda each: each[:40] if isinstance(each, str) else "",
)
async def test_a_query_that_cannot_be_used_names_its_parameters(
    rest: Serving, query: str, named: list[str]
) -> None:
    assert fields(await rest.viewer.get(f"/api/v1/search?{query}")) == named


async def test_the_largest_page_is_fine(rest: Serving) -> None:
    assert (await rest.viewer.get("/api/v1/search?limit=1000")).status_code == 200


async def test_text_that_no_column_holds_is_the_askers_mistake(rest: Serving) -> None:
    answer = await rest.viewer.get("/api/v1/search", params={"name": "a\0b"})
    assert answer.status_code == 400
    assert "cannot be stored" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/users/not-a-uuid"])
async def test_what_is_not_there_is_a_problem_too(rest: Serving, path: str) -> None:
    answer = await rest.admin.delete(path)
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "urn:problem-type:chargeplane:not-found",
        "title": "Not found",
        "status": 404,
    }


async def test_a_method_that_a_resource_lacks_gets_405_and_the_list_of_those_it_has(
    rest: Serving,
) -> None:
    answer = await rest.admin.put("/api/v1/users")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
    assert answer.json()["type"].endswith("method-not-allowed")


@pytest.mark.parametrize("has_key", [False, True], ids=["plain", "with a key"])
async def test_a_body_beyond_the_bound_is_refused(rest: Serving, has_key: bool) -> None:
    headers = {"Idempotency-Key": "k"} if has_key else {}

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * (BODY_BYTES_MAX // 2)

    for body in (b" " * (BODY_BYTES_MAX + 1), chunks()):
        answer = await rest.operator.post("/api/v1/evses", content=body, headers=headers)
        assert answer.status_code == 413
        assert answer.json()["type"].endswith("too-large")
    just_right = b'{"name": "x"}'.ljust(BODY_BYTES_MAX)
    assert (await rest.operator.post("/api/v1/evses", content=just_right)).status_code == 201


async def test_an_error_of_ours_tells_an_incident_and_the_log_tells_the_rest(
    rest: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await rest.viewer.get("/api/v1/broken")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    (record,) = [each for each in caplog.records if each.name == "chargeplane.web.failures"]
    assert answer.json()["incident"] in record.getMessage()
    assert record.exc_info is not None
    assert "hunter2" in str(record.exc_info[1])


async def test_a_database_that_is_away_is_503_and_asks_to_try_again(rest: Serving) -> None:
    answer = await rest.viewer.get("/api/v1/away")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert "10.0.0.7" not in answer.text
