"""Metering in 1.x."""

from __future__ import annotations

from collections.abc import Awaitable

from chargeplane.csms.contract import Decision, Handler, Heard
from chargeplane.csms.meter_values_v1 import OfTransaction, values_of
from chargeplane.csms.metering.service import decide
from chargeplane.domain.addresses import STATION, EvseAddress
from chargeplane.domain.ledger.entry import UNKNOWN_IDS
from chargeplane.ocpp import v16
from chargeplane.ocpp.versions import Version
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

    In 1.2 they cannot name a transaction. Those of a connector are of the one that goes on there.
    """

    def handle(heard: Heard) -> Decision | Awaitable[Decision]:
        request: v16.MeterValuesRequest = heard.request
        cannot_say = heard.station.version is Version.V1_2 and request.connector_id > 0
        if not is_of_transaction(request) and not cannot_say:
            return _of_no_transaction(heard)
        found = of_transaction(heard)
        return found if isinstance(found, Decision) else _whichever(found, heard)

    return handle


async def _whichever(finding: Awaitable[Decision | None], heard: Heard) -> Decision:
    found = await finding
    return _of_no_transaction(heard) if found is None else found


def _of_no_transaction(heard: Heard) -> Decision:
    request: v16.MeterValuesRequest = heard.request
    number = request.connector_id
    return decide(
        heard,
        EvseAddress(number) if number > 0 else STATION,
        values_of(request.meter_value),
        v16.MeterValuesResponse(),
    )
