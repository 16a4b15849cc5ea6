"""Data transfer: a vendor's own messages, both ways.

What a station sends is answered UnknownVendorId, since no vendor's extension is served yet
(P02.FR.06; 1.6, 4.3). It is not lost: the frame recorder has it. The other way it is the command
DataTransfer (P01).
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.data_transfer import v1, v2
from chargeplane.domain.commands import DataTransfer
from chargeplane.ocpp import v16, v21

__all__ = ["block"]


def block() -> Block:
    """The block."""
    return Block(
        name="data_transfer",
        v1={v16.DataTransferRequest: v1.data_transfer},
        v2={v21.DataTransferRequest: v2.data_transfer},
        commands_v1={DataTransfer: v1.transfer},
        commands_v2={DataTransfer: v2.transfer},
    )
