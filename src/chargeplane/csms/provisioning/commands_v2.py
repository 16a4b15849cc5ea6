"""Commands about the device model of 2.x: reading, writing, and asking for reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from chargeplane.csms.contract import Ask, Station
from chargeplane.csms.outcomes import outcome_of
from chargeplane.csms.outcomes import reason_of as _reason_of
from chargeplane.csms.provisioning.device_model import DeviceModel, Item, outcome_of_items
from chargeplane.csms.provisioning.names_v2 import (
    attribute_of,
    attribute_word,
    component_of,
    variable_name_of,
    variable_of,
)
from chargeplane.csms.provisioning.tables import Reading
from chargeplane.domain.commands import (
    ComponentVariable,
    GetBaseReport,
    GetReport,
    GetVariables,
    Outcome,
    ReportBase,
    ReportCriterion,
    SetVariables,
    Unsupported,
    Variable,
    VariableValue,
)
from chargeplane.ocpp import v21
from chargeplane.ocpp.codec import payload_of
from chargeplane.ocpp.wire import UNSET, given

__all__ = ["Commands", "datum_of"]

_BASE: Final = {
    ReportBase.CONFIGURATION: v21.ReportBaseEnumType.CONFIGURATION_INVENTORY,
    ReportBase.FULL: v21.ReportBaseEnumType.FULL_INVENTORY,
    ReportBase.SUMMARY: v21.ReportBaseEnumType.SUMMARY_INVENTORY,
}
_CRITERIA: Final = {
    ReportCriterion.ACTIVE: v21.ComponentCriterionEnumType.ACTIVE,
    ReportCriterion.AVAILABLE: v21.ComponentCriterionEnumType.AVAILABLE,
    ReportCriterion.ENABLED: v21.ComponentCriterionEnumType.ENABLED,
    ReportCriterion.PROBLEM: v21.ComponentCriterionEnumType.PROBLEM,
}
_GOT: Final = v21.GetVariableStatusEnumType.ACCEPTED
_TAKEN: Final = frozenset(
    {v21.SetVariableStatusEnumType.ACCEPTED, v21.SetVariableStatusEnumType.REBOOT_REQUIRED}
)
_INFO = "attributeStatusInfo"


class Commands:
    """All that is done with variables.

    One command is one message; ``portions`` cuts those that are too long for a station.
    """

    def __init__(self, model: DeviceModel) -> None:
        self._model = model

    async def get(self, station: Station, command: GetVariables) -> Ask | Unsupported:
        """GetVariables (B06); without names, a report of everything."""
        if not command.variables:
            return await self.base_report(station, GetBaseReport())
        if fault := _fault(command.variables):
            return Unsupported(reason=fault)
        data = [_datum_to_get(each) for each in command.variables]

        def read(response: v21.GetVariablesResponse) -> Outcome:
            return self._got(station, response)

        return Ask(v21.GetVariablesRequest(get_variable_data=data), read)

    def set(self, station: Station, command: SetVariables) -> Ask | Unsupported:
        """SetVariables (B05)."""
        variables = [each.variable for each in command.values]
        if fault := _fault(variables):
            return Unsupported(reason=fault)
        data = [_datum_to_set(each) for each in command.values]

        def read(response: v21.SetVariablesResponse) -> Outcome:
            return self._was_set(station, command, response)

        return Ask(v21.SetVariablesRequest(set_variable_data=data), read)

    async def base_report(self, station: Station, command: GetBaseReport) -> Ask:
        """GetBaseReport (B07). The outcome's response has ``request_id``."""
        request_id = await self._model.request(station, str(command.report_base))
        request = v21.GetBaseReportRequest(
            request_id=request_id, report_base=_BASE[command.report_base]
        )
        return Ask(request, lambda response: outcome_of(response, request_id=request_id))

    async def report(self, station: Station, command: GetReport) -> Ask:
        """GetReport (B08). The outcome's response has ``request_id``."""
        request_id = await self._model.request(station, "custom")
        request = v21.GetReportRequest(
            request_id=request_id,
            component_criteria=[_CRITERIA[each] for each in command.criteria] or UNSET,
            component_variable=[_datum_to_report(each) for each in command.variables] or UNSET,
        )
        return Ask(request, lambda response: outcome_of(response, request_id=request_id))

    def _got(self, station: Station, response: v21.GetVariablesResponse) -> Outcome:
        payload = payload_of(response)
        items: list[Item] = []
        readings: list[Reading] = []
        for each, told in zip(
            response.get_variable_result, payload["getVariableResult"], strict=True
        ):
            variable = variable_of(
                each.component, each.variable, attribute_word(each.attribute_type)
            )
            is_done = each.attribute_status is _GOT
            value = given(each.attribute_value)
            items.append(_item(variable, str(each.attribute_status), is_done, told, value))
            if is_done:
                readings.append(Reading(variable, value))
        self._model.was_read(station, readings)
        return outcome_of_items(items, payload)

    def _was_set(
        self, station: Station, command: SetVariables, response: v21.SetVariablesResponse
    ) -> Outcome:
        payload = payload_of(response)
        wanted = {_same(each.variable): each for each in command.values}
        items: list[Item] = []
        taken: list[tuple[Variable, str]] = []
        for each, told in zip(
            response.set_variable_result, payload["setVariableResult"], strict=True
        ):
            variable = variable_of(
                each.component, each.variable, attribute_word(each.attribute_type)
            )
            is_done = each.attribute_status in _TAKEN
            items.append(_item(variable, str(each.attribute_status), is_done, told))
            asked = wanted.get(_same(variable))
            if is_done and asked is not None:
                taken.append((asked.variable, asked.value))
        if taken:
            self._model.was_set(station, taken)
        return outcome_of_items(items, payload)


