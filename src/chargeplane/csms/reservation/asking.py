"""What both families ask of a command before it becomes a message."""

from __future__ import annotations

from chargeplane.csms.contract import Station
from chargeplane.domain.commands import CancelReservation, Reserve, Unsupported
from chargeplane.ocpp import catalogue

__all__ = ["cannot", "unknown"]


def cannot(station: Station, command: Reserve) -> Unsupported | None:
    """Why a station cannot be asked for a reservation; None: it can."""
    if catalogue.find(station.version, "ReserveNow") is None:
        return Unsupported(reason=f"OCPP {station.version} has no message for it")
    if command.evse_id is not None and command.evse_id < 1:
        return Unsupported(reason=f"EVSE {command.evse_id} is none that can charge")
    if not command.id_token.is_known:
        return Unsupported(reason="a reservation is for a token, and none is named")
    return None


def unknown(station: Station, command: CancelReservation) -> Unsupported:
    """What is said of a reservation that the station cannot be asked to give up."""
    return Unsupported(reason=f"{station.id} has no reservation {command.reservation_id}")
