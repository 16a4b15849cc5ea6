"""The directory of stations: registering them, changing them, and letting strangers in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Select, delete, select, update

from chargeplane.csms.contract import Registration
from chargeplane.csms.inventory import connectors, find, stations, unknown_stations
from chargeplane.csms.provisioning.finding import Counts, Wanted, count, page_of_ids
from chargeplane.csms.provisioning.tables import variable_reports, variables
from chargeplane.csms.repair_counts import station_repairs
from chargeplane.csms.soap_host import soap_host
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.passwords import Passwords, new_password, weakness_of_password
from chargeplane.runtime.rest import PageRequest, Sites
from chargeplane.runtime.store import Function, Store, insert_or_get

__all__ = ["Directory", "IdentityTaken", "Made", "New", "PasswordMissing", "Seen", "Sorted"]

PASSWORD_PROFILE_MIN = 1
"""From this security profile on a station proves with a password who it is (A00)."""

COUNTED_S_MAX = 2.0
"""So old counts may be."""
COUNTED_MAX = 100
"""Different counts that are kept so long."""

_Counted = tuple[UUID, str | None, str | None, Sites]
Connected = Callable[[UUID, str], bool]
Disconnect = Callable[[UUID, str], None]


class IdentityTaken(Exception):
    """There is such a station already, perhaps another tenant's."""


class PasswordWeak(Exception):
    """Somebody chose a password that can be guessed; the text says what is wrong with it."""


class PasswordMissing(Exception):
    """A station of this security profile could not prove who it is."""


@dataclass(frozen=True, slots=True)
class New:
    """A station to be registered."""

    id: str
    password: str | None = None
    security_profile: int = PASSWORD_PROFILE_MIN
    site_id: str | None = None
    name: str | None = None
    soap_host: str | None = None


class Seen(NamedTuple):
    """A station with what it consists of, as rows."""

    station: Any
    connectors: list[Any]
    types: dict[tuple[int, int], str]
    """Of connectors, where the station has reported them."""


class Sorted(NamedTuple):
    """A station in a list."""

    seen: Seen
    sorted_by: Any


class Made(NamedTuple):
    """A station that is new, and its password, if it has one; nobody can read it again."""

    seen: Seen
    password: str | None


