"""Priority charging of 2.1: a transaction charges by another profile for a while (K21, K22)."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.charging import Purpose
from chargeplane.ocpp import v21
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.signals import PriorityTold, PriorityWanted
from chargeplane.station.smart_charging.installed import Profiles
from chargeplane.station.smart_charging.limiting import Limiting

__all__ = ["Priority"]

_Status = v21.PriorityChargingStatusEnumType


class Priority:
    """Switches it on and off, for the central system and for the driver."""

    def __init__(self, hub: Hub, profiles: Profiles, limiting: Limiting) -> None:
        self._hub = hub
        self._profiles = profiles
        self._limiting = limiting
        hub.answers(v21.UsePriorityChargingRequest, self._on_request)
        hub.hears(PriorityWanted, self._on_driver)

    def _on_request(
        self, request: v21.UsePriorityChargingRequest
    ) -> v21.UsePriorityChargingResponse:
        evse = next((each for each in self._hub.transactions() if _has(each, request)), None)
        if evse is None:  # K21.FR.02
            return _answer(_Status.REJECTED, "TxNotFound")
        if request.activate and not self._has_profile(evse.id):  # K21.FR.01
            return _answer(_Status.NO_PROFILE, "NotFound")
        self._hub.afterwards(partial(self._switch, evse, request.activate))
        return v21.UsePriorityChargingResponse(status=_Status.ACCEPTED)

    def _on_driver(self, wanted: PriorityWanted) -> None:
        """A button on the station (K22)."""
        evse = self._hub.evses[wanted.evse_id]
        possible = evse.transaction is not None and self._has_profile(evse.id)
        self._hub.tell(PriorityTold(evse.id, possible and wanted.activate))
        if possible:
            self._switch(evse, wanted.activate)

    def _has_profile(self, evse_id: int) -> bool:
        return any(
            each.profile.purpose is Purpose.PRIORITY and each.evse_id in {0, evse_id}
            for each in self._profiles
        )

    def _switch(self, evse: Evse, activate: bool) -> None:
        """K21.FR.04 to K21.FR.08; what is so already is not told again."""
        transaction, favoured = evse.transaction, self._limiting.favoured
        if transaction is None or (transaction.id in favoured) == activate:
            return
        (favoured.add if activate else favoured.discard)(transaction.id)
        self._limiting.apply()
        request = v21.NotifyPriorityChargingRequest(
            transaction_id=transaction.id, activated=activate
        )
        self._hub.ask(request)


def _has(evse: Evse, request: v21.UsePriorityChargingRequest) -> bool:
    return evse.transaction is not None and evse.transaction.id == request.transaction_id


def _answer(
    status: v21.PriorityChargingStatusEnumType, why: str
) -> v21.UsePriorityChargingResponse:
    info = v21.StatusInfoType(reason_code=why)
    return v21.UsePriorityChargingResponse(status=status, status_info=info)
