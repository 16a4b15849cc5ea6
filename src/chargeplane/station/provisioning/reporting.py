"""Reports of the device model in 2.x: GetBaseReport, GetReport, NotifyReport (B07, B08)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.device_model.reports import beyond_limits, matches, send_parts
from chargeplane.station.device_model.variables import Kind, Mutability, Variable
from chargeplane.station.hub import Hub

__all__ = ["install"]

_Status = v21.GenericDeviceModelStatusEnumType
_SUMMARY = frozenset({"Available", "AvailabilityState", "Problem"})


def install(hub: Hub) -> None:
    """Answer requests for reports."""
    hub.answers(v21.GetBaseReportRequest, partial(_base, hub))
    hub.answers(v21.GetReportRequest, partial(_some, hub))


def _base(hub: Hub, request: v21.GetBaseReportRequest) -> v21.GetBaseReportResponse:
    kinds = v21.ReportBaseEnumType
    wanted: dict[v21.ReportBaseEnumType, Callable[[Variable], bool]] = {
        kinds.FULL_INVENTORY: lambda _: True,
        kinds.CONFIGURATION_INVENTORY: lambda each: each.mutability is not Mutability.READ_ONLY,
        kinds.SUMMARY_INVENTORY: lambda each: each.place.variable in _SUMMARY,
    }
    return v21.GetBaseReportResponse(
        status=_report(hub, request.request_id, wanted[request.report_base])
    )


def _some(hub: Hub, request: v21.GetReportRequest) -> v21.GetReportResponse | ErrorCode:
    """B08: criteria are alternatives, the components asked for limit them."""
    asked = request.component_variable or []
    if (
        code := beyond_limits(hub, "DeviceDataCtrlr", "GetReport", request, len(asked))
    ) is not None:
        return code
    by_component = _components(hub)

    def is_asked(variable: Variable) -> bool:
        if asked and not any(matches(variable, each) for each in asked):
            return False
        criteria = request.component_criteria or []
        return not criteria or any(
            _meets(by_component[_component(variable)], each) for each in criteria
        )

    return v21.GetReportResponse(status=_report(hub, request.request_id, is_asked))


_Component = tuple[str, int | None, int | None]


def _component(variable: Variable) -> _Component:
    place = variable.place
    return place.component, place.evse_id, place.connector_id


def _components(hub: Hub) -> dict[_Component, dict[str, str]]:
    """The variables of each component that have no instance, and their values."""
    found: dict[_Component, dict[str, str]] = defaultdict(dict)
    for each in hub.variables:
        if each.place.instance is None:
            found[_component(each)][each.place.variable] = each.actual
    return found


def _meets(values: dict[str, str], criterion: v21.ComponentCriterionEnumType) -> bool:
    """B08.FR.07 to B08.FR.10: a component without the variable counts, except for problems."""
    missing = "false" if criterion is v21.ComponentCriterionEnumType.PROBLEM else "true"
    return values.get(criterion.value, missing) == "true"


def _report(hub: Hub, request_id: int, is_wanted: Callable[[Variable], bool]) -> _Status:
    """Send the report after the answer, part by part, each when the one before was taken."""
    found = [each for each in hub.variables if not each.only_1x and is_wanted(each)]
    if not found:
        return _Status.EMPTY_RESULT_SET
    at = hub.time()

    def part(number: int, data: list[v21.ReportDataType], more: bool) -> v21.NotifyReportRequest:
        return v21.NotifyReportRequest(
            request_id=request_id,
            generated_at=at,
            seq_no=number,
            tbc=True if more else UNSET,
            report_data=data,
        )

    hub.afterwards(lambda: send_parts(hub, [_data(each) for each in found], part))
    return _Status.ACCEPTED


def _data(variable: Variable) -> v21.ReportDataType:
    place = variable.place
    evse: v21.EVSEType | None = None
    if place.evse_id is not None:
        evse = v21.EVSEType(id=place.evse_id, connector_id=place.connector_id or UNSET)
    secret = variable.mutability is Mutability.WRITE_ONLY
    low, high = variable.minimum, variable.maximum
    return v21.ReportDataType(
        component=v21.ComponentType(name=place.component, evse=evse or UNSET),
        variable=v21.VariableType(name=place.variable, instance=place.instance or UNSET),
        variable_attribute=[
            v21.VariableAttributeType(
                value=UNSET if secret else variable.actual,
                mutability=v21.MutabilityEnumType(variable.mutability.value),
                persistent=True,
                constant=variable.mutability is Mutability.READ_ONLY and variable.read is None,
            )
        ],
        variable_characteristics=v21.VariableCharacteristicsType(
            data_type=v21.DataEnumType(variable.kind.value),
            unit=variable.unit or UNSET,
            min_limit=UNSET if low is None or variable.kind is Kind.STRING else low,
            max_limit=UNSET if high is None else high,
            values_list=",".join(variable.choices) or UNSET,
            supports_monitoring=not secret,
        ),
    )
