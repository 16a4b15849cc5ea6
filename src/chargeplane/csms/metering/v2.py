"""Metering in 2.x."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

from chargeplane.csms.contract import Decision, Handler, Heard
from chargeplane.csms.meter_values_v1 import OfTransaction
from chargeplane.csms.meter_values_v2 import values_of
from chargeplane.csms.metering.service import decide, otherwise
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.metering import are_of_a_transaction
from chargeplane.ocpp import v21

__all__ = ["meter_values"]


def meter_values(of_transaction: OfTransaction) -> Handler:
    """The handler of MeterValues (J01). EVSE 0 is the station (J01.FR.03).

    Values of transactions belong into TransactionEvent (J02). Stations that send them here say so
    by their context.
    """

    def handle(heard: Heard) -> Decision | Awaitable[Decision]:
        request: v21.MeterValuesRequest = heard.request
        if request.evse_id > 0 and are_of_a_transaction(values_of(request.meter_value)):
            return otherwise(of_transaction(heard), partial(_of_no_transaction, heard))
        return _of_no_transaction(heard)

    return handle


def _of_no_transaction(heard: Heard) -> Decision:
    request: v21.MeterValuesRequest = heard.request
    return decide(
        heard,
        EvseAddress(request.evse_id),
        values_of(request.meter_value),
        v21.MeterValuesResponse(),
    )
