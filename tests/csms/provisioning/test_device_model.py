"""What stations report of their device model is kept; commands about it tell each variable."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from chargeplane.csms.contract import Ask, Block, Decision, Station
from chargeplane.csms.provisioning import tables
from chargeplane.domain.commands import (
    Accepted,
    Command,
    ComponentVariable,
    GetBaseReport,
    GetReport,
    GetVariables,
    Refused,
    ReportBase,
    ReportCriterion,
    Reset,
    ResetType,
    SetVariables,
    Unsupported,
    Variable,
    VariableValue,
)
from chargeplane.domain.events import VariablesReported
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.codec import payload_of
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET
from chargeplane.runtime.store import Store
from tests.csms.making import NOW, TENANT_ID, decided, heard, kept, station
from tests.csms.provisioning.test_boot import provisioning

FIRST, SECOND = station(Version.V1_6), station(Version.V2_1)
INTERVAL = Variable(component="OCPPCommCtrlr", name="HeartbeatInterval")
PASSWORD = Variable(component="SecurityCtrlr", name="BasicAuthPassword")
KEY = Variable(name="HeartbeatInterval")


async def translated(offered: Block, who: Station, command: Command) -> Ask | Unsupported:
    """What a command is in the words of a station's family."""
    table = offered.commands_v1 if who.version is Version.V1_6 else offered.commands_v2
    found = table[type(command)](who, command)
    return await found if isinstance(found, Awaitable) else found


async def asked(store: Store, who: Station, command: Command) -> Ask:
    found = await translated(provisioning(store), who, command)
    assert isinstance(found, Ask)
    return found


async def why_not(store: Store, who: Station, command: Command) -> str:
    found = await translated(provisioning(store), who, command)
    assert isinstance(found, Unsupported)
    return found.reason


async def known(store: Store) -> dict[str, Any]:
    """Values by name; what was submitted before has been written."""
    look = partial(tables.after, tenant_id=TENANT_ID, station_id="CP1", count_max=100)
    await store.write(_Nothing())
    return {row.name: row for row in await store.read(look)}


class _Nothing:
    def apply(self, connection: Connection) -> None:
        connection.execute(select(1))


def data(
    name: str, value: str | None, *, evse_id: int | None = None, **nature: Any
) -> v21.ReportDataType:
    """One variable of a report."""
    unset = v21.ComponentType(name="OCPPCommCtrlr")
    evse = None if evse_id is None else v21.EVSEType(id=evse_id, connector_id=1)
    attribute = v21.VariableAttributeType(mutability=v21.MutabilityEnumType.READ_WRITE)
    if value is not None:
        attribute = v21.VariableAttributeType(value=value)
    return v21.ReportDataType(
        component=unset if evse is None else v21.ComponentType(name="Connector", evse=evse),
        variable=v21.VariableType(name=name),
        variable_attribute=[attribute],
        variable_characteristics=v21.VariableCharacteristicsType(
            data_type=v21.DataEnumType.INTEGER, supports_monitoring=False, **nature
        ),
    )


async def part(
    store: Store, request_id: int, number: int, last: bool, *told: v21.ReportDataType
) -> Decision:
    """A station sends a part of a report."""
    request = v21.NotifyReportRequest(
        request_id=request_id,
        generated_at=NOW,
        seq_no=number,
        tbc=not last,
        report_data=[*told] or UNSET,
    )
    handler = provisioning(store).v2[v21.NotifyReportRequest]
    return await kept(store, await decided(handler, heard(SECOND, request, NOW)))


async def begun(store: Store) -> int:
    ask = await asked(store, SECOND, GetBaseReport(report_base=ReportBase.FULL))
    assert isinstance(ask.request, v21.GetBaseReportRequest)
    return ask.request.request_id


async def test_a_report_is_kept_part_by_part_and_told_when_it_is_complete(store: Store) -> None:
    request_id = await begun(store)
    one = await part(
        store, request_id, 0, False, data("HeartbeatInterval", "300", unit="s", min_limit=1.0)
    )
    assert one.durable
    assert one.events == ()
    two = await part(store, request_id, 1, True, data("ConnectorType", "cType2", evse_id=2))
    [event] = two.events
    assert isinstance(event, VariablesReported)
    assert (event.request_id, event.parts_count, event.is_complete) == (request_id, 2, True)
    rows = await known(store)
    interval = rows["HeartbeatInterval"]
    assert (interval.component, interval.value, interval.unit, interval.minimum) == (
        "OCPPCommCtrlr",
        "300",
        "s",
        "1",
    )
    assert (interval.mutability, interval.data_type) == ("ReadWrite", "integer")
    plug = rows["ConnectorType"]
    assert (plug.component, plug.evse_id, plug.connector_id) == ("Connector", 2, 1)


