"""Every operation of the whole interface x everybody who asks: nobody gets at another's things.

Tenant ONE has one of each thing, and every text of it begins with ONE. Whoever belongs elsewhere,
or may not, asks for each of them, by its real id and with a body that would be accepted. A route
that is new and that nobody told here how to call fails the test.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Boolean, Connection, Integer, Table, insert, select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.inventory import unknown_stations
from chargeplane.csms.reservation.tables import reservations
from chargeplane.csms.transactions.tables import transactions
from chargeplane.runtime.access import Role, User
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.rest import Principal, Problem, Routes, View
from chargeplane.runtime.settings import Settings as ProgramSettings
from chargeplane.runtime.store import (
    SCHEMA,
    Exact,
    Function,
    Id,
    Moment,
    Store,
    new_id,
    tenants,
)
from chargeplane.web import addresses, configuration
from chargeplane.web.live.hub import Hub
from tests.databases import copy_of
from tests.web.live.watching import Watcher
from tests.web.serving import TENANT_ID, Serving, serving

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOON = "2126-01-01T00:00:00Z"
TWO_ID = UUID(int=2)
PASSWORD = "correct horse battery"
STATION, SITE, TOKEN, STRANGER = "ONE-CP", "ONE-site", "ONE-TOKEN", "ONE-STRANGER"

# What is sent, by operation. A body that is missing here is a route that nobody has thought of.
BODIES: dict[str, Any] = {
    "add_user": {"name": "hacker", "password": PASSWORD, "role": "admin"},
    "change_user": {"role": "viewer"},
    "add_api_token": {"name": "hacker", "role": "admin"},
    "change_api_token": {"name": "hacked"},
    "add_tenant": {"name": "hacker", "administrator": "hacker", "password": PASSWORD},
    "change_tenant": {"name": "hacked"},
    "close_tenant": {"name": "hacked"},
    "change_own_password": {"current": PASSWORD, "new": PASSWORD},
    "add_totp": {},
    "confirm_totp": {"code": "000000"},
    "add_passkey": {"challenge": "x", "credential": {}},
    "set_signing_rule": {"is_required": False, "certificate": "none"},
    "upgrade_site_security_profile": {"security_profile": 2},
    "make_upload_address": {"purpose": "log"},
    "add_image": {"firmware_version": "HACKED"},
    "add_firmware_root": {"certificate": "none"},
    "allow_renewal": {},
    "plan_updates": {"image_id": str(UUID(int=1)), "station_ids": [STATION]},
    "add_station": {"id": "HACKED", "soap_host": "hacked.example"},
    "change_station": {"name": "hacked"},
    "send_command": {"type": "immediate"},
    "adopt_station": {},
    "add_token": {"token": "HACKED"},
    "change_token": {"status": "blocked"},
    "reserve": {"station_id": STATION, "id_token": "HACKED", "expires_at": SOON},
    "add_template": {"name": "hacked", "wanted": [{"variable": {"name": "x"}, "value": "1"}]},
    "change_template": {"name": "hacked"},
    "prolong_reservation": {"expires_at": SOON},
    "correct_transaction": {"reason": "hacked", "energy_wh": 1},
    "upgrade_security_profile": {"security_profile": 2},
    "change_preferences": {"frames_kept_days": 1},
    "add_site": {"name": "hacked"},
    "change_site": {"name": "hacked"},
    "log_in": {"name": "hacker", "password": PASSWORD},
    "offer_passkey": {},
    "log_in_with_passkey": {"challenge": "x", "credential": {}},
    "set_up_installation": {"token": "x", "name": "hacker", "password": PASSWORD},
}
# What everybody may ask about the own account alone: nothing in its path is another's.
OWN = {
    "me", "list_sessions", "log_out", "end_session", "change_own_password", "list_factors",
    "add_totp", "confirm_totp", "offer_own_passkey", "add_passkey", "remove_factor",
}  # fmt: skip
# Administrators alone, and of them those of the first tenant where tenants are concerned.
ADMINISTERED = {
    "list_users", "add_user", "change_user", "remove_user", "remove_user_factors",
    "list_api_tokens", "add_api_token", "change_api_token", "remove_api_token",
    "add_tenant", "change_tenant", "close_tenant", "reopen_tenant", "remove_tenant",
    "change_preferences",
}  # fmt: skip
ASKED_BY_POST = {"ask_ocsp"}
"""They change nothing."""
LOG = {
    "list_audit_log", "list_audit_names", "check_audit_log", "export_audit_log", "list_settings",
    "count_tenant", "export_tenant_audit_log",
}  # fmt: skip
"""For auditors too."""


@dataclass
class World:
    """The whole interface, and who asks."""

    rest: Serving
    operations: list[Operation] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One operation with a path that names things of tenant ONE."""

    name: str
    method: str
    path: str
    nowhere: str
    """The path with ids of nothing."""
    is_public: bool

    @property
    def names_a_thing(self) -> bool:
        return self.path != self.nowhere

    async def ask(self, client: httpx.AsyncClient, path: str = "") -> httpx.Response:
        body = BODIES.get(self.name)
        return await client.request(self.method, path or self.path, json=body)

    async def looks_like_nothing(self, client: httpx.AsyncClient, answer: httpx.Response) -> bool:
        """Whether the thing of tenant ONE is answered for like a thing that nobody has."""
        other = await self.ask(client, self.nowhere)
        given, missing = self.path.split("/"), self.nowhere.split("/")
        text = answer.text
        for mine, none in zip(given, missing, strict=True):
            text = text.casefold().replace(mine.casefold(), none.casefold())
        same = text.casefold() == other.text.casefold()
        return same and answer.status_code == other.status_code


