"""What a variable was and became is kept: with its time, its source, and who has set it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chargeplane.csms.provisioning import history
from chargeplane.domain.commands import GetVariables, SetVariables, Variable, VariableValue
from chargeplane.ocpp import v16, v21
from chargeplane.runtime.store import Rows, Store
from tests.csms.making import NOW, TENANT_ID
from tests.csms.provisioning.conftest import World
from tests.csms.provisioning.test_api import made
from tests.csms.provisioning.test_device_model import (
    FIRST,
    INTERVAL,
    KEY,
    PASSWORD,
    SECOND,
    _Nothing,
    asked,
    begun,
    data,
    part,
)


async def told(store: Store, variable: Variable | None = None) -> list[Any]:
    """All changes, the newest first; what was submitted before has been written."""
    await store.write(_Nothing())
    look = partial(
        history.newest, tenant_id=TENANT_ID, station_id="CP1", count_max=100, variable=variable
    )
    return [
        (each.name, each.before, each.value, each.source, each.by_name)
        for each in await store.read(look)
    ]


def set_to(variable: Variable, value: str) -> SetVariables:
    return SetVariables(values=(VariableValue(variable=variable, value=value),))


def taken(variable: Variable, word: str = "Accepted") -> v21.SetVariablesResponse:
    result = v21.SetVariableResultType(
        attribute_status=v21.SetVariableStatusEnumType(word),
        component=v21.ComponentType(name=variable.component or ""),
        variable=v21.VariableType(name=variable.name),
    )
    return v21.SetVariablesResponse(set_variable_result=[result])


async def test_a_report_tells_what_has_changed_since_the_last_one(store: Store) -> None:
    await part(store, 7, 0, True, data("A", "1"), data("B", "1"))
    assert await told(store) == []
    await part(store, 7, 0, True, data("A", "2"), data("B", "1"), data("C", "1"))
    assert await told(store) == [("A", "1", "2", "report", None)]


async def test_what_we_set_is_told_with_who_has_set_it(store: Store) -> None:
    await part(store, await begun(store), 0, True, data("HeartbeatInterval", "300"))
    ask = await asked(store, SECOND, set_to(INTERVAL, "60"))
    with history.acting("ada"):
        ask.read(taken(INTERVAL))
    ask.read(taken(INTERVAL))  # it is so already
    refused = await asked(store, SECOND, set_to(INTERVAL, "1"))
    refused.read(taken(INTERVAL, "Rejected"))
    assert await told(store) == [("HeartbeatInterval", "300", "60", "set", "ada")]
    await part(store, 8, 0, True, data("HeartbeatInterval", "60"))
    assert len(await told(store)) == 1


async def test_what_is_read_one_by_one_is_told_too(store: Store) -> None:
    ask = await asked(store, FIRST, GetVariables())
    for value in ("300", "300", "60"):
        key = v16.KeyValue(key="HeartbeatInterval", readonly=False, value=value)
        ask.read(v16.GetConfigurationResponse(configuration_key=[key]))
    assert await told(store) == [("HeartbeatInterval", "300", "60", "read", None)]
    assert await told(store, KEY) == await told(store)
    assert await told(store, INTERVAL) == []


async def test_a_password_is_in_no_history(store: Store) -> None:
    for value in ("not-for-everybody", "nor-this-one"):
        await part(store, 7, 0, True, data("BasicAuthPassword", value))
    ask = await asked(store, SECOND, set_to(PASSWORD, "x" * 20))
    ask.read(taken(PASSWORD))
    assert await told(store) == []


async def test_what_can_only_be_written_is_in_no_history(store: Store) -> None:
    hidden = Variable(component="OCPPCommCtrlr", name="Hidden")
    attribute = v21.VariableAttributeType(mutability=v21.MutabilityEnumType.WRITE_ONLY)
    await part(store, 7, 0, True, data("Hidden", None))
    said = data("Hidden", None)
    said = v21.ReportDataType(
        component=said.component, variable=said.variable, variable_attribute=[attribute]
    )
    await part(store, 7, 0, True, said)
    ask = await asked(store, SECOND, set_to(hidden, "secret"))
    ask.read(taken(hidden))
    assert await told(store) == []


async def test_only_so_many_changes_of_a_station_are_kept(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CHANGES_MAX", 3)
    for number in range(8):
        await part(sqlite_store, 7, 0, True, data("A", str(number)))
    left = await told(sqlite_store)
    assert [each[2] for each in left][:3] == ["7", "6", "5"]
    assert len(left) <= 4  # the last one has not been followed by its housekeeping
    ask = await asked(
        sqlite_store, SECOND, set_to(Variable(component="OCPPCommCtrlr", name="A"), "x")
    )
    ask.read(taken(Variable(component="OCPPCommCtrlr", name="A")))
    assert [each[2] for each in await told(sqlite_store)] == ["x", "7", "6"]


async def test_the_history_comes_in_pages_and_of_one_variable(world: World) -> None:
    await made(world)
    for number in range(4):
        variable = Variable(component="EVSE", name="Power", evse_id=number % 2 + 1)
        change = history.Change(variable, str(number), str(number + 1))
        rows = history.rows(TENANT_ID, "CP1", [change], history.Source.SET, NOW, "ada")
        await world.store.write(Rows(rows))
    first = (await world.operator.get("/stations/CP1/variable-changes?limit=3")).json()
    assert [each["value"] for each in first["items"]] == ["4", "3", "2"]
    assert first["items"][0] | {"id": "", "at": ""} == {
        "id": "", "component": "EVSE", "component_instance": None, "evse_id": 2,
        "connector_id": None, "name": "Power", "instance": None, "attribute": "actual",
        "before": "3", "value": "4", "source": "set", "by_name": "ada", "at": "",
    }  # fmt: skip
    path = f"/stations/CP1/variable-changes?limit=3&cursor={first['next']}"
    assert [each["value"] for each in (await world.operator.get(path)).json()["items"]] == ["1"]
    path = "/stations/CP1/variable-changes?name=power&component=evse&evse_id=1"
    found = (await world.operator.get(path)).json()["items"]
    assert [each["value"] for each in found] == ["3", "1"]
    assert (await world.clients["stranger"].get(path)).status_code == 404


async def test_it_is_told_how_far_a_report_has_come(world: World) -> None:
    await made(world)
    request_id = await begun(world.store)
    path = f"/stations/CP1/variable-reports/{request_id}"
    shown = (await world.operator.get(path)).json()
    assert (shown["parts_count"], shown["completed_at"]) == (0, None)
    await part(world.store, request_id, 0, True, data("A", "1"))
    shown = (await world.operator.get(path)).json()
    assert (shown["parts_count"], shown["completed_at"]) == (1, "2026-11-21T12:00:00Z")
    for other in (f"{path}0", f"{path}{'0' * 30}", f"{path[:-1]}-1"):
        assert (await world.operator.get(other)).status_code == 404
    assert (await world.clients["stranger"].get(path)).status_code == 404


async def test_a_command_over_rest_is_given_by_whoever_asked(world: World) -> None:
    await made(world)
    world.connected.add((TENANT_ID, "CP1"))
    body = {"values": [{"variable": {"name": "A"}, "value": "1"}]}
    await world.operator.post("/stations/CP1/commands/set-variables", json=body)
    assert world.actors == ["operator"]
    assert history.actor() is None
