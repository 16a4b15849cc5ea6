"""The settings that the program runs with: shown with their sources and without their secrets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from chargeplane.runtime.access import Role
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.settings import SECRETS, Settings, load, origins
from chargeplane.runtime.store import Function, tenants
from chargeplane.runtime.store import Settings as StoreSettings
from chargeplane.web import configuration
from tests.web.conftest import NOW
from tests.web.serving import Serving, serving

ENVIRONMENT = {"CHARGEPLANE_OCPP_PORT": "9001", "CHARGEPLANE_SECRET_KEY": "of-nobodys-business"}
WORDS = Path(__file__).parents[2] / "ui" / "src" / "blocks" / "program"
FLAGS = {"host": "0.0.0.0", "port": None}


def shown(**given: str) -> dict[str, configuration.SettingView]:
    settings = load(FLAGS | given, ENVIRONMENT)
    found = origins(FLAGS | given, ENVIRONMENT)
    return {
        each.name: each for each in configuration.configuration(settings, found, ENVIRONMENT).items
    }


def test_each_setting_says_where_it_was_set_and_what_sets_it() -> None:
    found = shown()
    assert (found["port"].value, found["port"].origin) == ("8080", None)
    assert (found["host"].value, found["host"].origin) == ("0.0.0.0", "--host")
    assert found["host"].default == "127.0.0.1"
    of_stations = found["ocpp_port"]
    assert (of_stations.value, of_stations.origin) == ("9001", "CHARGEPLANE_OCPP_PORT")
    assert of_stations.variable == "CHARGEPLANE_OCPP_PORT"
    assert (found["data"].default, found["tell_unknown_stations"].value) == (
        "chargeplane-data",
        "false",
    )
    assert [*found][: len(Settings.__struct_fields__)] == [*Settings.__struct_fields__]


def test_the_console_explains_every_setting() -> None:
    for language in ("en", "de"):
        words = json.loads((WORDS / f"words.{language}.json").read_text(encoding="utf-8"))
        assert [name for name in shown() if f"s_{name}" not in words] == []


def test_a_file_is_named_with_its_key(tmp_path: Path) -> None:
    file = tmp_path / "chargeplane.toml"
    file.write_text("port = 8081\nhost = 'here'\n")
    assert origins(FLAGS, {}, file) == {"port": f"{file}: port", "host": "--host"}


def test_a_secret_is_only_known_to_be_set_or_not() -> None:
    secrets = {name: each for name, each in shown().items() if each.is_secret}
    assert {each.variable for each in secrets.values()} == SECRETS
    assert secrets["secret_key"].origin == "CHARGEPLANE_SECRET_KEY"
    assert secrets["api_token"].origin is None
    assert "nobodys" not in repr(secrets)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("postgresql://ada:hush@db/cp", "postgresql://***@db/cp"),
        ("postgresql://ada:hu@sh/x@db/cp", "postgresql://***@db/cp"),
        ("postgresql://db/cp?user=ada&password=hush", "postgresql://db/cp?user=ada&password=***"),
        ("postgresql://db/cp?sslKey=hush&x=1", "postgresql://db/cp?sslKey=***&x=1"),
    ],
    ids=["login", "odd", "parameter", "key"],
)
def test_no_password_of_an_address_is_shown(address: str, expected: str) -> None:
    assert shown(database=address)["database"].value == expected
    assert shown(nats="nats://hush@a,nats://b:hush@c")["nats"].value == "nats://***@c"


@pytest.fixture
async def rest(settings: StoreSettings, clock: SimulatedClock) -> AsyncIterator[Serving]:
    routes = configuration.routes(configuration.configuration(Settings(), {}, {}))
    async with serving(settings, clock, [routes]) as served:
        yield served


async def test_only_those_who_look_after_the_installation_see_them(rest: Serving) -> None:
    for role, client in rest.clients.items():
        answer = await client.get("/api/v1/settings")
        assert (answer.status_code == 200) is (role in (Role.ADMIN, Role.AUDITOR)), role
    other = UUID(int=2)
    await rest.store.write(Function(lambda c: tenants.ensure(c, other, "two", NOW)))
    user = await rest.accounts.add_user(other, "ada", Role.ADMIN, None)
    token = (await rest.accounts.sessions.begin(user)).token
    assert (await rest.as_(token).get("/api/v1/settings")).status_code == 403
