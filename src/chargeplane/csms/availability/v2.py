"""Availability as 2.x says it: EVSEs with their connectors, EVSE 0 for the station."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Final

from chargeplane.csms.availability.service import Availability, Reported
from chargeplane.csms.contract import Ask, Decision, Heard, Station
from chargeplane.csms.outcomes import reads
from chargeplane.domain.addresses import STATION, EvseAddress
from chargeplane.domain.commands import ChangeAvailability, Unsupported
from chargeplane.domain.status import ConnectorStatus, StatusReport
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET

__all__ = ["Handlers", "change_availability"]

_STATUS: Final = {
    v21.ConnectorStatusEnumType.AVAILABLE: ConnectorStatus.AVAILABLE,
    v21.ConnectorStatusEnumType.OCCUPIED: ConnectorStatus.OCCUPIED,
    v21.ConnectorStatusEnumType.RESERVED: ConnectorStatus.RESERVED,
    v21.ConnectorStatusEnumType.UNAVAILABLE: ConnectorStatus.UNAVAILABLE,
    v21.ConnectorStatusEnumType.FAULTED: ConnectorStatus.FAULTED,
}
_BY_WORD: Final = {str(word).casefold(): status for word, status in _STATUS.items()}
_RESPONSE: Final = v21.StatusNotificationResponse()
_EVENTS_RESPONSE: Final = v21.NotifyEventResponse()
_AVAILABILITY: Final = "availabilitystate"
_TIERS: Final = frozenset({"chargingstation", "evse", "connector"})
_DONE: Final = frozenset({"Accepted", "Scheduled"})


class Handlers:
    """What a 2.x station may say."""

    def __init__(self, service: Availability) -> None:
        self._service = service

    def status(self, heard: Heard) -> Decision | Awaitable[Decision]:
        """StatusNotification (G01)."""
        request: v21.StatusNotificationRequest = heard.request
        report = StatusReport(
            status=_STATUS[request.connector_status],
            reported_at=request.timestamp,
            received_at=heard.received_at,
        )
        evse = _address(request.evse_id, request.connector_id)
        return self._service.decide(heard, ((evse, report),), _RESPONSE)

    def events(self, heard: Heard) -> Decision | Awaitable[Decision]:
        """NotifyEvent: what it says of availability (B01.FR.05, G01 of 2.1)."""
        request: v21.NotifyEventRequest = heard.request
        return self._service.decide(heard, tuple(_reports(heard, request)), _EVENTS_RESPONSE)


def _reports(heard: Heard, request: v21.NotifyEventRequest) -> Iterable[Reported]:
    for each in request.event_data:
        component = each.component
        status = _BY_WORD.get(each.actual_value.casefold())
        if (
            status is None
            or each.variable.name.casefold() != _AVAILABILITY
            or component.name.casefold() not in _TIERS
        ):
            continue
        evse = component.evse
        address = _address(evse.id, evse.connector_id or 0) if evse else STATION
        report = StatusReport(
            status=status, reported_at=each.timestamp, received_at=heard.received_at
        )
        yield address, report


def _address(evse_id: int, connector_id: int) -> EvseAddress:
    """Some stations mean themselves by EVSE 0, whatever the connector (row 76 of the quirks)."""
    return EvseAddress(evse_id, connector_id or None) if evse_id > 0 else STATION


def change_availability(station: Station, command: ChangeAvailability) -> Ask | Unsupported:
    """ChangeAvailability (G03, G04)."""
    if command.connector_id is not None and command.evse_id is None:
        return Unsupported(reason="a connector is named together with its EVSE")
    evse: v21.EVSEType | None = None
    if command.evse_id:
        connector_id = UNSET if command.connector_id is None else command.connector_id
        evse = v21.EVSEType(id=command.evse_id, connector_id=connector_id)
    kinds = v21.OperationalStatusEnumType
    return Ask(
        v21.ChangeAvailabilityRequest(
            operational_status=kinds.OPERATIVE if command.operative else kinds.INOPERATIVE,
            evse=evse or UNSET,
        ),
        reads(_DONE),
    )
