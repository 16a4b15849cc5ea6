"""Metering in 1.x."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

from chargeplane.csms.contract import Decision, Handler, Heard
from chargeplane.csms.meter_values_v1 import OfTransaction, values_of
from chargeplane.csms.metering.service import decide, otherwise
from chargeplane.domain.addresses import STATION, EvseAddress
from chargeplane.domain.ledger.entry import UNKNOWN_IDS
from chargeplane.domain.metering import are_of_a_transaction
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET

__all__ = ["is_of_transaction", "meter_values"]


def is_of_transaction(request: v16.MeterValuesRequest) -> bool:
    """Whether a message belongs to a transaction.

    One that says "not known" belongs to one as well if it is of a connector: the station has
    started it offline. Of the station as a whole the same says nothing.
    """
    if request.transaction_id is UNSET:
        return False
    return request.connector_id > 0 or str(request.transaction_id) not in UNKNOWN_IDS


def meter_values(of_transaction: OfTransaction) -> Handler:
    """The handler of MeterValues (1.6, 4.7).

    Not all that are of a transaction name it: in 1.2 they cannot, and later stations leave it out.
    Those of a connector are of the one that goes on there, if they say that they were taken in one.
    """

    def handle(heard: Heard) -> Decision | Awaitable[Decision]:
        request: v16.MeterValuesRequest = heard.request
        if is_of_transaction(request) or _leaves_it_out(request):
            return otherwise(of_transaction(heard), partial(_of_no_transaction, heard))
        return _of_no_transaction(heard)

    return handle


def _leaves_it_out(request: v16.MeterValuesRequest) -> bool:
    """Whether a message may be of a transaction that it does not name."""
    return (
        request.transaction_id is UNSET
        and request.connector_id > 0
        and are_of_a_transaction(values_of(request.meter_value))
    )


def _of_no_transaction(heard: Heard) -> Decision:
    request: v16.MeterValuesRequest = heard.request
    number = request.connector_id
    return decide(
        heard,
        EvseAddress(number) if number > 0 else STATION,
        values_of(request.meter_value),
        v16.MeterValuesResponse(),
    )
