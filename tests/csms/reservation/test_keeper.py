"""Reservations in the store, on both engines: nothing is lost, and nothing told twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from chargeplane.csms.contract import Station
from chargeplane.csms.reservation import keeper, tables
from chargeplane.csms.reservation.keeper import Begun
from chargeplane.csms.reservation.service import Reservation
from chargeplane.domain.commands import Accepted, NoAnswer, Outcome, Refused, Unsupported
from chargeplane.domain.events import MeterSampled, ReservationChanged
from chargeplane.domain.reservations import ReservationState as State
from chargeplane.domain.status import ConnectorStatus
from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.store import Store
from tests.csms.making import NOW, TENANT_ID, station
from tests.csms.reservation.making import HOUR, Scene, wish
from tests.csms.reservation.test_rules import MINUTE, started, status
from tests.csms.test_pulse import sampled

ONE, TWO = station(Version.V1_6), station(Version.V2_1)
STATUS = ConnectorStatus


@pytest.fixture
def scene(store: Store) -> Scene:
    return Scene(store)


async def begun(scene: Scene, of: Station = ONE, **more: Any) -> Reservation:
    return (await asked(scene, of, **more)).reservation


async def asked(scene: Scene, of: Station = ONE, **more: Any) -> Begun:
    begun = await scene.reservations.begin(of, wish(**more))
    assert isinstance(begun, Begun), begun
    return begun


async def test_a_reservation_is_a_row_before_its_station_is_asked(scene: Scene) -> None:
    made = await begun(scene)
    assert await scene.now(made) == made
    assert (made.state, made.family, made.wire_id, made.evse_id) == (State.REQUESTED, 1, 1, 1)
    [event] = scene.events
    assert isinstance(event, ReservationChanged)
    assert (event.reservation_id, event.state) == (str(made.id), State.REQUESTED)
    later = Scene(scene.store)  # the program has started again
    assert await later.now(made) == made
    await later.clock.advance(HOUR.total_seconds())
    assert await later.reservations.expire() == 1
    assert (await later.now(made)).state is State.EXPIRED
    assert await later.reservations.expire() == 0


async def test_every_answer_of_a_station_is_kept_and_told(scene: Scene) -> None:
    made = [await asked(scene) for _ in range(3)]
    assert [each.reservation.wire_id for each in made] == [1, 21, 41]
    scene.events.clear()
    outcomes: list[Outcome] = [
        Accepted(),
        Refused(status="Occupied", reason="busy"),
        NoAnswer(reason="silence"),
    ]
    for each, outcome in zip(made, outcomes, strict=True):
        await each.settle(outcome)
    found = [await scene.now(each.reservation) for each in made]
    assert [(each.state, each.status, each.reason) for each in found] == [
        (State.HELD, "Accepted", None),
        (State.REFUSED, "Occupied", "busy"),
        (State.REQUESTED, None, "silence"),
    ]
    assert len(scene.events) == 3
    await made[0].settle(Accepted())
    assert len(scene.events) == 3


async def test_what_a_station_says_of_its_own_reservation_counts_and_of_anothers_not(
    scene: Scene,
) -> None:
    mine, settle = await asked(scene, TWO)
    other = station(Version.V2_1, "CP2")
    says = scene.reservations.reported
    assert not await says(other, mine.wire_id, State.REMOVED, NOW)
    for wire_id in (4711, 0, -1, 2**31, 10**30):
        assert not await says(TWO, wire_id, State.REMOVED, NOW)
        await scene.hears(started("BOB", named=str(wire_id)))
    assert (await scene.now(mine)).state is State.REQUESTED
    assert await says(TWO, mine.wire_id, State.REMOVED, NOW)
    await settle(Accepted())  # the answer is read after it
    found = await scene.now(mine)
    assert (found.state, found.status, found.ended_at) == (State.REMOVED, "Accepted", NOW)


async def test_a_transaction_uses_the_reservation_that_it_names(scene: Scene) -> None:
    first, second = await begun(scene), await begun(scene, evse_id=2)
    await scene.clock.advance(2 * HOUR.total_seconds())
    assert await scene.reservations.expire() == 2
    await scene.hears(started("BOB", named=str(second.wire_id)))
    await scene.hears(started("BOB", named=str(second.wire_id)))
    assert (await scene.now(first)).state is State.EXPIRED
    found = await scene.now(second)
    assert (found.state, found.transaction_id) == (State.USED, UUID(int=99))
    last = scene.events[-1]
    assert isinstance(last, ReservationChanged)
    assert last.transaction_id == str(UUID(int=99))
    assert len(scene.events) == 5


async def test_a_start_that_names_none_uses_one_reservation_of_its_token(scene: Scene) -> None:
    last = await begun(scene, evse_id=None, expires_at=NOW + 2 * HOUR)
    first = await begun(scene, evse_id=1)
    await scene.hears(started("anna"))
    assert (await scene.now(first)).state is State.USED
    assert (await scene.now(last)).state is State.REQUESTED


async def test_in_1x_a_connector_that_is_free_again_has_lost_its_reservation(scene: Scene) -> None:
    made = await begun(scene)
    await scene.hears(status(STATUS.RESERVED, STATUS.AVAILABLE))
    assert (await scene.now(made)).state is State.HELD
    await scene.hears(status(STATUS.AVAILABLE, STATUS.RESERVED))
    found = await scene.now(made)
    assert (found.state, found.reason) == (State.REMOVED, "EVSE 1 connector 1 is available")


def test_what_says_nothing_of_reservations_costs_nothing(scene: Scene) -> None:
    hear = scene.reservations.hear
    assert hear(status(STATUS.CHARGING, STATUS.PREPARING)) is None
    event = sampled()
    assert isinstance(event, MeterSampled)
    assert hear(event) is None


async def test_where_nobody_reserves_nothing_is_read_when_a_transaction_starts(
    scene: Scene,
) -> None:
    keeps, event = scene.reservations, started()
    assert keeps.hear(event) is not None  # it has not looked yet
    await keeps.settle()
    assert await keeps.expire() == 0
    assert keeps.hear(event) is None
    assert keeps.hear(status(STATUS.FAULTED)) is None
    assert keeps.hear(started(named="1")) is not None
    made = await begun(scene)
    assert keeps.hear(event) is not None
    await keeps.settle()
    assert (await scene.now(made)).state is State.USED


async def test_what_cannot_be_a_reservation_is_told_and_leaves_no_row(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = scene.reservations.begin
    made = await begun(scene, reservation_id=str(UUID(int=5)))
    assert made.id == UUID(int=5)
    monkeypatch.setattr(keeper, "OPEN_MAX", 2)
    for more, why in (
        ({"reservation_id": str(UUID(int=5)), "evse_id": 2}, "already"),
        ({"reservation_id": "x"}, "no UUID"),
        ({"expires_at": NOW}, "over already"),
    ):
        refused = await begin(ONE, wish(**more))
        assert isinstance(refused, Unsupported)
        assert why in refused.reason
    await begun(scene)
    refused = await begin(ONE, wish())
    assert isinstance(refused, Unsupported)
    assert "2 open" in refused.reason
    assert await scene.store.read(lambda c: tables.open_count(c, TENANT_ID, "CP1")) == 2


async def test_wire_ids_are_drawn_until_one_is_free_in_the_installation(scene: Scene) -> None:
    first = await begun(scene)
    same = keeper.Reservations(scene.store, scene.clock, scene.tell_of, lambda: first.wire_id)
    with pytest.raises(RuntimeError, match="taken"):
        await same.begin(station(Version.V2_1, "CP9"), wish())
    made = await keeper.Reservations(scene.store, scene.clock, scene.tell_of).begin(TWO, wish())
    assert isinstance(made, Begun)
    assert 0 < made.reservation.wire_id < 2**31


async def settled(settle: Callable[[Outcome], Awaitable[None]]) -> None:
    await settle(Accepted())


async def test_under_its_id_an_open_reservation_gets_another_time(scene: Scene) -> None:
    first = await asked(scene)
    await first.settle(Accepted())
    made = first.reservation
    longer: dict[str, Any] = {"reservation_id": str(made.id), "expires_at": NOW + 3 * HOUR}
    again = await asked(scene, **longer)
    assert again.reservation == await scene.now(made)  # not before the station says so
    await again.settle(Refused(status="Occupied"))
    await again.settle(NoAnswer())
    assert (await scene.now(made)).expires_at == NOW + HOUR
    await again.settle(Accepted())
    await scene.clock.advance(2 * HOUR.total_seconds())
    assert await scene.reservations.expire() == 0
    found = await scene.now(made)
    assert (found.state, found.expires_at, found.wire_id) == (State.HELD, NOW + 3 * HOUR, 1)
    for more in ({"evse_id": 2}, {"id_token": IdToken("BOB")}):
        refused = await scene.reservations.begin(ONE, wish(**longer, **more))
        assert isinstance(refused, Unsupported)
    last = await asked(scene, **longer)
    await scene.clock.advance(HOUR.total_seconds())
    assert await scene.reservations.expire() == 1
    await last.settle(Accepted())  # the station has taken it a moment before
    assert (await scene.now(made)).state is State.HELD
    await scene.hears(started(named="1"))
    await last.settle(Accepted())
    assert (await scene.now(made)).state is State.USED


async def test_expiry_use_and_update_at_the_same_time_end_in_one_state(scene: Scene) -> None:
    made, settle = await asked(scene, TWO)
    await scene.clock.advance(HOUR.total_seconds())
    async with asyncio.TaskGroup() as together:
        together.create_task(scene.reservations.expire())
        together.create_task(
            scene.reservations.reported(TWO, made.wire_id, State.EXPIRED, NOW + HOUR)
        )
        together.create_task(scene.hears(started(named=str(made.wire_id), at=NOW + MINUTE)))
        together.create_task(settled(settle))
    found = await scene.now(made)
    assert (found.state, found.ended_at) == (State.USED, NOW + MINUTE)
    states = [each.state for each in scene.events if isinstance(each, ReservationChanged)]
    assert states.count(State.USED) >= 1
    assert states[-1] is State.USED


async def test_what_comes_are_those_that_are_held_and_end_within_a_day(scene: Scene) -> None:
    held = [await asked(scene, expires_at=NOW + HOUR * hours) for hours in (30, 2, 1)]
    await begun(scene)  # nobody knows whether the station holds it
    for each in held:
        await each.settle(Accepted())
    found = await scene.store.read(lambda c: tables.coming(c, TENANT_ID, NOW))
    assert [(each.at, each.kind, each.subject, each.station_id) for each in found] == [
        (NOW + HOUR, "reservation", "ANNA", "CP1"),
        (NOW + 2 * HOUR, "reservation", "ANNA", "CP1"),
    ]
    nowhere = frozenset({"elsewhere"})
    assert await scene.store.read(lambda c: tables.coming(c, TENANT_ID, NOW, nowhere)) == []
    await scene.clock.advance(HOUR.total_seconds())
    later = await scene.store.read(lambda c: tables.coming(c, TENANT_ID, scene.clock.now()))
    assert [each.at for each in later] == [NOW + 2 * HOUR]