async def test_a_report_with_a_missing_part_is_told_as_incomplete(sqlite_store: Store) -> None:
    request_id = await begun(sqlite_store)
    await part(sqlite_store, request_id, 0, False, data("A", "1"))
    last = await part(sqlite_store, request_id, 2, True, data("C", "3"))
    [event] = last.events
    assert isinstance(event, VariablesReported)
    assert not event.is_complete
    assert set(await known(sqlite_store)) == {"A", "C"}


async def test_a_part_that_comes_twice_counts_once(sqlite_store: Store) -> None:
    request_id = await begun(sqlite_store)
    await part(sqlite_store, request_id, 0, False, data("A", "1"))
    await part(sqlite_store, request_id, 0, False, data("A", "1"))
    last = await part(sqlite_store, request_id, 1, True, data("B", "2"))
    again = await part(sqlite_store, request_id, 1, True, data("B", "2"))
    [event] = last.events
    assert isinstance(event, VariablesReported)
    assert event.is_complete
    assert again.events == ()


async def test_a_report_that_nobody_asked_for_is_kept_and_not_told(sqlite_store: Store) -> None:
    said = await part(sqlite_store, 7, 0, True, data("A", "1"))
    assert said.events == ()
    assert set(await known(sqlite_store)) == {"A"}


async def test_an_empty_report_is_complete(sqlite_store: Store) -> None:
    request_id = await begun(sqlite_store)
    said = await part(sqlite_store, request_id, 0, True)
    [event] = said.events
    assert isinstance(event, VariablesReported)
    assert event.is_complete


async def test_only_so_many_variables_of_a_station_are_kept(
    sqlite_store: Store, monkeypatch: Any
) -> None:
    monkeypatch.setattr(tables, "VARIABLES_MAX", 2)
    await part(sqlite_store, 7, 0, False, data("A", "1"), data("B", "1"))
    said = await part(sqlite_store, 7, 1, True, data("C", "1"))
    assert isinstance(said.response, v21.NotifyReportResponse)
    assert set(await known(sqlite_store)) == {"A", "B"}


async def test_only_the_newest_reports_are_remembered(sqlite_store: Store) -> None:
    for _ in range(tables.REPORTS_MAX + 3):
        await begun(sqlite_store)
    query = select(tables.variable_reports.c.request_id)
    left = await sqlite_store.read(lambda connection: connection.execute(query).all())
    assert len(left) == tables.REPORTS_MAX


async def test_names_are_the_same_in_either_case(store: Store) -> None:
    await part(store, 7, 0, True, data("HeartbeatInterval", "300"))
    await part(store, 7, 0, True, data("HEARTBEATINTERVAL", "60"))
    [row] = (await known(store)).values()
    assert row.value == "60"


async def test_a_password_is_never_kept(store: Store) -> None:
    await part(store, 7, 0, True, data("BasicAuthPassword", "not-for-everybody"))
    ask = await asked(
        store, SECOND, SetVariables(values=(VariableValue(variable=PASSWORD, value="x" * 20),))
    )
    ask.read(_set_response(PASSWORD, "Accepted"))
    assert (await known(store))["BasicAuthPassword"].value is None


async def test_configuration_keys_of_1x_are_variables_without_a_component(store: Store) -> None:
    ask = await asked(store, FIRST, GetVariables())
    assert payload_of(ask.request) == {}
    outcome = ask.read(
        v16.GetConfigurationResponse(
            configuration_key=[
                v16.KeyValue(key="HeartbeatInterval", readonly=False, value="300"),
                v16.KeyValue(key="NumberOfConnectors", readonly=True, value="2"),
                v16.KeyValue(key="AuthorizationKey", readonly=False, value="00112233"),
            ]
        )
    )
    assert isinstance(outcome, Accepted)
    rows = await known(store)
    assert (rows["HeartbeatInterval"].value, rows["HeartbeatInterval"].component) == ("300", None)
    assert rows["NumberOfConnectors"].mutability == "ReadOnly"
    assert rows["AuthorizationKey"].value is None


