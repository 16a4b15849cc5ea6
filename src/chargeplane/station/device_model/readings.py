"""Variables that mirror what the station is and does."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp.versions import Version
from chargeplane.station.device_model.variables import Place
from chargeplane.station.evse import Evse, Status
from chargeplane.station.hub import Hub

__all__ = ["connect_readings"]

_SHOWN = {Status.AVAILABLE, Status.RESERVED, Status.UNAVAILABLE, Status.FAULTED}


def connect_readings(hub: Hub) -> None:
    """Let the variables read their values where they are."""
    at = hub.variables.at
    at(Place("ClockCtrlr", "DateTime")).read = lambda: hub.time().isoformat(timespec="milliseconds")
    at(Place("ChargingStation", "SerialNumber")).value = hub.inventory.serial_number
    at(Place("ChargingStation", "AvailabilityState")).read = lambda: (
        "Available" if hub.is_operative else "Unavailable"
    )
    at(Place("ChargingStation", "Problem")).read = lambda: _flag(
        any(evse.fault for evse in hub.evses.values())
    )
    for evse in hub.evses.values():
        _connect_evse(hub, evse)


def _connect_evse(hub: Hub, evse: Evse) -> None:
    at = hub.variables.at
    here = partial(Place, evse_id=evse.id)
    at(here("EVSE", "Power")).read = lambda: f"{hub.live(evse).power_w:.0f}"
    at(here("FiscalMetering", "EnergyImport")).read = lambda: str(hub.live(evse).register_wh)
    if hub.version is Version.V2_1:
        at(here("EVSE", "ChargingState")).read = lambda: hub.live(evse).charging_state.value
        at(here("EVSE", "ActiveTransactionId")).read = lambda: (
            evse.transaction.id if evse.transaction else ""
        )
    numbers = range(1, len(evse.spec.connector_types) + 1)
    places = [here("EVSE", ""), *(here("Connector", "", connector_id=each) for each in numbers)]
    for place in places:
        component, connector_id = place.component, place.connector_id
        where = partial(Place, component, evse_id=evse.id, connector_id=connector_id)
        at(where("AvailabilityState")).read = partial(_availability, hub, evse, connector_id)
        at(where("Problem")).read = lambda: _flag(bool(evse.fault))


def _availability(hub: Hub, evse: Evse, connector_id: int | None) -> str:
    status = evse.status(hub.takes_sessions)
    if status in _SHOWN:
        return status.value
    in_use = connector_id is None or connector_id == evse.connector_id
    return "Occupied" if in_use and evse.is_plugged else "Available"


def _flag(value: bool) -> str:
    return "true" if value else "false"
