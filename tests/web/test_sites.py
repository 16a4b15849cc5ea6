"""Somebody who is limited to some sites sees and changes nothing elsewhere, whatever is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from litestar import get, post
from litestar.params import FromPath
from sqlalchemy import Connection

from chargeplane.runtime.access import Role
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.rest import SITED, Injected, Principal, Routes, requires
from chargeplane.runtime.store import Settings
from tests.web.serving import TENANT_ID, Serving, serving

WHERE = {"m1": "north", "m2": "south"}


@get("/meters", guards=[requires("meters:read")], opt=SITED)
async def list_meters(principal: Injected[Principal]) -> list[str]:
    """Keeps to the sites by itself."""
    mine = principal.sites
    return [meter for meter, site in WHERE.items() if mine is None or site in mine]


@get("/meters/{meter_id:str}", guards=[requires("meters:read")])
async def show_meter(meter_id: FromPath[str]) -> str:
    """Its path names something that has a place."""
    return meter_id


@get("/totals", guards=[requires("meters:read")])
async def show_totals() -> str:
    """Knows nothing of sites."""
    return "all of it"


@post("/totals", guards=[requires("meters:write")])
async def change_totals() -> str:
    return "all of it"


def is_at(connection: Connection, tenant_id: UUID, meter_id: str, sites: frozenset[str]) -> bool:
    return connection.in_transaction() and tenant_id == TENANT_ID and WHERE.get(meter_id) in sites


BLOCK = Routes(
    "Meters",
    (list_meters, show_meter, show_totals, change_totals),
    places={"meter_id": is_at},
)


@pytest.fixture
async def meters(settings: Settings, clock: SimulatedClock) -> AsyncIterator[Serving]:
    async with serving(settings, clock, [BLOCK]) as served:
        yield served


async def test_a_limited_operator_sees_own_sites_alone(meters: Serving) -> None:
    _, secret = await meters.accounts.add_token(TENANT_ID, "x", Role.OPERATOR, sites=["north"])
    async with meters.as_(secret) as limited:
        assert (await limited.get("/api/v1/meters")).json() == ["m1"]
        assert (await limited.get("/api/v1/meters/m1")).status_code == 200
        for elsewhere in ("m2", "m3"):
            answer = await limited.get(f"/api/v1/meters/{elsewhere}")
            assert answer.status_code == 404
            assert answer.json()["detail"] == f"there is no meter {elsewhere}"


async def test_what_does_not_keep_to_sites_is_closed_to_who_is_limited(meters: Serving) -> None:
    _, secret = await meters.accounts.add_token(TENANT_ID, "x", Role.OPERATOR, sites=["north"])
    async with meters.as_(secret) as limited:
        assert (await limited.get("/api/v1/totals")).status_code == 403
        assert (await limited.post("/api/v1/totals")).status_code == 403
        assert (await limited.get("/api/v1/me")).json()["sites"] == ["north"]


async def test_no_site_at_all_is_nothing_at_all(meters: Serving) -> None:
    _, secret = await meters.accounts.add_token(TENANT_ID, "x", Role.OPERATOR, sites=[])
    async with meters.as_(secret) as limited:
        assert (await limited.get("/api/v1/meters")).json() == []
        assert (await limited.get("/api/v1/meters/m1")).status_code == 404


async def test_who_is_not_limited_sees_everything(meters: Serving) -> None:
    assert (await meters.operator.get("/api/v1/meters")).json() == ["m1", "m2"]
    assert (await meters.operator.get("/api/v1/meters/m2")).status_code == 200
    assert (await meters.operator.get("/api/v1/totals")).status_code == 200
