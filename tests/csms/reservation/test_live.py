"""Virtual stations of both families are reserved, used and given back, over the REST interface."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from chargeplane.csms.reservation import HEARD
from chargeplane.domain.events import (
    ConnectorStatusChanged,
    Event,
    ReservationChanged,
    TransactionStarted,
    TransactionUpdated,
)
from chargeplane.domain.reservations import ReservationState as State
from chargeplane.domain.status import ConnectorStatus
from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.store import Store, new_id
from chargeplane.station import Station
from tests.csms.yard import VERSIONS, Yard, opened

APART = {
    "id", "station_id", "wire_id", "requested_at", "expires_at", "ended_at", "transaction_id",
}  # fmt: skip
"""What every reservation has of its own."""


def kind_of(answer: httpx.Response) -> str:
    """What kind of problem an answer is."""
    return str(answer.json()["type"]).rpartition(":")[2]


def soon(minutes: float = 30) -> str:
    return (SystemClock().now() + timedelta(minutes=minutes)).isoformat()


async def reserved(yard: Yard, station: Station, evse_id: int | None, **more: Any) -> Any:
    """The answer to a wish of ANNA, who is known."""
    body = {"station_id": station.identity, "id_token": "ANNA", "evse_id": evse_id}
    body |= {"expires_at": soon(), **more}
    answer = await yard.rest.post("/reservations", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def until_state(yard: Yard, id_: str, state: State) -> Any:
    await yard.until(
        ReservationChanged, lambda event: event.reservation_id == id_ and event.state is state
    )
    return (await yard.rest.get(f"/reservations/{id_}")).json()


async def one_day(yard: Yard, station: Station) -> list[Any]:
    """All that can become of a reservation, and the rows that are left."""
    used = await reserved(yard, station, 1)
    assert (used["outcome"], used["status"]) == ("accepted", "Accepted")
    used_id = used["reservation"]["id"]
    await yard.until(
        ConnectorStatusChanged,
        lambda event: (
            event.station_id == station.identity and event.status is ConnectorStatus.RESERVED
        ),
    )
    taken = await reserved(yard, station, 1, id_token="BOB")
    assert (taken["outcome"], taken["status"]) == ("refused", "Occupied")
    given = (await reserved(yard, station, 2))["reservation"]["id"]
    later = soon(120)
    moved = await yard.rest.patch(f"/reservations/{given}", json={"expires_at": later})
    assert moved.json()["outcome"] == "accepted", moved.text
    at = datetime.fromisoformat(moved.json()["reservation"]["expires_at"])
    assert at == datetime.fromisoformat(later)
    gone = await yard.rest.delete(f"/reservations/{given}")
    assert gone.json()["reservation"]["state"] == "cancelled"
    again = await yard.rest.delete(f"/reservations/{given}")
    assert (again.status_code, kind_of(again)) == (409, "reservation-over")
    lost = (await reserved(yard, station, 2))["reservation"]["id"]
    await station.set_fault(2, "GroundFailure")
    await until_state(yard, lost, State.REMOVED)
    await station.plug_in(1)
    await station.tap(IdToken("ANNA", "ISO14443"), 1)
    row = await until_state(yard, used_id, State.USED)
    named = await yard.until(
        Event, lambda event: getattr(event, "reservation_id", None) == str(row["wire_id"])
    )
    assert isinstance(named, TransactionStarted | TransactionUpdated)
    assert named.transaction_id == row["transaction_id"]
    transaction = (await yard.rest.get(f"/transactions/{row['transaction_id']}")).json()
    assert (transaction["station_id"], transaction["id_token"]) == (station.identity, "ANNA")
    listed = await yard.rest.get(f"/reservations?station_id={station.identity}&count=true")
    assert listed.json()["by_state"] == {"cancelled": 1, "refused": 1, "removed": 1, "used": 1}
    rows: list[Any] = listed.json()["items"]
    return [{name: row[name] for name in row.keys() - APART - {"reason"}} for row in rows]


async def test_the_families_leave_the_same_reservations(
    sqlite_store: Store, tmp_path: Path
) -> None:
    async with opened(sqlite_store, tmp_path) as yard:
        yard.listen(*HEARD, ReservationChanged)
        anna = {"token": "ANNA", "transactions_max": 9}
        assert (await yard.rest.post("/id-tokens", json=anna)).status_code == 201
        left = []
        for version in VERSIONS:
            async with yard.station(version) as station:
                left.append(await one_day(yard, station))
        assert all(each == left[0] for each in left)
        assert [row["state"] for row in left[0]] == ["removed", "cancelled", "refused", "used"]
        count = len(VERSIONS) * len(left[0])
        listed = f"/reservations?limit={count // 2 + 1}&sort=expires_at"
        page = (await yard.rest.get(listed)).json()
        rest = (await yard.rest.get(f"{listed}&cursor={page['next']}")).json()
        found = [*page["items"], *rest["items"]]
        assert len({row["id"] for row in found}) == len(found) == count
        assert found == sorted(found, key=lambda row: (row["expires_at"], row["id"]))


async def test_the_generic_command_leaves_a_row_as_well(
    sqlite_store: Store, tmp_path: Path
) -> None:
    async with opened(sqlite_store, tmp_path) as yard, yard.station("2.1") as station:
        wish = {"id_token": {"value": "ANNA"}, "expires_at": soon()}
        id_ = str(new_id())
        first, again = [
            await yard.command(station, "reserve", **wish, evse_id=evse_id, reservation_id=id_)
            for evse_id in (1, 2)
        ]
        assert (first["outcome"], first["response"]["reservation_id"]) == ("accepted", id_)
        assert (again["outcome"], "already" in again["reason"]) == ("unsupported", True)
        assert (await yard.rest.get(f"/reservations/{id_}")).json()["state"] == "held"
        overview = (await yard.rest.get("/overview")).json()
        assert [(each["kind"], each["station_id"]) for each in overview["next"]] == [
            ("reservation", station.identity)
        ]
        answer = await yard.command(station, "cancel-reservation", reservation_id=id_)
        assert answer["outcome"] == "accepted"
        assert (await yard.rest.get("/overview")).json()["next"] == []


async def test_a_station_that_expires_a_reservation_says_so(
    sqlite_store: Store, tmp_path: Path
) -> None:
    async with opened(sqlite_store, tmp_path) as yard, yard.station("2.1") as station:
        yard.listen(ReservationChanged)
        body = {"station_id": station.identity, "id_token": "A", "expires_at": soon(0.02)}
        key = {"Idempotency-Key": "once"}
        first, again = [
            (await yard.rest.post("/reservations", json=body, headers=key)).json()["reservation"]
            for _ in range(2)
        ]
        assert first == again
        id_ = first["id"]
        row = await until_state(yard, id_, State.EXPIRED)
        assert (row["status"], row["transaction_id"]) == ("Accepted", None)


async def test_what_cannot_be_reserved_is_told_at_its_field(
    sqlite_store: Store, tmp_path: Path
) -> None:
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"station_id": "NONE"}, 404, "not-found"),
        ({"station_id": "CP1.6"}, 409, "not-connected"),
        ({"expires_at": "2026-11-20T00:00:00Z"}, 400, "invalid-request"),
        ({"connector_type": "cType2"}, 400, "invalid-request"),
        ({"evse_id": 0}, 400, "invalid-request"),
    ]
    async with opened(sqlite_store, tmp_path) as yard:
        for body, status, told in cases:
            wish = {"station_id": "CP2.1", "id_token": "A", "evse_id": 1, "expires_at": soon()}
            answer = await yard.rest.post("/reservations", json=wish | body)
            assert (answer.status_code, kind_of(answer)) == (status, told)
            if status == 400:
                assert answer.json()["errors"][0]["field"] in body
        assert (await yard.rest.get("/reservations")).json()["items"] == []
        unknown = await yard.rest.delete(f"/reservations/{new_id()}")
        assert (unknown.status_code, kind_of(unknown)) == (404, "not-found")
