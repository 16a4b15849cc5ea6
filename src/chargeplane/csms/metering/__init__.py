"""Metering: meter values that belong to no transaction.

They come in MeterValues: of the station as a whole, or of an EVSE that nobody charges at. Values of
transactions are the business of the block transactions; since 1.x sends those in MeterValues too,
this block's handlers hand them over. OCPP 1.2 has no word for the transaction, many a station of
1.6 leaves it out, and some of 2.x send MeterValues where a TransactionEvent belongs: values of a
connector with a context that only transactions have are of the one that goes on there.

Nothing is read to take a message, and its answer does not wait for the commit: no bill depends on
these values. They are stored all the same, one row for each message.

Requirements: J01.FR.02 to .11, .17, .18; 1.6, 4.7.
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.meter_values_v1 import OfTransaction
from chargeplane.csms.metering import api, v1, v2
from chargeplane.ocpp import v16, v21

__all__ = ["block"]


def block(of_transaction_1x: OfTransaction, of_transaction_2x: OfTransaction) -> Block:
    """The block. The two take MeterValues that are of a transaction."""
    return Block(
        name="metering",
        v1={v16.MeterValuesRequest: v1.meter_values(of_transaction_1x)},
        v2={v21.MeterValuesRequest: v2.meter_values(of_transaction_2x)},
        routes=(api.routes(),),
    )
