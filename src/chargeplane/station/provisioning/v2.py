"""Provisioning as 2.x says it: BootNotification, variables, reports, Reset."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.hub import Hub
from chargeplane.station.provisioning.reporting import install as install_reports
from chargeplane.station.provisioning.restarting import Restarts
from chargeplane.station.signals import Cause
from chargeplane.station.variables import Mutability, Place

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


def _place(component: v21.ComponentType, variable: v21.VariableType) -> Place:
    evse = component.evse or None
    return Place(
        component.name,
        variable.name,
        variable.instance or None,
        evse.id if evse else None,
        evse.connector_id or None if evse else None,
    )


def _get(hub: Hub, request: v21.GetVariablesRequest) -> v21.GetVariablesResponse:
    return v21.GetVariablesResponse(
        get_variable_result=[_got(hub, each) for each in request.get_variable_data]
    )


def _got(hub: Hub, asked: v21.GetVariableDataType) -> v21.GetVariableResultType:
    place = _place(asked.component, asked.variable)
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
        attribute_type=asked.attribute_type,
        attribute_value=variable.actual if variable is not None and readable else UNSET,
        component=asked.component,
        variable=asked.variable,
    )


def _set(hub: Hub, request: v21.SetVariablesRequest) -> v21.SetVariablesResponse:
    return v21.SetVariablesResponse(
        set_variable_result=[_was_set(hub, each) for each in request.set_variable_data]
    )


def _was_set(hub: Hub, wanted: v21.SetVariableDataType) -> v21.SetVariableResultType:
    place = _place(wanted.component, wanted.variable)
    variable = hub.variables.find(place)
    if variable is None:
        known = hub.variables.has_component(place)
        status = _Set.UNKNOWN_VARIABLE if known else _Set.UNKNOWN_COMPONENT
    elif (wanted.attribute_type or _Actual) is not _Actual:
        status = _Set.NOT_SUPPORTED_ATTRIBUTE_TYPE
    else:
        status = _Set(hub.variables.change(variable, wanted.attribute_value).value)
    return v21.SetVariableResultType(
        attribute_status=status,
        attribute_type=wanted.attribute_type,
        component=wanted.component,
        variable=wanted.variable,
    )


def _reset(hub: Hub, restarts: Restarts, request: v21.ResetRequest) -> v21.ResetResponse:
    """B11, B12. Resetting one EVSE, and resuming afterwards, are not built yet: Rejected."""
    kinds, answers = v21.ResetEnumType, v21.ResetStatusEnumType
    if request.evse_id is not UNSET or request.type is kinds.IMMEDIATE_AND_RESUME:
        return v21.ResetResponse(status=answers.REJECTED)
    if request.type is kinds.ON_IDLE and hub.is_busy:
        restarts.when_idle("ScheduledReset")
        return v21.ResetResponse(status=answers.SCHEDULED)
    hub.afterwards(lambda: restarts.now(Cause.RESET_HARD, "RemoteReset"))
    return v21.ResetResponse(status=answers.ACCEPTED)
