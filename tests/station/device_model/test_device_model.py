"""Configuration keys of 1.x, variables and reports of 2.x."""

from __future__ import annotations

from typing import Any

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station import EvseSpec, Inventory
from chargeplane.station.device_model.variable_table import table
from chargeplane.station.device_model.variables import (
    Change,
    Kind,
    Mutability,
    Place,
    Rows,
    Variable,
    Variables,
    place_of,
)
from chargeplane.station.inventory import Inventory as Built
from tests.station.stage import Stage, online


def configuration(stage: Stage, *keys: str) -> Any:
    return stage.ask(v16.GetConfigurationRequest(key=list(keys)))


def change(stage: Stage, key: str, value: str) -> str:
    answer = stage.ask(v16.ChangeConfigurationRequest(key=key, value=value))
    return str(getattr(answer, "status", ""))


def variable(component: str, name: str, instance: str = "", **where: int) -> dict[str, Any]:
    evse = v21.EVSEType(id=where["evse"]) if where else UNSET
    return {
        "component": v21.ComponentType(name=component, evse=evse),
        "variable": v21.VariableType(name=name, instance=instance or UNSET),
    }


def get(stage: Stage, *wanted: dict[str, Any]) -> list[tuple[str, Any]]:
    request = v21.GetVariablesRequest(
        get_variable_data=[v21.GetVariableDataType(**each) for each in wanted]
    )
    answer = stage.ask(request)
    assert isinstance(answer, v21.GetVariablesResponse)
    results = answer.get_variable_result
    return [(each.attribute_status.value, each.attribute_value or None) for each in results]


def set_(stage: Stage, value: str, wanted: dict[str, Any]) -> str:
    data = v21.SetVariableDataType(attribute_value=value, **wanted)
    answer = stage.ask(v21.SetVariablesRequest(set_variable_data=[data]))
    assert isinstance(answer, v21.SetVariablesResponse)
    return answer.set_variable_result[0].attribute_status.value


def report(stage: Stage, base: str) -> list[v21.ReportDataType]:
    request = v21.GetBaseReportRequest(request_id=5, report_base=v21.ReportBaseEnumType(base))
    assert getattr(stage.ask(request), "status", "") == "Accepted"
    parts = stage.central.all(v21.NotifyReportRequest)
    assert [each.seq_no for each in parts] == list(range(len(parts)))
    assert [bool(each.tbc) for each in parts] == [True] * (len(parts) - 1) + [False]
    assert {each.request_id for each in parts} == {5}
    return [row for part in parts for row in part.report_data]


def test_all_keys_of_1_6_are_listed_with_their_values_and_secrets_without() -> None:
    answer = configuration(online("1.6"))
    found = {each.key: (each.readonly, each.value) for each in answer.configuration_key}
    assert found["NumberOfConnectors"] == (True, "2")
    assert found["MeterValueSampleInterval"] == (False, "60")
    assert found["AuthorizationKey"] == (False, UNSET)
    assert len(found) > 25


def test_keys_that_are_asked_for_are_found_in_any_case_and_others_named() -> None:
    answer = configuration(online("1.6"), "heartbeatinterval", "NoSuchKey")
    assert [each.key for each in answer.configuration_key] == ["HeartbeatInterval"]
    assert answer.unknown_key == ["NoSuchKey"]


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("MeterValueSampleInterval", "30", "Accepted"),
        ("MeterValueSampleInterval", "soon", "Rejected"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("NumberOfConnectors", "9", "Rejected"),
        ("NoSuchKey", "1", "NotSupported"),
        ("MeterValuesSampledData", "SoC,Voltage", "Accepted"),
        ("MeterValuesSampledData", "SoC,Mood", "Rejected"),
        ("LocalPreAuthorize", "TRUE", "Accepted"),
        ("LocalPreAuthorize", "maybe", "Rejected"),
    ],
)
def test_a_1_6_key_is_changed_only_to_what_fits(key: str, value: str, status: str) -> None:
    assert change(online("1.6"), key, value) == status


def test_a_new_sample_interval_counts_from_now_on_also_in_a_transaction() -> None:
    stage = online("1.6")
    stage.plug_in()
    stage.tap()
    change(stage, "MeterValueSampleInterval", "10")
    change(stage, "MeterValuesSampledData", "SoC")
    stage.wait(35)
    values = stage.central.all(v16.MeterValuesRequest)
    assert len(values) == 3
    (sample,) = values[0].meter_value[0].sampled_value
    assert (sample.measurand, sample.location) == ("SoC", "EV")
    change(stage, "MeterValueSampleInterval", "0")
    stage.wait(100)
    assert len(stage.central.all(v16.MeterValuesRequest)) == 3


