"""Data transfer in 2.x, where data may be anything."""

from __future__ import annotations

from chargeplane.csms.contract import Ask, Decision, Heard, Station
from chargeplane.csms.outcomes import reads
from chargeplane.domain.commands import DataTransfer
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET

__all__ = ["data_transfer", "transfer"]


def data_transfer(_: Heard) -> Decision:
    """The handler of DataTransfer (P02): no vendor is known."""
    unknown = v21.DataTransferStatusEnumType.UNKNOWN_VENDOR_ID
    return Decision(v21.DataTransferResponse(status=unknown), durable=False)


def transfer(_: Station, command: DataTransfer) -> Ask:
    """DataTransfer to a station (P01)."""
    request = v21.DataTransferRequest(
        vendor_id=command.vendor_id,
        message_id=command.message_id or UNSET,
        data=UNSET if command.data is None else command.data,
    )
    return Ask(request, reads())
