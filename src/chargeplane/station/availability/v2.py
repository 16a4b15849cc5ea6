"""Availability as 2.x says it: one report for each connector, none for the station."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.availability.operation import Operation
from chargeplane.station.availability.reporting import Report
from chargeplane.station.evse import Evse, Status
from chargeplane.station.hub import Hub

__all__ = ["heartbeat", "install", "statuses"]

_Status = v21.ConnectorStatusEnumType


def heartbeat() -> v21.HeartbeatRequest:
    """The message."""
    return v21.HeartbeatRequest()


def statuses(hub: Hub) -> Iterator[Report]:
    """One report for each connector."""
    for evse in hub.evses.values():
        for connector_id in range(1, len(evse.spec.connector_types) + 1):
            status = _status(hub, evse, connector_id)
            request = partial(_request, hub, evse.id, connector_id, status)
            yield Report(evse.id, connector_id, status.value, request)


def _request(
    hub: Hub, evse_id: int, connector_id: int, status: v21.ConnectorStatusEnumType
) -> v21.StatusNotificationRequest:
    return v21.StatusNotificationRequest(
        timestamp=hub.time(),
        connector_status=status,
        evse_id=evse_id,
        connector_id=connector_id,
    )


def _status(hub: Hub, evse: Evse, connector_id: int) -> v21.ConnectorStatusEnumType:
    if evse.fault:
        return _Status.FAULTED
    if not (evse.is_operative and hub.takes_sessions) and evse.transaction is None:
        return _Status.UNAVAILABLE
    if evse.is_plugged and evse.connector_id == connector_id:
        return _Status.OCCUPIED
    reserved = evse.status(hub.takes_sessions) is Status.RESERVED
    return _Status.RESERVED if reserved else _Status.AVAILABLE


def install(hub: Hub, operation: Operation) -> None:
    """Answer what 2.x asks of this block."""

    def change(request: v21.ChangeAvailabilityRequest) -> v21.ChangeAvailabilityResponse:
        operative = request.operational_status is v21.OperationalStatusEnumType.OPERATIVE
        where = request.evse
        evse_id = 0 if where is UNSET else where.id
        spec = hub.evses[evse_id].spec if evse_id in hub.evses else None
        if where and spec and not 0 <= (where.connector_id or 0) <= len(spec.connector_types):
            return v21.ChangeAvailabilityResponse(
                status=v21.ChangeAvailabilityStatusEnumType.REJECTED
            )
        status = operation.change(evse_id, operative)
        return v21.ChangeAvailabilityResponse(status=v21.ChangeAvailabilityStatusEnumType(status))

    hub.answers(v21.ChangeAvailabilityRequest, change)
