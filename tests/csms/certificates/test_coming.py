"""Certificates that end soon are among what comes next."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, update

from chargeplane.csms.certificates import coming
from chargeplane.csms.certificates.tables import Certificate, add
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known, stations
from chargeplane.runtime.store import Function, Store
from tests.csms.making import NOW, TENANT_ID

DAY = timedelta(days=1)


def certificate(
    station_id: str, ends_at: datetime, *, state: str = "installed", issued_at: datetime = NOW
) -> Certificate:
    name = f"{station_id} {ends_at:%d} {state}"
    return Certificate(
        TENANT_ID, name, "1", station_id, "station", name, state, None, "",
        issued_at, ends_at, issued_at,
    )  # fmt: skip


def fill(connection: Connection) -> None:
    for name, site_id in (("A", "north"), ("B", "south"), ("C", "south")):
        register(connection, Known(TENANT_ID, name, 0, None, Registration.ACCEPTED, 0), NOW)
        here = update(stations).where(stations.c.id == name)
        connection.execute(here.values(site_id=site_id))
    for each in (
        certificate("A", NOW + 3 * DAY),
        certificate("B", NOW + 2 * DAY, issued_at=NOW - DAY),
        certificate("B", NOW + 300 * DAY),  # has taken its place
        certificate("C", NOW + 20 * DAY),
        certificate("C", NOW + 5 * DAY, state="refused"),
    ):
        add(connection, each)


async def test_those_in_use_that_end_soon_come_next(store: Store) -> None:
    await store.write(Function(fill))
    found = await store.read(partial(coming, tenant_id=TENANT_ID, now=NOW))
    assert [(each.station_id, each.at, each.kind) for each in found] == [
        ("A", NOW + 3 * DAY, "certificate-expires"),
        ("C", NOW + 20 * DAY, "certificate-expires"),
    ]
    north = partial(coming, tenant_id=TENANT_ID, now=NOW, sites=frozenset({"north"}))
    assert [each.station_id for each in await store.read(north)] == ["A"]