@pytest.fixture
async def world(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[World]:
    settings, clock = copy_of(sqlite_template, tmp_path), SystemClock()
    async with Store(settings) as store:
        central = CentralSystem(store, clock)
        set_up = ProgramSettings(database="postgresql://ONE:ONE@here/ONE")
        shown = configuration.configuration(set_up, {}, {})
        blocks: list[Routes] = [
            *central.routes,
            addresses.routes({"Stations": "ws://here"}),
            configuration.routes(shown),
        ]
        async with serving(settings, clock, blocks) as rest:
            world = World(rest)
            ids = world.ids = await furnished(rest)
            world.views = [view for block in blocks for view in block.views]
            document = (await rest.client.get("/api/openapi.json")).json()
            world.operations = [*operations(document, ids)]
            world.clients = await everybody(rest)
            yield world
            for client in world.clients.values():
                await client.aclose()


async def furnished(rest: Serving) -> dict[str, str]:
    """One of each thing in tenant ONE; what the parameters of paths stand for."""
    await rest.store.write(Function(lambda c: tenants.ensure(c, TWO_ID, "TWO", NOW)))
    user = await rest.accounts.add_user(TENANT_ID, "ONE-user", Role.ADMIN, PASSWORD)
    token, _ = await rest.accounts.add_token(TENANT_ID, "ONE-program", Role.ADMIN)
    session = await rest.accounts.sessions.begin(user)
    site = {"id": SITE, "name": "ONE-site"}
    assert (await rest.admin.post("/api/v1/sites", json=site)).status_code == 201
    station = {"id": STATION, "site_id": SITE, "name": "ONE-name"}
    assert (await rest.admin.post("/api/v1/stations", json=station)).status_code == 201
    known = {"token": TOKEN}
    assert (await rest.admin.post("/api/v1/id-tokens", json=known)).status_code == 201
    wanted = {"name": "ONE-template", "wanted": [{"variable": {"name": "ONE"}, "value": "1"}]}
    template = await rest.admin.post("/api/v1/variable-templates", json=wanted)
    assert template.status_code == 201
    transaction_id = new_id()
    row = {
        "id": transaction_id, "station_id": STATION, "id_token": TOKEN, "remarks": "[]",
        "state": "ended", "started_at": NOW, "ended_at": NOW,
    }  # fmt: skip
    await rest.store.write(Function(partial(put, transactions, row)))
    reservation_id = new_id()
    row = {"id": reservation_id, "station_id": STATION, "state": "held", "id_token": TOKEN}
    await rest.store.write(Function(partial(put, reservations, row)))
    row = {"id": STRANGER, "remote_host": "ONE-host", "subprotocols": "[]"}
    await rest.store.write(Function(partial(put, unknown_stations, row)))
    return {
        "user_id": str(user.id),
        "token_id": str(token.id),
        "session_id": str(session.id),
        "factor_id": str(new_id()),
        "tenant_id": str(TENANT_ID),
        "transaction_id": str(transaction_id),
        "station_id": STATION,
        "token": TOKEN,
        "template_id": str(template.json()["id"]),
        "report_id": "1",
        "transfer": "none",
        "file_id": str(new_id()),
        "file_name": "none",
        "log_id": str(new_id()),
        "image_id": str(new_id()),
        "update_id": str(new_id()),
        "name": "reset",
        "fingerprint": "0" * 64,
        "purpose": "station",
        "site_id": SITE,
        "reservation_id": str(reservation_id),
        "request_id": str(new_id()),
    }


def put(table: Table, values: dict[str, Any], connection: Connection) -> None:
    """A row of tenant ONE in which everything that must be there is."""
    row: dict[str, Any] = {"tenant_id": TENANT_ID}
    for column in table.columns:
        if column.nullable or column.name in row:
            continue
        kinds: dict[type, Any] = {
            Id: new_id(),
            Moment: NOW,
            Exact: Decimal(0),
            Boolean: False,
            Integer: 0,
        }
        fill = (value for kind, value in kinds.items() if isinstance(column.type, kind))
        row[column.name] = next(fill, "ONE")
    connection.execute(insert(table).values(row | values))


def operations(document: Any, ids: dict[str, str]) -> list[Operation]:
    found, unknown = [], []
    for path, item in document["paths"].items():
        if not path.startswith("/api/v1"):
            continue
        for method, operation in item.items():
            name = operation["operationId"]
            names = [each["name"] for each in operation.get("parameters", [])
                     if each["in"] == "path"]  # fmt: skip
            unknown += [f"{name}: parameter {each}" for each in names if each not in ids]
            if "requestBody" in operation and name not in BODIES:
                unknown.append(f"{name}: body")
            place = STRANGER if "unknown-stations" in path else STATION
            known = {**dict.fromkeys(names, "x"), **ids, "station_id": place}
            nothing = {each: missing(each, known[each]) for each in names}
            is_public = not operation.get("security")
            where, nowhere = path.format(**known), path.format(**nothing)
            found.append(Operation(name, method.upper(), where, nowhere, is_public))
    assert not unknown, f"say in {Path(__file__).name} how to call {', '.join(unknown)}"
    return found


def missing(parameter: str, value: str) -> str:
    """An id of the same kind that nothing has."""
    if parameter in ("name", "purpose"):
        return value  # of a command or a list: no thing of anybody
    if value.isdigit():
        return f"9{value}"
    try:
        return str(UUID(int=UUID(value).int ^ 1))
    except ValueError:
        return f"NOT-{value[4:]}"


async def everybody(rest: Serving) -> dict[str, httpx.AsyncClient]:
    async def user(tenant_id: UUID, name: str, role: Role, site: str | None = None) -> User:
        sites = None if site is None else [site]
        return await rest.accounts.add_user(tenant_id, name, role, None, sites)

    people = {
        "driver A": await user(TENANT_ID, "driver A", Role.DRIVER),
        "driver B": await user(TENANT_ID, "driver B", Role.DRIVER),
        "operator elsewhere": await user(TENANT_ID, "op-e", Role.OPERATOR, "elsewhere"),
        "operator of ONE": await user(TENANT_ID, "op-1", Role.OPERATOR),
        "auditor": await user(TENANT_ID, "auditor", Role.AUDITOR),
        "operator of TWO": await user(TWO_ID, "op-2", Role.OPERATOR),
        "administrator of TWO": await user(TWO_ID, "admin-2", Role.ADMIN),
    }
    clients = {"nobody": rest.as_("")}
    for name, person in people.items():
        clients[name] = rest.as_((await rest.accounts.sessions.begin(person)).token)
    return clients


def everything(connection: Connection) -> dict[str, set[str]]:
    """All rows of tenant ONE, but for what is noted of whoever asks."""
    mine = {}
    for table in SCHEMA.metadata.sorted_tables:
        if table.name in ("audit_log", "audit_heads", "api_tokens", "idempotency_keys"):
            continue
        rows = connection.execute(select(table).where(table.c.tenant_id == TENANT_ID))
        mine[table.name] = {repr(row) for row in rows}
    return mine


async def refusals(world: World, who: str, *, own: bool = True) -> list[str]:
    """What somebody was not refused: neither closed to them nor without anything of ONE."""
    client, wrong = world.clients[who], []
    for operation in world.operations:
        if operation.is_public or (operation.name in OWN and own):
            continue
        answer = await operation.ask(client)
        is_list = operation.method == "GET" and not operation.names_a_thing
        is_closed = answer.status_code in (401, 403) or (
            operation.names_a_thing and await operation.looks_like_nothing(client, answer)
        )
        is_empty = is_list and answer.status_code in (200, 404) and "ONE" not in answer.text
        is_own = operation.method in ("POST", "PATCH") and not operation.names_a_thing and own
        if not (is_closed or is_empty or (is_own and answer.status_code < 500)):
            wrong.append(f"{operation.name}: {answer.status_code} {answer.text[:80]}")
    return wrong


async def test_nobody_gets_in_anywhere(world: World) -> None:
    client = world.clients["nobody"]
    for operation in world.operations:
        answer = await operation.ask(client)
        if operation.is_public:
            assert "ONE" not in answer.text, operation
        else:
            assert answer.status_code == 401, operation


@pytest.mark.parametrize("who", ["driver A", "driver B"])
async def test_a_driver_reaches_the_own_account_and_nothing_else(world: World, who: str) -> None:
    before = await world.rest.store.read(everything)
    for operation in world.operations:
        if operation.is_public or operation.name in ("log_out", "add_totp", "offer_own_passkey"):
            continue
        answer = await operation.ask(world.clients[who])
        allowed = (200, 204, 400, 403, 404) if operation.name in OWN else (403,)
        assert answer.status_code in allowed, operation
        assert "ONE" not in answer.text, operation
    assert await world.rest.store.read(everything) == before


@pytest.mark.parametrize("who", ["operator of TWO", "administrator of TWO"])
async def test_whoever_belongs_to_another_tenant_gets_at_nothing(world: World, who: str) -> None:
    before = await world.rest.store.read(everything)
    assert await refusals(world, who) == []
    assert await world.rest.store.read(everything) == before


async def test_whoever_is_limited_to_another_site_gets_at_nothing(world: World) -> None:
    before = await world.rest.store.read(everything)
    who = "operator elsewhere"
    assert [each for each in await refusals(world, who) if "list_tenants" not in each] == []
    assert await world.rest.store.read(everything) == before


async def test_an_auditor_sees_everything_and_changes_nothing(world: World) -> None:
    before = await world.rest.store.read(everything)
    for operation in world.operations:
        if operation.is_public or operation.name in OWN:
            continue
        status = (await operation.ask(world.clients["auditor"])).status_code
        if operation.method == "GET" or operation.name in ASKED_BY_POST:
            assert status not in (401, 403), operation
        else:
            assert status == 403, operation
    assert await world.rest.store.read(everything) == before


async def test_the_operator_reaches_what_the_others_do_not(world: World) -> None:
    """The calls above would be worth nothing if they were wrong for everybody."""
    last = [each for each in world.operations if each.method == "DELETE"]
    first = [each for each in world.operations if each.method != "DELETE"]
    for operation in first + last:
        if operation.is_public or operation.name in OWN:
            continue
        status = (await operation.ask(world.clients["operator of ONE"])).status_code
        if operation.name in ADMINISTERED | LOG:
            assert status == 403, operation
            admin = world.rest.admin
            assert (await operation.ask(admin)).status_code not in (401, 403, 405), operation
        else:
            assert status not in (401, 403, 405, 422), operation
            assert status < 500, operation


# What a view is asked for, if not for everything: it names a thing.
SUBJECTS = {
    "station": "station_id", "power": "station_id", "frames": "station_id",
    "transaction": "transaction_id", "reservation": "reservation_id",
}  # fmt: skip


async def watched(world: World, who: Principal) -> dict[str, str | None]:
    """What each live view tells somebody at first; None: it refuses."""
    hub = Hub(world.views, SystemClock())
    told: dict[str, str | None] = {}
    for view in world.views:
        subject = SUBJECTS.get(view.name)
        parameters = {} if subject is None else {"id": world.ids[subject]}
        try:
            feed = await hub.open(who, view.name, parameters, Watcher())
            told[view.name] = feed.snapshot().decode()
        except Problem:
            told[view.name] = None
    return told


async def test_a_live_view_tells_nothing_to_whoever_is_elsewhere(world: World) -> None:
    def person(tenant_id: UUID, sites: frozenset[str] | None) -> Principal:
        return Principal(tenant_id, UUID(int=9), "eve", "x", frozenset({"*:read"}), sites=sites)

    for nobody in (
        person(TENANT_ID, frozenset({"elsewhere"})),
        person(TENANT_ID, frozenset()),
        person(TWO_ID, None),
        person(TWO_ID, frozenset({SITE})),
    ):
        told = await watched(world, nobody)
        assert [name for name, text in told.items() if text and "ONE" in text] == []
        assert all(told[name] is None for name in SUBJECTS)
    whole = await watched(world, person(TENANT_ID, None))
    assert None not in whole.values()
    limited = await watched(world, person(TENANT_ID, frozenset({SITE})))
    open_to_them = {name for name, text in limited.items() if text is not None}
    assert open_to_them == {view.name for view in world.views if view.is_sited}
    assert {*SUBJECTS, "stations", "transactions"} <= open_to_them
    for name in ("station", "stations", "transaction", "transactions"):
        assert "ONE" in (limited[name] or "")