async def test_keys_that_a_1x_station_does_not_know_are_told(sqlite_store: Store) -> None:
    command = GetVariables(variables=(KEY, Variable(name="Nonsense")))
    ask = await asked(sqlite_store, FIRST, command)
    assert payload_of(ask.request) == {"key": ["HeartbeatInterval", "Nonsense"]}
    outcome = ask.read(
        v16.GetConfigurationResponse(
            configuration_key=[v16.KeyValue(key="HeartbeatInterval", readonly=False, value="1")],
            unknown_key=["Nonsense"],
        )
    )
    assert isinstance(outcome, Accepted)
    assert outcome.reason == "1 of 2 variables: 1 × UnknownKey"
    assert [each["is_done"] for each in outcome.response["results"]] == [True, False]
    nothing = ask.read(v16.GetConfigurationResponse(unknown_key=["Nonsense"]))
    assert isinstance(nothing, Refused)
    assert nothing.status == "UnknownKey"


async def test_a_key_is_set_and_its_new_value_is_shown(store: Store) -> None:
    ask = await asked(store, FIRST, GetVariables())
    key = v16.KeyValue(key="HeartbeatInterval", readonly=False, value="300")
    ask.read(v16.GetConfigurationResponse(configuration_key=[key]))
    wish = SetVariables(values=(VariableValue(variable=KEY, value="60"),))
    ask = await asked(store, FIRST, wish)
    assert payload_of(ask.request) == {"key": "HeartbeatInterval", "value": "60"}
    status = v16.ConfigurationStatus
    refused = ask.read(v16.ChangeConfigurationResponse(status=status.NOT_SUPPORTED))
    assert isinstance(refused, Refused)
    assert (await known(store))["HeartbeatInterval"].value == "300"
    later = ask.read(v16.ChangeConfigurationResponse(status=status.REBOOT_REQUIRED))
    assert isinstance(later, Accepted)
    assert later.status == "RebootRequired"
    assert (await known(store))["HeartbeatInterval"].value == "60"


async def test_variables_of_2x_are_read_one_by_one(store: Store) -> None:
    await part(store, 7, 0, True, data("HeartbeatInterval", "300", unit="s"))
    missing = Variable(component="OCPPCommCtrlr", name="Nonsense", attribute="target")
    ask = await asked(store, SECOND, GetVariables(variables=(INTERVAL, missing)))
    component = v21.ComponentType(name="OCPPCommCtrlr")
    statuses = v21.GetVariableStatusEnumType
    outcome = ask.read(
        v21.GetVariablesResponse(
            get_variable_result=[
                v21.GetVariableResultType(
                    attribute_status=statuses.ACCEPTED,
                    attribute_value="60",
                    component=component,
                    variable=v21.VariableType(name="HeartbeatInterval"),
                ),
                v21.GetVariableResultType(
                    attribute_status=statuses.UNKNOWN_VARIABLE,
                    attribute_type=v21.AttributeEnumType.TARGET,
                    component=component,
                    variable=v21.VariableType(name="Nonsense"),
                ),
            ]
        )
    )
    assert isinstance(outcome, Accepted)
    assert [each["status"] for each in outcome.response["results"]] == [
        "Accepted",
        "UnknownVariable",
    ]
    assert outcome.response["results"][1]["variable"]["attribute"] == "target"
    rows = await known(store)
    assert set(rows) == {"HeartbeatInterval"}
    assert (rows["HeartbeatInterval"].value, rows["HeartbeatInterval"].unit) == ("60", "s")


def _set_response(variable: Variable, status: str) -> v21.SetVariablesResponse:
    result = v21.SetVariableResultType(
        attribute_status=v21.SetVariableStatusEnumType(status),
        attribute_status_info=v21.StatusInfoType(reason_code="Because"),
        component=v21.ComponentType(name=variable.component or ""),
        variable=v21.VariableType(name=variable.name),
    )
    return v21.SetVariablesResponse(set_variable_result=[result])


