"""Data transfer in 1.x. Data is text there; anything else is sent as JSON."""

from __future__ import annotations

import msgspec

from chargeplane.csms.contract import Ask, Decision, Heard, Station
from chargeplane.csms.outcomes import reads
from chargeplane.domain.commands import DataTransfer
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET

__all__ = ["data_transfer", "transfer"]


def data_transfer(_: Heard) -> Decision:
    """The handler of DataTransfer (1.6, 4.3): no vendor is known."""
    unknown = v16.DataTransferStatus.UNKNOWN_VENDOR_ID
    return Decision(v16.DataTransferResponse(status=unknown), durable=False)


def transfer(_: Station, command: DataTransfer) -> Ask:
    """DataTransfer to a station (1.6, 5.6)."""
    data = command.data
    if data is not None and not isinstance(data, str):
        data = msgspec.json.encode(data).decode()
    request = v16.DataTransferRequest(
        vendor_id=command.vendor_id,
        message_id=command.message_id or UNSET,
        data=UNSET if data is None else data,
    )
    return Ask(request, reads())