class Directory:
    """The stations of all tenants; every question and change is one tenant's."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        is_connected: Connected,
        disconnect: Disconnect = lambda tenant_id, station_id: None,
        passwords: Passwords | None = None,
    ) -> None:
        """``disconnect`` ends the connection of a station that may not keep it."""
        self._passwords = passwords or Passwords()
        self._store = store
        self._clock = clock
        self._is_connected = is_connected
        self._disconnect = disconnect
        self._counts: dict[_Counted, tuple[float, Counts]] = {}

    def is_connected(self, tenant_id: UUID, station_id: str) -> bool:
        """Whether the station can be reached now."""
        return self._is_connected(tenant_id, station_id)

    async def registered(
        self, tenant_id: UUID, wanted: Wanted, sort: str, page: PageRequest
    ) -> list[Sorted]:
        """The stations that are wanted, up to ``fetch_max`` of a page.

        Raises:
            Problem: the cursor is not one of this list.
        """
        is_connected = partial(self._is_connected, tenant_id)

        def look(connection: Connection) -> list[Sorted]:
            found = page_of_ids(connection, tenant_id, wanted, sort, page, is_connected)
            seen = _of_ids(connection, tenant_id, [id_ for id_, _ in found])
            return [Sorted(seen[id_], by) for id_, by in found]

        return await self._store.read(look)

    async def of_ids(
        self, tenant_id: UUID, station_ids: Collection[str], sites: Sites = None
    ) -> dict[str, Seen]:
        """Some stations; those that are not there, or not at these sites, are left out."""
        found = await self._store.read(
            partial(_of_ids, tenant_id=tenant_id, station_ids=station_ids)
        )
        return {id_: seen for id_, seen in found.items() if _is_at(seen, sites)}

    async def counts(self, tenant_id: UUID, wanted: Wanted) -> Counts:
        """How many stations there are, by facet. Counted anew every few seconds."""
        key = (tenant_id, wanted.search, wanted.site_id, wanted.sites)
        now_s = self._clock.monotonic_s()
        known = self._counts.get(key)
        if known is not None and now_s - known[0] < COUNTED_S_MAX:
            return known[1]
        is_connected = partial(self._is_connected, tenant_id)
        look = partial(count, tenant_id=tenant_id, wanted=wanted, is_connected=is_connected)
        found = await self._store.read(look)
        self._counts.pop(key, None)
        self._counts[key] = (now_s, found)
        if len(self._counts) > COUNTED_MAX:
            del self._counts[next(iter(self._counts))]
        return found

    async def find(self, tenant_id: UUID, station_id: str, sites: Sites = None) -> Seen | None:
        """One station; None if it is not there, or not at these sites."""
        look = partial(_one, tenant_id=tenant_id, station_id=station_id)
        seen = await self._store.read(look)
        return seen if seen is not None and _is_at(seen, sites) else None

    async def register(self, tenant_id: UUID, new: New) -> Made:
        """Add a station, which is accepted when it comes.

        Raises:
            IdentityTaken: there is one of this identity.
            PasswordWeak: the given password can be guessed.
            SoapHostFault: it cannot listen at such a host.
        """
        return await self._make(tenant_id, new, from_inbox=False)

    async def adopt(self, tenant_id: UUID, new: New) -> Made | None:
        """Register a station that has tried to connect; None if the inbox has no such station.

        Raises:
            IdentityTaken: as ``register``.
        """
        known = unknown_stations.c
        query = select(known.id).where(known.tenant_id == tenant_id, known.id == new.id)
        if await self._store.read(lambda connection: connection.scalar(query)) is None:
            return None
        return await self._make(tenant_id, new, from_inbox=True)

    async def change(
        self, tenant_id: UUID, station_id: str, values: Mapping[str, Any]
    ) -> Seen | None:
        """Change columns of a station; ``password`` in clear. None if there is no such station.

        Whoever is connected by what counts no longer is disconnected.

        Raises:
            PasswordMissing: the security profile wants one, and none is known.
            PasswordWeak: it can be guessed.
            SoapHostFault: it cannot listen at such a host.
        """
        columns = dict(values)
        if columns.get("soap_host") is not None:
            columns["soap_host"] = soap_host(columns["soap_host"])
        password = columns.pop("password", None)
        if password is not None:
            _check(password, station_id)
            columns["password_hash"] = self._passwords.hashed(password.encode())
            columns["next_password_hash"] = None
        if "security_profile" in columns:
            columns["next_security_profile"] = None

        def work(connection: Connection) -> Seen | None:
            if columns:
                mine = stations.c.tenant_id == tenant_id, stations.c.id == station_id
                connection.execute(update(stations).where(*mine).values(**columns))
            seen = _one(connection, tenant_id, station_id)
            if seen and "security_profile" in columns and not _has_its_password(seen):
                raise PasswordMissing
            return seen

        found = await self._store.write(Function(work))
        is_rejected = columns.get("registration") == Registration.REJECTED
        if found and (password is not None or is_rejected or "security_profile" in columns):
            self._disconnect(tenant_id, station_id)
        return found

    async def remove(self, tenant_id: UUID, station_id: str) -> bool:
        """Remove a station with what it consists of; its transactions and frames stay."""

        def work(connection: Connection) -> bool:
            for table in (connectors, variables, variable_reports, station_repairs):
                connection.execute(
                    delete(table).where(
                        table.c.tenant_id == tenant_id, table.c.station_id == station_id
                    )
                )
            mine = stations.c.tenant_id == tenant_id, stations.c.id == station_id
            return connection.execute(delete(stations).where(*mine)).rowcount > 0

        found = await self._store.write(Function(work))
        if found:
            self._disconnect(tenant_id, station_id)
        return found

    async def dismiss(self, tenant_id: UUID, station_id: str) -> bool:
        """Take a station out of the inbox until it comes again; False: it is not there."""
        mine = unknown_stations.c.tenant_id == tenant_id, unknown_stations.c.id == station_id
        forget = delete(unknown_stations).where(*mine)
        return await self._store.write(Function(lambda c: c.execute(forget).rowcount > 0))

    async def strangers(
        self, tenant_id: UUID, *, count_max: int, after: tuple[datetime, str] | None = None
    ) -> list[Any]:
        """The inbox: who tried to connect without being registered, the latest first."""
        known = unknown_stations.c
        query = select(unknown_stations).where(known.tenant_id == tenant_id)
        if after is not None:
            at, name = after
            query = query.where(
                (known.last_seen_at < at) | ((known.last_seen_at == at) & (known.id > name))
            )
        query = query.order_by(known.last_seen_at.desc(), known.id).limit(count_max)
        return await self._store.read(lambda connection: [*connection.execute(query)])

    async def _make(self, tenant_id: UUID, new: New, *, from_inbox: bool) -> Made:
        password = new.password
        if password is not None:
            _check(password, new.id)
        if password is None and new.security_profile >= PASSWORD_PROFILE_MIN:
            password = new_password()
        row = {
            "tenant_id": tenant_id,
            "id": new.id,
            "name": new.name,
            "site_id": new.site_id,
            "soap_host": None if new.soap_host is None else soap_host(new.soap_host),
            "security_profile": new.security_profile,
            "password_hash": password and self._passwords.hashed(password.encode()),
            "registration": str(Registration.ACCEPTED),
            "epoch": 0,
            "created_at": self._clock.now(),
        }
        seen = await self._store.write(Function(partial(_add, row=row, from_inbox=from_inbox)))
        return Made(seen, password)


def _check(password: str, station_id: str) -> None:
    if fault := weakness_of_password(password, station_id):
        raise PasswordWeak(fault)


def _add(connection: Connection, row: dict[str, Any], from_inbox: bool) -> Seen:
    """Safe to apply twice: its own row is told by its salt and its time."""
    tenant_id, station_id = row["tenant_id"], row["id"]
    there = find(connection, station_id)
    if there is not None and there.tenant_id != tenant_id:
        raise IdentityTaken(station_id)
    found = insert_or_get(connection, stations, row)
    if found and (found.password_hash, found.created_at) != (
        row["password_hash"],
        row["created_at"],
    ):
        raise IdentityTaken(station_id)
    if from_inbox:
        known = unknown_stations.c
        connection.execute(
            delete(unknown_stations).where(known.tenant_id == tenant_id, known.id == station_id)
        )
    seen = _one(connection, tenant_id, station_id)
    assert seen is not None  # it was added or found just now
    return seen


def _has_its_password(seen: Seen) -> bool:
    station = seen.station
    return station.security_profile < PASSWORD_PROFILE_MIN or station.password_hash is not None


def _is_at(seen: Seen, sites: Sites) -> bool:
    return sites is None or seen.station.site_id in sites


def _one(connection: Connection, tenant_id: UUID, station_id: str) -> Seen | None:
    mine = stations.c.tenant_id == tenant_id, stations.c.id == station_id
    rows = list(connection.execute(select(stations).where(*mine)))
    found = _with_connectors(connection, tenant_id, rows)
    return found[0] if found else None


def _of_ids(
    connection: Connection, tenant_id: UUID, station_ids: Collection[str]
) -> dict[str, Seen]:
    mine = stations.c.tenant_id == tenant_id, stations.c.id.in_(station_ids)
    rows = list(connection.execute(select(stations).where(*mine)))
    return {seen.station.id: seen for seen in _with_connectors(connection, tenant_id, rows)}


def _with_connectors(connection: Connection, tenant_id: UUID, rows: Iterable[Any]) -> list[Seen]:
    seen = {row.id: Seen(row, [], {}) for row in rows}
    each = connectors.c
    query = (
        select(connectors)
        .where(each.tenant_id == tenant_id, each.station_id.in_(seen))
        .order_by(each.station_id, each.evse_id, each.connector_id)
    )
    for row in connection.execute(query):
        seen[row.station_id].connectors.append(row)
    for row in connection.execute(_plugs(tenant_id, seen)):
        if row.name.casefold() == "connectortype" and row.connector_id:
            seen[row.station_id].types[row.evse_id, row.connector_id] = row.value
    return list(seen.values())


def _plugs(tenant_id: UUID, station_ids: Iterable[str]) -> Select[Any]:
    """What 2.x stations say of their connectors; their plug is the variable ConnectorType."""
    each = variables.c
    return select(each.station_id, each.evse_id, each.connector_id, each.name, each.value).where(
        each.tenant_id == tenant_id,
        each.station_id.in_(station_ids),
        each.key > "connector\t",
        each.key < "connector\n",
        each.value.is_not(None),
    )
