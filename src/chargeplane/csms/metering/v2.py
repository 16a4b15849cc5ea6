"""Metering in 2.x."""

from __future__ import annotations

from chargeplane.csms.contract import Decision, Heard
from chargeplane.csms.meter_values_v2 import values_of
from chargeplane.csms.metering.service import decide
from chargeplane.domain.addresses import EvseAddress
from chargeplane.ocpp import v21

__all__ = ["meter_values"]


def meter_values(heard: Heard) -> Decision:
    """The handler of MeterValues (J01). EVSE 0 is the station (J01.FR.03)."""
    request: v21.MeterValuesRequest = heard.request
    return decide(
        heard,
        EvseAddress(request.evse_id),
        values_of(request.meter_value),
        v21.MeterValuesResponse(),
    )
