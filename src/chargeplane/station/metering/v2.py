"""Meter values outside transactions, as 2.x says them."""

from __future__ import annotations

from chargeplane.ocpp import v21
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.sampled_values import context_of, meter_value_2x
from chargeplane.station.signals import Cause

__all__ = ["tell"]


def tell(hub: Hub, evse: Evse, cause: Cause) -> None:
    """Send what the meter shows (J01)."""
    measurands = hub.variables.words("AlignedDataCtrlr", "Measurands")
    readings = evse.readings(measurands, hub.rng)
    if readings:
        value = meter_value_2x(hub.time(), readings, context_of(cause))
        request = v21.MeterValuesRequest(evse_id=evse.id, meter_value=[value])
        hub.ask(request, early=cause is Cause.TRIGGERED)
