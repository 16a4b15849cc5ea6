"""The REST routes of stations, as a client sees them."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from chargeplane.csms.gateway.admission import remember_unknown
from chargeplane.csms.inventory import CONNECTOR_SINK, find, stations, unknown_stations
from chargeplane.csms.provisioning import tables
from chargeplane.csms.provisioning.tables import Reading
from chargeplane.domain.commands import Variable
from chargeplane.runtime.passwords import is_right
from chargeplane.runtime.store import Function, Row, Rows
from tests.csms.making import NOW, TENANT_ID
from tests.csms.provisioning.conftest import OTHER_TENANT_ID, World


async def made(world: World, **fields: Any) -> dict[str, Any]:
    answer = await world.operator.post("/stations", json={"id": "CP1", **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def connector(evse_id: int, connector_id: int, status: str) -> Row:
    times = NOW, NOW
    row = (TENANT_ID, "CP1", evse_id, connector_id, status, None, None, None, *times)
    return CONNECTOR_SINK, row


async def test_a_station_has_the_fields_of_the_contract(world: World) -> None:
    await made(world, site_id="north")
    world.connected.add((TENANT_ID, "CP1"))
    plug = Reading(
        Variable(component="Connector", name="ConnectorType", evse_id=1, connector_id=1), "cType2"
    )
    rows = [
        connector(0, 0, "available"),
        connector(1, 1, "charging"),
        connector(2, 0, "available"),
        connector(10, 1, "available"),
        connector(10, 2, "faulted"),
        *tables.report_rows(TENANT_ID, "CP1", [plug], NOW, NOW),
    ]
    await world.store.write(Rows(tuple(rows)))
    shown = (await world.operator.get("/stations/CP1")).json()
    assert shown == {
        "id": "CP1",
        "tenant_id": str(TENANT_ID),
        "site_id": "north",
        "name": None,
        "vendor": None,
        "model": None,
        "serial_number": None,
        "firmware_version": None,
        "ocpp_version": None,
        "transport": None,
        "security_profile": 1,
        "connected": True,
        "last_seen_at": None,
        "booted_at": None,
        "created_at": "2026-11-21T12:00:00Z",
        "registration": "accepted",
        "ping_interval_s": None,
        "soap_host": None,
        "status": "available",
        "power_w": None,
        "evses": shown["evses"],
    }
    assert [(each["id"], [c["id"] for c in each["connectors"]]) for each in shown["evses"]] == [
        (1, [1]),
        (2, []),
        (10, [1, 2]),
    ]
    [first] = shown["evses"][0]["connectors"]
    assert (first["type"], first["status"]) == ("cType2", "charging")
    listed = (await world.operator.get("/stations")).json()
    assert listed == {"items": [shown], "next": None}


async def test_a_missing_password_is_made_and_shown_once(world: World) -> None:
    first = await made(world)
    assert len(first["password"]) >= 20
    known = await world.store.read(partial(find, identity="CP1"))
    assert known is not None
    assert known.password_hash is not None
    assert is_right(first["password"].encode(), known.password_hash)
    assert "password" not in (await world.operator.get("/stations/CP1")).json()
    assert (await made(world, id="CP2"))["password"] != first["password"]


async def test_a_station_without_security_has_no_password(world: World) -> None:
    assert (await made(world, security_profile=0))["password"] is None


async def test_a_given_password_counts_and_a_short_one_is_refused(world: World) -> None:
    assert (await made(world, password="sixteen-letters!"))["password"] == "sixteen-letters!"
    answer = await world.operator.post("/stations", json={"id": "CP2", "password": "short"})
    assert answer.status_code == 400
    assert "password" in answer.json()["errors"][0]["field"]


@pytest.mark.parametrize(
    "identity", ["", "a/b", " a", "a\u200bb", "a:b", "x" * 49, "..", "\ud800"], ids=ascii
)
async def test_an_identity_that_no_station_could_have_is_refused(
    world: World, identity: str
) -> None:
    answer = await world.operator.post("/stations", content=json.dumps({"id": identity}))
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("invalid-request")


async def test_an_identity_is_unique_over_all_tenants(world: World) -> None:
    await made(world)
    for client in world.clients["operator"], world.clients["stranger"]:
        for profile in (0, 1):
            body = {"id": "CP1", "security_profile": profile}
            answer = await client.post("/stations", json=body)
            assert answer.status_code == 409
            assert answer.json()["type"].endswith("identity-taken")


async def test_two_stations_without_passwords_are_not_taken_for_one(world: World) -> None:
    await made(world, security_profile=0)
    later = stations.update().values(created_at=NOW - timedelta(days=1))
    await world.store.write(Function(lambda c: c.execute(later).rowcount))
    answer = await world.operator.post("/stations", json={"id": "CP1", "security_profile": 0})
    assert answer.status_code == 409


async def test_stations_come_in_pages(world: World) -> None:
    for number in range(5):
        await made(world, id=f"CP{number}")
    seen: list[str] = []
    query = "/stations?limit=2"
    while query:
        page = (await world.operator.get(query)).json()
        seen += [each["id"] for each in page["items"]]
        query = f"/stations?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == ["CP0", "CP1", "CP2", "CP3", "CP4"]


async def test_a_station_is_changed_and_removed(world: World) -> None:
    await made(world)
    body = {"name": "Yard", "site_id": "south", "registration": "pending"}
    changed = await world.operator.patch("/stations/CP1", json=body)
    assert changed.status_code == 200
    assert {name: changed.json()[name] for name in body} == body
    assert world.disconnected == []
    assert (await world.operator.patch("/stations/CP1", json={"name": None})).json()["name"] is None
    await world.store.write(Rows((connector(1, 1, "available"),)))
    assert (await world.operator.delete("/stations/CP1")).status_code == 204
    assert world.disconnected == ["CP1"]
    assert (await world.operator.get("/stations/CP1")).status_code == 404
    assert (await world.operator.delete("/stations/CP1")).status_code == 404
    await made(world)
    assert (await world.operator.get("/stations/CP1")).json()["evses"] == []


async def test_the_host_of_a_soap_station_is_registered_changed_and_taken_away(
    world: World,
) -> None:
    assert (await made(world, soap_host="CP1.Example"))["soap_host"] == "cp1.example"
    for given, kept in (("2001:DB8::0:7", "2001:db8::7"), ("192.0.2.7", "192.0.2.7"), (None, None)):
        changed = await world.operator.patch("/stations/CP1", json={"soap_host": given})
        assert changed.json()["soap_host"] == kept
        assert (await world.operator.get("/stations/CP1")).json()["soap_host"] == kept
        await world.operator.patch("/stations/CP1", json={"name": "Yard"})
        assert (await world.operator.get("/stations/CP1")).json()["soap_host"] == kept
    assert world.disconnected == []


@pytest.mark.parametrize("host", ["http://192.0.2.7", "192.0.2.7:80", "169.254.169.254", "", "a b"])
async def test_a_host_where_no_station_listens_is_refused(world: World, host: str) -> None:
    await made(world, soap_host="192.0.2.7")
    row = {"tenant_id": TENANT_ID, "id": "CP3", "remote_host": "h", "subprotocols": ""}
    row |= {"reason": "unknown", "first_seen_at": NOW, "last_seen_at": NOW, "attempts": 1}
    await world.store.write(
        Function(lambda c: c.execute(unknown_stations.insert().values(row)).rowcount)
    )
    answers = [
        await world.operator.patch("/stations/CP1", json={"soap_host": host}),
        await world.operator.post("/stations", json={"id": "CP2", "soap_host": host}),
        await world.operator.post("/unknown-stations/CP3/adopt", json={"soap_host": host}),
    ]
    for answer in answers:
        assert answer.status_code == 400
        [error] = answer.json()["errors"]
        assert error["field"] == "soap_host"
    assert (await world.operator.get("/stations/CP1")).json()["soap_host"] == "192.0.2.7"
    assert (await world.operator.get("/stations/CP2")).status_code == 404
    adopted = await world.operator.post("/unknown-stations/CP3/adopt", json={"soap_host": "CP3"})
    assert adopted.json()["soap_host"] == "cp3"


@pytest.mark.parametrize(
    "body",
    [{"password": "another-long-one"}, {"registration": "rejected"}, {"security_profile": 2}],
    ids=lambda body: next(iter(body)),
)
async def test_who_is_connected_by_what_counts_no_longer_is_disconnected(
    world: World, body: dict[str, Any]
) -> None:
    await made(world)
    assert (await world.operator.patch("/stations/CP1", json=body)).status_code == 200
    assert world.disconnected == ["CP1"]
    known = await world.store.read(partial(find, identity="CP1"))
    assert known is not None
    if "password" in body:
        assert is_right(b"another-long-one", known.password_hash or "")


@pytest.mark.parametrize(
    "body", [{"epoch": 7}, {"security_profile": 9}, {"registration": "perhaps"}], ids=str
)
async def test_what_cannot_be_changed_is_refused(world: World, body: dict[str, Any]) -> None:
    await made(world)
    assert (await world.operator.patch("/stations/CP1", json=body)).status_code == 400


async def test_a_profile_that_wants_a_password_is_not_set_without_one(world: World) -> None:
    await made(world, security_profile=0)
    refused = await world.operator.patch("/stations/CP1", json={"security_profile": 1})
    assert refused.status_code == 400
    assert (await world.operator.get("/stations/CP1")).json()["security_profile"] == 0
    body = {"security_profile": 1, "password": "a-long-enough-one"}
    assert (await world.operator.patch("/stations/CP1", json=body)).status_code == 200


async def test_another_tenant_sees_nothing_of_a_station(world: World) -> None:
    await made(world)
    stranger = world.clients["stranger"]
    assert (await stranger.get("/stations")).json()["items"] == []
    for path in ("", "/variables"):
        assert (await stranger.get(f"/stations/CP1{path}")).status_code == 404
    assert (await stranger.patch("/stations/CP1", json={"name": "mine"})).status_code == 404
    assert (await stranger.delete("/stations/CP1")).status_code == 404
    assert world.disconnected == []


async def test_a_viewer_looks_and_changes_nothing(world: World) -> None:
    await made(world)
    viewer = world.clients["viewer"]
    assert (await viewer.get("/stations/CP1")).status_code == 200
    assert (await viewer.post("/stations", json={"id": "CP2"})).status_code == 403
    assert (await viewer.patch("/stations/CP1", json={})).status_code == 403
    assert (await viewer.delete("/stations/CP1")).status_code == 403
    assert (await viewer.post("/stations/CP1/commands/reset", json={})).status_code == 403


async def test_a_password_is_not_stored_with_an_idempotency_key(world: World) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await world.operator.post("/stations", json={"id": "CP1"}, headers=headers)
    again = await world.operator.post("/stations", json={"id": "CP1"}, headers=headers)
    assert first.status_code == 201
    assert again.status_code == 409
    assert "password" not in again.json()


async def test_variables_come_in_pages_by_component(world: World) -> None:
    await made(world)
    readings = [
        Reading(Variable(component=component, name=name, evse_id=evse_id), "1")
        for component, name, evse_id in (
            ("EVSE", "Power", 10),
            ("EVSE", "Power", 9),
            ("EVSEs", "Odd", None),
            ("ClockCtrlr", "TimeZone", None),
        )
    ]
    rows = tables.report_rows(TENANT_ID, "CP1", readings, NOW, NOW)
    await world.store.write(Rows(rows))
    first = (await world.operator.get("/stations/CP1/variables?limit=3")).json()
    assert [(each["component"], each["evse_id"]) for each in first["items"]] == [
        ("ClockCtrlr", None),
        ("EVSE", 9),
        ("EVSE", 10),
    ]
    path = f"/stations/CP1/variables?limit=3&cursor={first['next']}"
    assert [each["name"] for each in (await world.operator.get(path)).json()["items"]] == ["Odd"]
    evses = (await world.operator.get("/stations/CP1/variables?component=evse")).json()
    assert [each["component"] for each in evses["items"]] == ["EVSE", "EVSE"]


async def remember(world: World, identity: str, minutes: int = 0) -> None:
    work = partial(
        remember_unknown,
        tenant_id=TENANT_ID,
        identity=identity,
        remote_host="192.0.2.7",
        subprotocols=("ocpp1.6",),
        now=NOW + timedelta(minutes=minutes),
    )
    await world.store.write(Function(work))


async def test_who_tried_to_connect_is_in_the_inbox_the_latest_first(world: World) -> None:
    for minutes, identity in enumerate(("A", "B", "C")):
        await remember(world, identity, minutes)
    await remember(world, "A", 2)
    first = (await world.operator.get("/unknown-stations?limit=2")).json()
    assert [(each["id"], each["attempts"]) for each in first["items"]] == [("A", 2), ("C", 1)]
    path = f"/unknown-stations?limit=2&cursor={first['next']}"
    [last] = (await world.operator.get(path)).json()["items"]
    assert (last["id"], last["remote_host"], last["subprotocols"]) == ("B", "192.0.2.7", "ocpp1.6")
    assert (await world.clients["stranger"].get("/unknown-stations")).json()["items"] == []


async def test_an_unknown_station_is_adopted_with_one_click(world: World) -> None:
    await remember(world, "CP9")
    answer = await world.operator.post("/unknown-stations/CP9/adopt")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["id"], body["registration"], body["security_profile"]) == ("CP9", "accepted", 1)
    assert len(body["password"]) >= 20
    query = select(unknown_stations.c.id)
    assert await world.store.read(lambda c: c.execute(query).all()) == []
    assert (await world.operator.post("/unknown-stations/CP9/adopt")).status_code == 404


async def test_an_adoption_takes_what_a_registration_takes(world: World) -> None:
    await remember(world, "CP9")
    body = {"security_profile": 0, "site_id": "north"}
    answer = await world.operator.post("/unknown-stations/CP9/adopt", json=body)
    assert answer.status_code == 201
    assert (answer.json()["password"], answer.json()["site_id"]) == (None, "north")


async def test_only_the_tenant_of_an_inbox_adopts_from_it(world: World) -> None:
    await remember(world, "CP9")
    answer = await world.clients["stranger"].post("/unknown-stations/CP9/adopt")
    assert answer.status_code == 404
    assert OTHER_TENANT_ID != TENANT_ID
    assert await world.store.read(partial(find, identity="CP9")) is None


async def test_a_station_that_is_registered_meanwhile_is_not_adopted_again(world: World) -> None:
    await remember(world, "CP1")
    await made(world)
    assert (await world.operator.post("/unknown-stations/CP1/adopt")).status_code == 409
