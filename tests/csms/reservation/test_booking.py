"""Whoever is limited to some sites reserves and sees what is there, and nothing else."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, update

from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known, stations
from chargeplane.csms.reservation import tables
from chargeplane.csms.reservation.booking import Booking, NewReservation
from chargeplane.csms.reservation.keeper import Begun
from chargeplane.csms.reservation.live import ReservationQuery, ShownReservations
from chargeplane.domain.commands import Accepted, Command, Outcome, Reserve
from chargeplane.domain.reservations import ReservationState as State
from chargeplane.runtime.rest import OneById, Principal, Problem
from chargeplane.runtime.store import Function, Store
from tests.csms.making import NOW, TENANT_ID, station
from tests.csms.reservation.making import HOUR, Scene

PLACES = {"CP1": "north", "CP2": "south"}


def fill(connection: Connection) -> None:
    for name, site_id in PLACES.items():
        register(connection, Known(TENANT_ID, name, 0, None, Registration.ACCEPTED, 0), NOW)
        here = update(stations).where(stations.c.id == name)
        connection.execute(here.values(site_id=site_id))


@pytest.fixture
async def scene(store: Store) -> Scene:
    await store.write(Function(fill))
    return Scene(store)


def person(*sites: str) -> Principal:
    return Principal(
        TENANT_ID, UUID(int=1), "eve", "installer", frozenset({"*:read", "*:command"}),
        sites=frozenset(sites) if sites else None,
    )  # fmt: skip


def booking(scene: Scene) -> Booking:
    """Its stations take every reservation."""

    async def send(tenant_id: UUID, station_id: str, command: Command) -> Outcome:
        assert isinstance(command, Reserve)
        made = await scene.reservations.begin(station(id_=station_id), command)
        assert isinstance(made, Begun)
        await made.settle(Accepted())
        return Accepted()

    return Booking(scene.reservations, scene.store, send)


def wanted(station_id: str) -> NewReservation:
    return NewReservation(station_id=station_id, id_token="ANNA", expires_at=NOW + HOUR)


async def test_a_station_elsewhere_is_not_there(scene: Scene) -> None:
    books, limited = booking(scene), person("north")
    with pytest.raises(Problem) as refused:
        await books.reserve(limited, wanted("CP2"))
    assert (refused.value.status, scene.events) == (404, [])
    answer = await books.reserve(limited, wanted("CP1"))
    assert answer.reservation is not None
    assert (answer.outcome, answer.reservation.state) == ("accepted", State.HELD)


async def test_reservations_elsewhere_are_not_seen(scene: Scene) -> None:
    books, shown = booking(scene), ShownReservations(scene.store)
    made: dict[str, Any] = {}
    for name in PLACES:
        made[name] = (await books.reserve(person(), wanted(name))).reservation
    query, north = ReservationQuery(count=True), frozenset({"north"})
    page = await shown.page(TENANT_ID, query, north)
    assert [each.station_id for each in page.items] == ["CP1"]
    assert page.by_state == {"held": 1}
    assert len((await shown.page(TENANT_ID, query)).items) == 2
    keys = [str(each.id) for each in made.values()]
    assert set(await shown.each.rows(TENANT_ID, keys, north)) == {str(made["CP1"].id)}
    assert await shown.each.one(TENANT_ID, OneById(made["CP1"].id), north) == made["CP1"]
    with pytest.raises(Problem):
        await shown.each.one(TENANT_ID, OneById(made["CP2"].id), north)
    for name, there in (("CP1", True), ("CP2", False)):
        look = partial(tables.is_at, tenant_id=TENANT_ID, reservation_id=made[name].id, sites=north)
        assert await scene.store.read(look) is there
    coming = await scene.store.read(lambda c: tables.coming(c, TENANT_ID, NOW, north))
    assert [each.station_id for each in coming] == ["CP1"]


async def test_a_list_is_narrowed_by_all_that_is_asked_for(scene: Scene) -> None:
    books, shown = booking(scene), ShownReservations(scene.store)
    for name in PLACES:
        await books.reserve(person(), wanted(name))
    first = await scene.store.read(lambda c: tables.at_station(c, TENANT_ID, "CP1", NOW))
    await scene.reservations.cancelled(first[0], Accepted())

    async def found(**asked: Any) -> list[str]:
        page = await shown.page(TENANT_ID, ReservationQuery(sort="station_id", **asked))
        return [each.station_id for each in page.items]

    assert await found() == ["CP1", "CP2"]
    assert await found(station_id="CP2") == ["CP2"]
    assert await found(state=State.CANCELLED) == ["CP1"]
    assert (await found(open=True), await found(open=False)) == (["CP2"], ["CP1"])
    assert (await found(id_token="anna"), await found(id_token="ann")) == (["CP1", "CP2"], [])
    assert (await found(search="p2"), await found(search="NN")) == (["CP2"], ["CP1", "CP2"])
    assert await found(starts_at=NOW + HOUR) == ["CP1", "CP2"]
    assert await found(ends_at=NOW + HOUR) == []
    page = await shown.page(TENANT_ID, ReservationQuery(items_max=1, count=True, open=True))
    assert page.by_state == {"cancelled": 1, "held": 1}