def test_clock_aligned_values_come_at_round_times_from_every_connector() -> None:
    stage = online("1.6")
    stage.wait(100)
    change(stage, "ClockAlignedDataInterval", "900")
    stage.wait(1_800)
    values = stage.central.all(v16.MeterValuesRequest)
    assert [each.connector_id for each in values] == [1, 2, 1, 2]
    times = {each.meter_value[0].timestamp for each in values}
    assert {(each.minute, each.second) for each in times} == {(15, 0), (30, 0)}


def test_variables_of_2x_are_read_as_far_as_they_are_there() -> None:
    stage = online("2.1")
    assert get(
        stage,
        variable("OCPPCommCtrlr", "HeartbeatInterval"),
        variable("ocppcommctrlr", "MESSAGEATTEMPTS", "transactionevent"),
        variable("OCPPCommCtrlr", "NoSuchVariable"),
        variable("NoSuchComponent", "Enabled"),
        variable("SecurityCtrlr", "BasicAuthPassword"),
        variable("EVSE", "AvailabilityState", evse=2),
        variable("EVSE", "AvailabilityState", evse=9),
        variable("", "NumberOfConnectors"),
    ) == [
        ("Accepted", "300"),
        ("Accepted", "3"),
        ("UnknownVariable", None),
        ("UnknownComponent", None),
        ("Rejected", None),
        ("Accepted", "Available"),
        ("UnknownComponent", None),
        ("UnknownComponent", None),
    ]


def test_variables_mirror_what_the_station_does() -> None:
    stage = online("2.1")
    stage.plug_in(2)
    stage.wait(10)
    assert get(
        stage,
        variable("EVSE", "AvailabilityState", evse=2),
        variable("ClockCtrlr", "DateTime"),
    ) == [("Accepted", "Occupied"), ("Accepted", "2026-01-05T08:00:10.000+00:00")]


def test_variables_of_2x_are_set_only_to_what_fits() -> None:
    stage = online("2.1")
    assert set_(stage, "Authorized", variable("TxCtrlr", "TxStartPoint")) == "Accepted"
    assert set_(stage, "Whenever", variable("TxCtrlr", "TxStartPoint")) == "Rejected"
    assert set_(stage, "x", variable("ClockCtrlr", "DateTime")) == "Rejected"
    assert set_(stage, "x", variable("TxCtrlr", "Nothing")) == "UnknownVariable"
    assert set_(stage, "x", variable("Nothing", "Nothing")) == "UnknownComponent"
    other = variable("TxCtrlr", "TxStartPoint") | {"attribute_type": v21.AttributeEnumType.TARGET}
    assert set_(stage, "Authorized", other) == "NotSupportedAttributeType"
    assert get(stage, other) == [("NotSupportedAttributeType", None)]


def test_reports_have_every_variable_that_they_are_about() -> None:
    full = report(online("2.1"), "FullInventory")
    names = {(each.component.name, each.variable.name) for each in full}
    assert {("EVSE", "Power"), ("Connector", "ConnectorType"), ("TxCtrlr", "TxStartPoint")} <= names
    assert ("", "NumberOfConnectors") not in names
    writable = report(online("2.1"), "ConfigurationInventory")
    assert 20 < len(writable) < len(full)
    assert {each.variable_attribute[0].mutability for each in writable} == {
        "ReadWrite",
        "WriteOnly",
    }
    summary = report(online("2.0.1"), "SummaryInventory")
    assert {each.variable.name for each in summary} == {"Available", "AvailabilityState", "Problem"}


def test_a_report_of_some_variables_has_those() -> None:
    stage = online("2.1")
    asked = [
        v21.ComponentVariableType(
            component=v21.ComponentType(name="EVSE", evse=v21.EVSEType(id=2)),
            variable=v21.VariableType(name="Power"),
        ),
        v21.ComponentVariableType(component=v21.ComponentType(name="ClockCtrlr")),
    ]
    request = v21.GetReportRequest(request_id=9, component_variable=asked)
    assert getattr(stage.ask(request), "status", "") == "Accepted"
    (part,) = stage.central.all(v21.NotifyReportRequest)
    names = sorted(f"{each.component.name}.{each.variable.name}" for each in part.report_data)
    assert names[-1] == "EVSE.Power"
    assert {"ClockCtrlr.DateTime", "ClockCtrlr.TimeSource", "ClockCtrlr.TimeZone"} < set(names)
    assert all(each.startswith("ClockCtrlr.") for each in names[:-1])