async def test_a_variable_of_2x_is_set_and_its_new_value_is_shown(store: Store) -> None:
    await part(store, 7, 0, True, data("HeartbeatInterval", "300"))
    wish = SetVariables(values=(VariableValue(variable=INTERVAL, value="60"),))
    ask = await asked(store, SECOND, wish)
    refused = ask.read(_set_response(INTERVAL, "Rejected"))
    assert isinstance(refused, Refused)
    assert (refused.status, refused.reason) == ("Rejected", "Because")
    assert (await known(store))["HeartbeatInterval"].value == "300"
    assert isinstance(ask.read(_set_response(INTERVAL, "Accepted")), Accepted)
    assert (await known(store))["HeartbeatInterval"].value == "60"


async def test_what_a_version_cannot_say_is_told_before_it_is_sent(sqlite_store: Store) -> None:
    both = tuple(VariableValue(variable=KEY, value=value) for value in "ab")
    assert "one key at a time" in await why_not(sqlite_store, FIRST, SetVariables(values=both))
    of_2x = GetVariables(variables=(INTERVAL,))
    assert "configuration keys" in await why_not(sqlite_store, FIRST, of_2x)
    of_1x = GetVariables(variables=(KEY,))
    assert "belongs to a component" in await why_not(sqlite_store, SECOND, of_1x)
    twice = tuple(VariableValue(variable=INTERVAL, value=value) for value in "ab")
    assert "named twice" in await why_not(sqlite_store, SECOND, SetVariables(values=twice))
    odd = Variable(component="A", name="B", attribute="average")
    assert "average" in await why_not(sqlite_store, SECOND, GetVariables(variables=(odd,)))
    summary = GetBaseReport(report_base=ReportBase.SUMMARY)
    assert await why_not(sqlite_store, FIRST, summary)
    assert await why_not(sqlite_store, FIRST, Reset(evse_id=1))


async def test_reading_everything_of_2x_is_a_full_report(sqlite_store: Store) -> None:
    ask = await asked(sqlite_store, SECOND, GetVariables())
    assert isinstance(ask.request, v21.GetBaseReportRequest)
    assert ask.request.report_base is v21.ReportBaseEnumType.FULL_INVENTORY
    status = v21.GenericDeviceModelStatusEnumType
    outcome = ask.read(v21.GetBaseReportResponse(status=status.ACCEPTED))
    assert isinstance(outcome, Accepted)
    assert outcome.response["request_id"] == ask.request.request_id
    empty = ask.read(v21.GetBaseReportResponse(status=status.EMPTY_RESULT_SET))
    assert isinstance(empty, Refused)


async def test_a_report_of_some_variables_names_them(sqlite_store: Store) -> None:
    command = GetReport(
        criteria=(ReportCriterion.PROBLEM,),
        variables=(
            ComponentVariable(component="Connector", evse_id=1),
            ComponentVariable(component="EVSE", name="Power", evse_id=1),
        ),
    )
    ask = await asked(sqlite_store, SECOND, command)
    payload = payload_of(ask.request)
    assert payload["componentCriteria"] == ["Problem"]
    assert payload["componentVariable"] == [
        {"component": {"name": "Connector", "evse": {"id": 1}}},
        {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}},
    ]


async def test_a_reset_is_said_in_the_words_of_each_family(sqlite_store: Store) -> None:
    now = Reset(type=ResetType.IMMEDIATE)
    assert payload_of((await asked(sqlite_store, FIRST, now)).request) == {"type": "Hard"}
    assert payload_of((await asked(sqlite_store, FIRST, Reset())).request) == {"type": "Soft"}
    assert payload_of((await asked(sqlite_store, SECOND, now)).request) == {"type": "Immediate"}
    ask = await asked(sqlite_store, SECOND, Reset(evse_id=2))
    assert payload_of(ask.request) == {"type": "OnIdle", "evseId": 2}
    scheduled = ask.read(v21.ResetResponse(status=v21.ResetStatusEnumType.SCHEDULED))
    assert isinstance(scheduled, Accepted)


async def test_an_answer_that_cannot_be_noted_is_an_answer_all_the_same(
    sqlite_store: Store, caplog: Any
) -> None:
    ask = await asked(sqlite_store, FIRST, GetVariables())
    await sqlite_store.__aexit__(None, None, None)
    key = v16.KeyValue(key="A", readonly=False, value="1")
    outcome = ask.read(v16.GetConfigurationResponse(configuration_key=[key]))
    assert isinstance(outcome, Accepted)
    assert "were not noted" in caplog.text
