"""Provisioning as 2.x says it: BootNotification, variables, reports, Reset."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.device_model.reports import beyond_limits, place_of_2x
from chargeplane.station.device_model.variables import Mutability
from chargeplane.station.hub import Hub
from chargeplane.station.provisioning.reporting import install as install_reports
from chargeplane.station.provisioning.restarting import Restarts
from chargeplane.station.signals import Cause

__all__ = ["boot", "install"]

_Get = v21.GetVariableStatusEnumType
_Set = v21.SetVariableStatusEnumType
_Actual = v21.AttributeEnumType.ACTUAL


def boot(hub: Hub) -> v21.BootNotificationRequest:
    """The station introduces itself."""
    inventory = hub.inventory
    return v21.BootNotificationRequest(
        reason=v21.BootReasonEnumType(hub.boot_reason),
        charging_station=v21.ChargingStationType(
            vendor_name=inventory.vendor,
            model=inventory.model,
            serial_number=inventory.serial_number or UNSET,
            firmware_version=inventory.firmware_version or UNSET,
        ),
    )


def install(hub: Hub, restarts: Restarts) -> None:
    """Answer what 2.x asks of this block."""
    hub.answers(v21.GetVariablesRequest, partial(_get, hub))
    hub.answers(v21.SetVariablesRequest, partial(_set, hub))
    hub.answers(v21.ResetRequest, partial(_reset, hub, restarts))
    install_reports(hub)


def _get(hub: Hub, request: v21.GetVariablesRequest) -> v21.GetVariablesResponse | ErrorCode:
    asked = request.get_variable_data
    code = beyond_limits(hub, "DeviceDataCtrlr", "GetVariables", request, len(asked))
    if code is not None:
        return code
    return v21.GetVariablesResponse(get_variable_result=[_got(hub, each) for each in asked])


def _got(hub: Hub, asked: v21.GetVariableDataType) -> v21.GetVariableResultType:
    place = place_of_2x(asked.component, asked.variable)
    variable = hub.variables.find(place)
    status = _Get.ACCEPTED
    if variable is None:
        known = hub.variables.has_component(place)
        status = _Get.UNKNOWN_VARIABLE if known else _Get.UNKNOWN_COMPONENT
    elif (asked.attribute_type or _Actual) is not _Actual:
        status = _Get.NOT_SUPPORTED_ATTRIBUTE_TYPE
    elif variable.mutability is Mutability.WRITE_ONLY:
        status = _Get.REJECTED
    readable = variable is not None and status is _Get.ACCEPTED
    return v21.GetVariableResultType(
        attribute_status=status,
        attribute_type=asked.attribute_type or _Actual,  # B06.FR.11
        attribute_value=variable.actual if variable is not None and readable else UNSET,
        component=asked.component,
        variable=asked.variable,
    )


def _set(hub: Hub, request: v21.SetVariablesRequest) -> v21.SetVariablesResponse | ErrorCode:
    wanted = request.set_variable_data
    code = beyond_limits(hub, "DeviceDataCtrlr", "SetVariables", request, len(wanted))
    if code is not None:
        return code
    return v21.SetVariablesResponse(set_variable_result=[_was_set(hub, each) for each in wanted])


def _was_set(hub: Hub, wanted: v21.SetVariableDataType) -> v21.SetVariableResultType:
    place = place_of_2x(wanted.component, wanted.variable)
    variable = hub.variables.find(place)
    if variable is None:
        known = hub.variables.has_component(place)
        status = _Set.UNKNOWN_VARIABLE if known else _Set.UNKNOWN_COMPONENT
    elif (wanted.attribute_type or _Actual) is not _Actual:
        status = _Set.NOT_SUPPORTED_ATTRIBUTE_TYPE
    elif len(wanted.attribute_value) > hub.variables.number("DeviceDataCtrlr", "ValueSize"):
        status = _Set.REJECTED
    else:
        status = _Set(hub.variables.change(variable, wanted.attribute_value).value)
    return v21.SetVariableResultType(
        attribute_status=status,
        attribute_type=wanted.attribute_type or _Actual,  # B05.FR.12
        component=wanted.component,
        variable=wanted.variable,
    )


def _reset(hub: Hub, restarts: Restarts, request: v21.ResetRequest) -> v21.ResetResponse:
    """B11 to B13."""
    kinds, answers = v21.ResetEnumType, v21.ResetStatusEnumType
    evse_id = given(request.evse_id)
    if evse_id is not None and evse_id not in hub.evses:
        return v21.ResetResponse(status=answers.REJECTED)
    busy = hub.is_busy if evse_id is None else hub.evses[evse_id].transaction is not None
    if request.type is kinds.IMMEDIATE_AND_RESUME:
        if hub.variables.number("TxCtrlr", "ResumptionTimeout") <= 0:  # B13.FR.01
            return v21.ResetResponse(status=answers.REJECTED)
        if busy:
            hub.afterwards(lambda: restarts.and_resume(evse_id))
            return v21.ResetResponse(status=answers.ACCEPTED)
    if request.type is kinds.ON_IDLE and busy:
        if evse_id is None:
            restarts.when_idle("ScheduledReset")
        else:
            restarts.evse_when_idle(evse_id)
        return v21.ResetResponse(status=answers.SCHEDULED)
    if evse_id is None:
        hub.afterwards(lambda: restarts.now(Cause.RESET_HARD, "RemoteReset"))
    else:
        hub.afterwards(lambda: restarts.evse_now(evse_id))
    return v21.ResetResponse(status=answers.ACCEPTED)
