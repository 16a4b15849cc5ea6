"""Meter values outside transactions, as 1.x says them."""

from __future__ import annotations

from chargeplane.ocpp import v16
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.sampled_values import context_of, meter_value_1x
from chargeplane.station.signals import Cause

__all__ = ["tell"]


def tell(hub: Hub, evse: Evse, cause: Cause) -> None:
    """Send what the meter shows."""
    aligned = cause is Cause.CLOCK
    component = "AlignedDataCtrlr" if aligned else "SampledDataCtrlr"
    variable = "Measurands" if aligned else "TxUpdatedMeasurands"
    readings = evse.readings(hub.variables.words(component, variable), hub.rng)
    if readings:
        value = meter_value_1x(hub.time(), readings, context_of(cause))
        request = v16.MeterValuesRequest(connector_id=evse.id, meter_value=[value])
        hub.ask(request, early=cause is Cause.TRIGGERED)