def test_a_report_of_nothing_is_empty() -> None:
    stage = online("2.1")
    nothing = v21.ComponentVariableType(component=v21.ComponentType(name="Nothing"))
    problem = v21.ComponentCriterionEnumType.PROBLEM
    for request in (
        v21.GetReportRequest(request_id=1, component_variable=[nothing]),
        v21.GetReportRequest(request_id=1, component_criteria=[problem]),
    ):
        assert getattr(stage.ask(request), "status", "") == "EmptyResultSet"
    assert not stage.central.all(v21.NotifyReportRequest)


def test_the_inventory_decides_which_hardware_there_is() -> None:
    dc = EvseSpec(150_000, 0, 400.0, ("cCCS2", "cG105"))
    stage = online("2.1", inventory=Inventory(model="Fast", evses=(dc,)))
    data = report(stage, "FullInventory")
    types = [
        each.variable_attribute[0].value for each in data if each.variable.name == "ConnectorType"
    ]
    assert types == ["cCCS2", "cG105"]


def test_every_default_fits_its_own_limits() -> None:
    for each in table(Built()):
        if each.value:
            assert each.fits(each.value), each.place


def test_presets_are_checked() -> None:
    variables = Variables(table(Built()))
    variables.preset({"HeartbeatInterval": "9"})
    assert variables.number("OCPPCommCtrlr", "HeartbeatInterval") == 9
    for wrong in ({"HeartbeatInterval": "soon"}, {"Nothing.Nothing": "1"}):
        with pytest.raises(ValueError, match="the station has no"):
            variables.preset(wrong)


def test_a_change_that_needs_a_reboot_says_so() -> None:
    place = Place("A", "B")
    one = Variable(place, "1", Kind.INTEGER, Mutability.READ_WRITE, needs_reboot=True)
    variables = Variables(Rows([one]))
    mine = variables.at(place)
    assert variables.change(mine, "2") is Change.REBOOT_REQUIRED
    assert variables.text("A", "B") == "2"
    assert one.value == "1"


def some(stage: Stage, *criteria: str, **asked: Any) -> tuple[str, set[str]]:
    """Status of a GetReport, and the places that were reported."""
    stage.central.heard.clear()
    request = v21.GetReportRequest(
        request_id=3,
        component_criteria=[v21.ComponentCriterionEnumType(each) for each in criteria] or UNSET,
        component_variable=asked.get("variables", UNSET),
    )
    status = str(getattr(stage.ask(request), "status", ""))
    rows = [row for part in stage.central.all(v21.NotifyReportRequest) for row in part.report_data]
    return status, {_name(row) for row in rows}


def _name(row: v21.ReportDataType) -> str:
    evse = row.component.evse
    where = f"@{evse.id}.{evse.connector_id or 0}" if evse else ""
    instance = f"[{row.variable.instance}]" if row.variable.instance else ""
    return f"{row.component.name}.{row.variable.name}{instance}{where}"


def component(name: str, variable_name: str = "", evse: int = 0) -> v21.ComponentVariableType:
    return v21.ComponentVariableType(
        component=v21.ComponentType(name=name, evse=v21.EVSEType(id=evse) if evse else UNSET),
        variable=v21.VariableType(name=variable_name) if variable_name else UNSET,
    )


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_a_problem_is_found_where_it_is(version: str) -> None:
    stage = online(version)
    assert some(stage, "Problem") == ("EmptyResultSet", set())
    stage.core.set_fault(2, "GroundFailure", stage.now_s)
    stage.carry()
    status, names = some(stage, "Problem")
    assert status == "Accepted"
    assert {"ChargingStation.Problem", "EVSE.Problem@2.0", "Connector.Problem@2.1"} <= names
    assert not any("@1" in each for each in names)
    states = get(stage, variable("EVSE", "Problem", evse=2), variable("EVSE", "Problem", evse=1))
    assert states == [("Accepted", "true"), ("Accepted", "false")]


def test_what_is_switched_off_is_neither_enabled_nor_available() -> None:
    stage = online("2.1")
    assert set_(stage, "false", variable("ReservationCtrlr", "Enabled")) == "Accepted"
    _, enabled = some(stage, "Enabled")
    assert "ReservationCtrlr.Enabled" not in enabled
    assert {"AuthCtrlr.Enabled", "ClockCtrlr.DateTime"} <= enabled  # the clock has no such variable
    _, both = some(stage, "Enabled", "Available")
    assert "ReservationCtrlr.Enabled" in both


