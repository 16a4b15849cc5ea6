"""Reports of the device model in 2.x: GetBaseReport, GetReport, NotifyReport (B07, B08)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.variables import Kind, Mutability, Variable

__all__ = ["install"]

ITEMS_MAX = 50
"""Of one NotifyReport; as DeviceDataCtrlr.ItemsPerMessage says."""
_Status = v21.GenericDeviceModelStatusEnumType
_SUMMARY = frozenset({"Available", "AvailabilityState"})


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


def _some(hub: Hub, request: v21.GetReportRequest) -> v21.GetReportResponse:
    """B08. Without criteria of availability, every component counts as available and enabled."""
    problem = v21.ComponentCriterionEnumType.PROBLEM
    if request.component_criteria and set(request.component_criteria) == {problem}:
        return v21.GetReportResponse(status=_Status.EMPTY_RESULT_SET)
    asked = request.component_variable or []

    def is_asked(variable: Variable) -> bool:
        return not asked or any(_matches(variable, each) for each in asked)

    return v21.GetReportResponse(status=_report(hub, request.request_id, is_asked))


def _matches(variable: Variable, asked: v21.ComponentVariableType) -> bool:
    place, component = variable.place, asked.component
    if component.name.casefold() != place.component.casefold():
        return False
    if component.evse and component.evse.id != place.evse_id:
        return False
    if component.evse and (component.evse.connector_id or place.connector_id) != place.connector_id:
        return False
    return not asked.variable or (
        asked.variable.name.casefold() == place.variable.casefold()
        and (asked.variable.instance or place.instance) == place.instance
    )


def _report(hub: Hub, request_id: int, is_wanted: Callable[[Variable], bool]) -> _Status:
    """Send the report after the answer, part by part, each when the one before was taken."""
    found = [each for each in hub.variables if not each.only_1x and is_wanted(each)]
    if not found:
        return _Status.EMPTY_RESULT_SET
    data = [_data(each) for each in found]
    parts = [data[start : start + ITEMS_MAX] for start in range(0, len(data), ITEMS_MAX)]
    at = hub.time()

    def send(number: int, _outcome: Outcome | None = None) -> None:
        if number < len(parts):
            more = number + 1 < len(parts)
            request = v21.NotifyReportRequest(
                request_id=request_id,
                generated_at=at,
                seq_no=number,
                tbc=True if more else UNSET,
                report_data=parts[number],
            )
            hub.ask(request, partial(send, number + 1) if more else lambda _: None, early=True)

    hub.afterwards(lambda: send(0))
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
                constant=False,
            )
        ],
        variable_characteristics=v21.VariableCharacteristicsType(
            data_type=v21.DataEnumType(variable.kind.value),
            unit=variable.unit or UNSET,
            min_limit=UNSET if low is None or variable.kind is Kind.STRING else low,
            max_limit=UNSET if high is None else high,
            values_list=",".join(variable.choices) or UNSET,
            supports_monitoring=False,
        ),
    )
