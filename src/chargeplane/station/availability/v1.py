"""Availability as 1.x says it. Connector 0 is the station."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from chargeplane.ocpp import v16
from chargeplane.station.availability.operation import Operation
from chargeplane.station.availability.reporting import Report
from chargeplane.station.evse import Status
from chargeplane.station.hub import Hub

__all__ = ["heartbeat", "install", "statuses"]


def heartbeat() -> v16.HeartbeatRequest:
    """The message."""
    return v16.HeartbeatRequest()


def statuses(hub: Hub) -> Iterator[Report]:
    """One report for the station and one for each connector."""
    whole = Status.AVAILABLE if hub.is_operative else Status.UNAVAILABLE
    yield _report(hub, 0, whole, "")
    for evse in hub.evses.values():
        yield _report(hub, evse.id, evse.status(hub.takes_sessions), evse.fault)


def _report(hub: Hub, connector_id: int, status: Status, fault: str) -> Report:
    request = partial(_request, hub, connector_id, status, fault)
    return Report(connector_id, min(connector_id, 1), status.value + fault, request)


def _request(
    hub: Hub, connector_id: int, status: Status, fault: str
) -> v16.StatusNotificationRequest:
    return v16.StatusNotificationRequest(
        connector_id=connector_id,
        status=v16.ChargePointStatus(status.value),
        error_code=v16.ChargePointErrorCode(fault or "NoError"),
        timestamp=hub.time(),
    )


def install(hub: Hub, operation: Operation) -> None:
    """Answer what 1.x asks of this block."""

    def change(request: v16.ChangeAvailabilityRequest) -> v16.ChangeAvailabilityResponse:
        operative = request.type is v16.AvailabilityType.OPERATIVE
        status = operation.change(request.connector_id, operative)
        return v16.ChangeAvailabilityResponse(status=v16.AvailabilityStatus(status))

    hub.answers(v16.ChangeAvailabilityRequest, change)
