"""Provisioning as 1.x says it: BootNotification, Get- and ChangeConfiguration, Reset."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.device_model.variables import Mutability, Variable
from chargeplane.station.hub import Hub
from chargeplane.station.provisioning.restarting import Restarts
from chargeplane.station.signals import Cause

__all__ = ["boot", "install"]

KEYS_MAX = 100
"""Of one GetConfiguration; as the key GetConfigurationMaxKeys says."""


def boot(hub: Hub) -> v16.BootNotificationRequest:
    """The station introduces itself."""
    inventory, meter = hub.inventory, hub.inventory.evses[0]
    return v16.BootNotificationRequest(
        charge_point_vendor=inventory.vendor,
        charge_point_model=inventory.model,
        charge_point_serial_number=inventory.serial_number or UNSET,
        firmware_version=inventory.firmware_version or UNSET,
        meter_serial_number=meter.meter_serial_number or UNSET,
        meter_type=meter.meter_type or UNSET,
    )


def install(hub: Hub, restarts: Restarts) -> None:
    """Answer what 1.x asks of this block."""
    hub.answers(v16.GetConfigurationRequest, partial(_get, hub))
    hub.answers(v16.ChangeConfigurationRequest, partial(_change, hub))
    hub.answers(v16.ResetRequest, partial(_reset, hub, restarts))


def _get(hub: Hub, request: v16.GetConfigurationRequest) -> v16.GetConfigurationResponse:
    keys = request.key or []
    unknown = [key for key in keys[:KEYS_MAX] if hub.variables.of_key(key) is None]
    asked = map(hub.variables.of_key, keys[:KEYS_MAX]) if keys else hub.variables.keys()
    return v16.GetConfigurationResponse(
        configuration_key=[_key_value(variable) for variable in asked if variable] or UNSET,
        unknown_key=unknown or UNSET,
    )


def _key_value(variable: Variable) -> v16.KeyValue:
    secret = variable.mutability is Mutability.WRITE_ONLY
    return v16.KeyValue(
        key=variable.key or "",
        readonly=variable.mutability is Mutability.READ_ONLY,
        value=UNSET if secret else variable.actual,
    )


def _change(hub: Hub, request: v16.ChangeConfigurationRequest) -> v16.ChangeConfigurationResponse:
    variable = hub.variables.of_key(request.key)
    status = v16.ConfigurationStatus.NOT_SUPPORTED
    if variable is not None:
        status = v16.ConfigurationStatus(hub.variables.change(variable, request.value).value)
    return v16.ChangeConfigurationResponse(status=status)


def _reset(hub: Hub, restarts: Restarts, request: v16.ResetRequest) -> v16.ResetResponse:
    hard = request.type is v16.ResetType.HARD
    cause = Cause.RESET_HARD if hard else Cause.RESET_SOFT
    hub.afterwards(lambda: restarts.now(cause, "RemoteReset"))
    return v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)
