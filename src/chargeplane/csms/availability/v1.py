"""Availability as 1.x says it: connectors by number, 0 for the station."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from chargeplane.csms.availability.service import Availability
from chargeplane.csms.contract import Ask, Decision, Heard, Station
from chargeplane.csms.outcomes import reads
from chargeplane.domain.addresses import STATION, EvseAddress
from chargeplane.domain.commands import ChangeAvailability, Unsupported
from chargeplane.domain.status import ConnectorStatus, StatusReport
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UnsetType
from chargeplane.runtime.store import storable

__all__ = ["Handlers", "change_availability"]

_STATUS: Final = {
    v16.ChargePointStatus.AVAILABLE: ConnectorStatus.AVAILABLE,
    v16.ChargePointStatus.PREPARING: ConnectorStatus.PREPARING,
    v16.ChargePointStatus.CHARGING: ConnectorStatus.CHARGING,
    v16.ChargePointStatus.SUSPENDED_EVSE: ConnectorStatus.SUSPENDED_EVSE,
    v16.ChargePointStatus.SUSPENDED_EV: ConnectorStatus.SUSPENDED_EV,
    v16.ChargePointStatus.FINISHING: ConnectorStatus.FINISHING,
    v16.ChargePointStatus.RESERVED: ConnectorStatus.RESERVED,
    v16.ChargePointStatus.UNAVAILABLE: ConnectorStatus.UNAVAILABLE,
    v16.ChargePointStatus.FAULTED: ConnectorStatus.FAULTED,
}
_NO_ERROR: Final = v16.ChargePointErrorCode.NO_ERROR
_NOTHING: Final = frozenset({"", "null", "(null)", "nil", "none", "n/a"})
_RESPONSE: Final = v16.StatusNotificationResponse()
_DONE: Final = frozenset({"Accepted", "Scheduled"})

TEXT_LENGTH_MAX = 500
"""Of what a station says beyond the bounds of its version."""


class Handlers:
    """What a 1.x station may say."""

    def __init__(self, service: Availability) -> None:
        self._service = service

    def status(self, heard: Heard) -> Decision | Awaitable[Decision]:
        """StatusNotification (1.6, 4.9). Without a time, that of arrival counts."""
        request: v16.StatusNotificationRequest = heard.request
        error_code: str | None = None
        if request.error_code is not _NO_ERROR:
            error_code = _told(heard, "$.errorCode", request.error_code)
        report = StatusReport(
            status=_STATUS[request.status],
            reported_at=request.timestamp or heard.received_at,
            received_at=heard.received_at,
            error_code=error_code,
            info=_told(heard, "$.info", request.info),
            vendor_error_code=_told(heard, "$.vendorErrorCode", request.vendor_error_code),
        )
        evse = EvseAddress.of_connector(request.connector_id)
        return self._service.decide(heard, ((evse, report),), _RESPONSE)


def _told(heard: Heard, path: str, value: str | UnsetType) -> str | None:
    """What the station said, also where that was no valid value or too long (rows 67, 68).

    Some have no other way to say nothing than the word for it (row 40).
    """
    said: object = value or ""
    for repair in heard.repairs:
        if repair.path == path:
            said = repair.before
            break
    text = str(said)[:TEXT_LENGTH_MAX]
    return storable(text) if text.strip().casefold() not in _NOTHING else None


def change_availability(station: Station, command: ChangeAvailability) -> Ask | Unsupported:
    """ChangeAvailability (1.6, 5.2)."""
    if command.connector_id is not None and command.connector_id != 1:
        return Unsupported(reason="in 1.x each EVSE has one connector, number 1")
    if command.connector_id is not None and command.evse_id is None:
        return Unsupported(reason="a connector is named together with its EVSE")
    evse = STATION if command.evse_id is None else EvseAddress(command.evse_id)
    kinds = v16.AvailabilityType
    return Ask(
        v16.ChangeAvailabilityRequest(
            connector_id=evse.connector_1x,
            type=kinds.OPERATIVE if command.operative else kinds.INOPERATIVE,
        ),
        reads(_DONE),
    )
