"""Metering: meter values that belong to no transaction.

They come in MeterValues: of the station as a whole, or of an EVSE that nobody charges at. Values of
transactions are the business of the block transactions; since 1.x sends those in MeterValues too,
this block's handler for 1.x hands them over.

Nothing is read to take a message, and its answer does not wait for the commit: no bill depends on
these values. They are stored all the same, one row for each message.

Requirements: J01.FR.02 to .11, .17, .18; 1.6, 4.7.
"""

from __future__ import annotations

from chargeplane.csms.contract import Block, Handler
from chargeplane.csms.metering import api, v1, v2
from chargeplane.ocpp import v16, v21

__all__ = ["block"]


def block(of_transaction: Handler) -> Block:
    """The block. ``of_transaction`` takes MeterValues of 1.x that name a transaction."""
    return Block(
        name="metering",
        v1={v16.MeterValuesRequest: v1.meter_values(of_transaction)},
        v2={v21.MeterValuesRequest: v2.meter_values},
        routes=(api.routes(),),
    )