def test_what_a_question_leaves_out_stands_for_all() -> None:
    stage = online("2.1")
    _, evses = some(stage, variables=[component("evse", "power")])
    assert evses == {"EVSE.Power@1.0", "EVSE.Power@2.0"}
    _, connectors = some(stage, variables=[component("Connector", "ConnectorType", evse=2)])
    assert connectors == {"Connector.ConnectorType@2.1"}
    _, items = some(stage, variables=[component("DeviceDataCtrlr", "ItemsPerMessage")])
    assert len(items) == 3
    assert some(stage, "Enabled", variables=[component("AuthCtrlr", "Enabled")])[1] == {
        "AuthCtrlr.Enabled"
    }


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"ItemsPerMessage": "1"}, "OccurrenceConstraintViolation"),
        ({"BytesPerMessage": "20"}, "FormatViolation"),
    ],
    ids=["items", "bytes"],
)
def test_longer_requests_than_allowed_are_refused(limits: dict[str, str], code: str) -> None:
    messages = ("GetVariables", "SetVariables", "GetReport")
    variables = {
        f"DeviceDataCtrlr.{name}[{message}]": value
        for name, value in limits.items()
        for message in messages
    }
    stage = online("2.1", variables=variables)
    two = [variable("AuthCtrlr", "Enabled"), variable("AuthCtrlr", "LocalPreAuthorize")]
    gets = [v21.GetVariableDataType(**each) for each in two]
    sets = [v21.SetVariableDataType(attribute_value="true", **each) for each in two]
    asked = [component("EVSE"), component("Connector")]
    assert stage.ask(v21.GetVariablesRequest(get_variable_data=gets)) == code
    assert stage.ask(v21.SetVariablesRequest(set_variable_data=sets)) == code
    assert stage.ask(v21.GetReportRequest(request_id=1, component_variable=asked)) == code


def test_a_report_is_cut_into_parts_that_are_not_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {_name(row) for row in report(online("2.1"), "FullInventory")}
    monkeypatch.setattr("chargeplane.station.device_model.reports.PART_BYTES_MAX", 2_000)
    stage = online("2.1")
    rows = report(stage, "FullInventory")
    parts = stage.central.all(v21.NotifyReportRequest)
    assert {_name(row) for row in rows} == whole
    assert len(parts) > len(whole) / 20
    assert max(len(each) for each in stage.frames) < 2_500


def test_results_name_the_attribute_that_they_are_about() -> None:
    stage = online("2.1")
    wanted = variable("AuthCtrlr", "Enabled")
    got = stage.ask(v21.GetVariablesRequest(get_variable_data=[v21.GetVariableDataType(**wanted)]))
    assert isinstance(got, v21.GetVariablesResponse)
    assert got.get_variable_result[0].attribute_type == "Actual"
    data = v21.SetVariableDataType(attribute_value="true", **wanted)
    done = stage.ask(v21.SetVariablesRequest(set_variable_data=[data]))
    assert isinstance(done, v21.SetVariablesResponse)
    assert done.set_variable_result[0].attribute_type == "Actual"


@pytest.mark.parametrize(("version", "has_it"), [("2.0.1", False), ("2.1", True)])
def test_a_station_has_the_variables_of_its_version(version: str, has_it: bool) -> None:
    stage = online(version)
    ((status, _),) = get(stage, variable("TxCtrlr", "ResumptionTimeout"))
    assert status == ("Accepted" if has_it else "UnknownVariable")


def test_stations_that_are_built_alike_share_what_they_do_not_change() -> None:
    one, two = (Variables(table(Inventory())) for _ in range(2))
    one.preset({"HeartbeatInterval": "9", "EVSE.AllowReset@2": "false"})
    assert [each.text("OCPPCommCtrlr", "HeartbeatInterval") for each in (one, two)] == ["9", "300"]
    assert table(Inventory()) is table(Inventory())
    here = Place("EVSE", "AllowReset", evse_id=2)
    assert [each.at(here).actual for each in (one, two)] == ["false", "true"]
    with pytest.raises(KeyError, match=r"No\.Such\[thing\]@1\.2"):
        one.at(Place("No", "Such", "thing", 1, 2))


@pytest.mark.parametrize("text", ["A.B", "A.B[c]", "A.B@1", "A.B[c d]@1.2", ".Key"])
def test_the_text_of_a_place_names_that_place(text: str) -> None:
    assert str(place_of(text)) == text


def test_every_required_key_of_1_6_is_there() -> None:
    keys = {each.key for each in table(Inventory()) if each.key}
    assert {
        "LocalAuthListEnabled", "LocalAuthListMaxLength", "SendLocalListMaxLength",
        "ReserveConnectorZeroSupported", "StopTxnAlignedData", "ConnectorPhaseRotation",
        "GetConfigurationMaxKeys", "SupportedFeatureProfiles", "MaxEnergyOnInvalidId",
        "UnlockConnectorOnEVSideDisconnect", "ResetRetries", "WebSocketPingInterval",
    } <= keys  # fmt: skip
