"""Taking the station or an EVSE out of operation and back; behind a transaction if one runs."""

from __future__ import annotations

from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.remembering import keep_evse, keep_station, station_later
from chargeplane.station.signals import EvseChanged, TransactionEnded

__all__ = ["Operation"]


class Operation:
    """Changes of availability (1.6 section 5.2, 2.x G03 and G04)."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._station_later = station_later(hub)
        hub.hears(TransactionEnded, self._on_transaction_ended)

    def change(self, evse_id: int, operative: bool) -> str:
        """Change one EVSE, or the station with 0; the status to answer, a word of all versions."""
        hub = self._hub
        if evse_id == 0:
            if not operative and hub.is_busy:
                self._station_later = operative
                keep_station(hub, operative)
                return "Scheduled"
            self._station_later = None
            hub.afterwards(lambda: self._set_station(operative))
            return "Accepted"
        evse = hub.evses.get(evse_id)
        if evse is None:
            return "Rejected"
        if not operative and evse.transaction:
            evse.operative_later = operative
            keep_evse(hub, evse)
            return "Scheduled"
        evse.operative_later = None
        hub.afterwards(lambda: self._set(evse, operative))
        return "Accepted"

    def _set(self, evse: Evse, operative: bool) -> None:
        evse.is_operative, evse.operative_later = operative, None
        keep_evse(self._hub, evse)
        self._hub.tell(EvseChanged(evse.id))

    def _set_station(self, operative: bool) -> None:
        self._hub.is_operative = operative
        keep_station(self._hub)
        self._hub.tell(EvseChanged(0))

    def _on_transaction_ended(self, ended: TransactionEnded) -> None:
        evse = self._hub.evses[ended.evse_id]
        if evse.operative_later is not None:
            self._set(evse, evse.operative_later)
        if self._station_later is not None and not self._hub.is_busy:
            later, self._station_later = self._station_later, None
            self._set_station(later)