def datum_of(
    asked: Variable | VariableValue | ComponentVariable,
) -> v21.GetVariableDataType | v21.SetVariableDataType | v21.ComponentVariableType:
    """What stands in a message for what is read, reported or written."""
    if isinstance(asked, ComponentVariable):
        return _datum_to_report(asked)
    return _datum_to_set(asked) if isinstance(asked, VariableValue) else _datum_to_get(asked)


def _datum_to_get(asked: Variable) -> v21.GetVariableDataType:
    return v21.GetVariableDataType(
        component=component_of(asked),
        variable=variable_name_of(asked),
        attribute_type=attribute_of(asked.attribute) or UNSET,
    )


def _datum_to_report(asked: ComponentVariable) -> v21.ComponentVariableType:
    return v21.ComponentVariableType(
        component=component_of(asked), variable=variable_name_of(asked) if asked.name else UNSET
    )


def _datum_to_set(wanted: VariableValue) -> v21.SetVariableDataType:
    return v21.SetVariableDataType(
        component=component_of(wanted.variable),
        variable=variable_name_of(wanted.variable),
        attribute_type=attribute_of(wanted.variable.attribute) or UNSET,
        attribute_value=wanted.value,
    )


def _item(
    variable: Variable,
    status: str,
    is_done: bool,
    told: dict[str, Any],
    value: str | None = None,
) -> Item:
    return Item(variable, status, is_done, value, _reason_of(told, _INFO))


def _fault(variables: Iterable[Variable]) -> str | None:
    """Why these cannot be asked for; None if they can."""
    seen: set[tuple[object, ...]] = set()
    for each in variables:
        if not each.component:
            return f"a variable of 2.x belongs to a component; name that of {each.name}"
        if attribute_of(each.attribute) is None:
            return f"2.x has no attribute {each.attribute}"
        if each.connector_id is not None and each.evse_id is None:
            return "a connector is named together with its EVSE"
        if _same(each) in seen:
            return f"{each.component} {each.name} is named twice (B05.FR.13)"
        seen.add(_same(each))
    return None


def _same(variable: Variable) -> tuple[object, ...]:
    """What tells variables apart: names are the same in either case."""
    return (
        (variable.component or "").casefold(),
        (variable.component_instance or "").casefold(),
        variable.evse_id,
        variable.connector_id,
        variable.name.casefold(),
        (variable.instance or "").casefold(),
        variable.attribute,
    )
