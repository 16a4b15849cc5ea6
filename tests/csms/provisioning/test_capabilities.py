"""Which commands a station can carry out, as far as is known before one is sent."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from chargeplane.csms.inventory import stations
from chargeplane.csms.provisioning import tables
from chargeplane.csms.provisioning.capabilities import (
    CACHE,
    MESSAGES,
    PROFILES,
    RESERVATIONS,
    capabilities,
)
from chargeplane.csms.provisioning.tables import Reading
from chargeplane.domain.commands import COMMANDS
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.store import Function, Rows
from tests.csms.making import NOW, TENANT_ID
from tests.csms.provisioning.conftest import World


def lacking(version: Version | None, **reported: str) -> dict[str, str | None]:
    available, enabled = RESERVATIONS
    variables = {
        "profiles": PROFILES, "cache": CACHE, "available": available, "enabled": enabled,
    }  # fmt: skip
    told = {tables.key_of(variables[name]): value for name, value in reported.items()}
    return {each.name: each.lack for each in capabilities(version, told) if not each.supported}


def test_every_command_but_any_message_is_known_by_its_message() -> None:
    assert COMMANDS.keys() - MESSAGES.keys() == {"raw"}
    assert MESSAGES.keys() <= COMMANDS.keys()


@pytest.mark.parametrize(
    ("version", "missing"),
    [
        (Version.V1_2, {"trigger-message", "get-variables", "get-base-report", "get-report"}),
        (Version.V1_5, {"trigger-message", "get-report"}),
        (Version.V1_6, {"get-report"}),
        (Version.V2_0_1, set()),
        (Version.V2_1, set()),
    ],
    ids=["1.2", "1.5", "1.6", "2.0.1", "2.1"],
)
def test_a_version_lacks_what_it_has_no_message_for(version: Version, missing: set[str]) -> None:
    found = lacking(version)
    certificates = {each for each in MESSAGES if "certificate" in each}
    reservations = {each for each in MESSAGES if "reserv" in each}
    assert found.keys() - certificates - reservations - {"data-transfer"} == missing
    assert (reservations <= found.keys()) is (version is Version.V1_2)
    assert len(reservations) == 2
    assert ("install-certificate" in found) is (version in (Version.V1_2, Version.V1_5))
    assert ("data-transfer" in found) is (version is Version.V1_2)
    assert set(found.values()) <= {"version"}


def test_of_a_station_that_was_never_here_nothing_is_known_to_be_missing() -> None:
    assert lacking(None) == {}


def test_a_station_without_remote_trigger_is_not_asked_for_messages() -> None:
    found = lacking(Version.V1_6, profiles="Core, Reservation")
    assert found["trigger-message"] == "feature"
    told = lacking(Version.V1_6, profiles="Core,remotetrigger")
    assert "trigger-message" not in told
    assert (told["reserve"], told["cancel-reservation"]) == ("feature", "feature")
    assert not {"reserve", "cancel-reservation"} & found.keys()


def test_a_station_that_takes_no_reservations_is_not_asked_for_one() -> None:
    for name in ("available", "enabled"):
        assert lacking(Version.V2_1, **{name: "false"}) == {"reserve": "feature"}
    assert lacking(Version.V2_1, available="true", enabled="true") == {}


def test_a_station_without_a_cache_has_none_to_clear() -> None:
    assert lacking(Version.V2_1, cache="false") == {"clear-cache": "feature"}
    assert lacking(Version.V2_1, cache="true") == {}


async def test_the_route_knows_the_version_and_what_was_reported(world: World) -> None:
    assert (await world.operator.post("/stations", json={"id": "CP1"})).status_code == 201
    version = update(stations).values(ocpp_version="2.0.1")
    await world.store.write(Function(lambda connection: connection.execute(version)))
    rows = tables.report_rows(TENANT_ID, "CP1", [Reading(CACHE, "false")], NOW, NOW)
    await world.store.write(Rows(rows))
    answer = (await world.operator.get("/stations/CP1/capabilities")).json()
    found = {each.pop("name"): each for each in answer["items"]}
    assert found.keys() == COMMANDS.keys()
    assert found["clear-cache"] == {
        "supported": False,
        "lack": "feature",
        "reason": "the station says it has no authorisation cache",
    }
    assert found["reset"] == {"supported": True, "lack": None, "reason": None}
    assert (await world.operator.get("/stations/CP2/capabilities")).status_code == 404
