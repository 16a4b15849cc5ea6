"""DataTransfer: answered as by a station that knows no vendor (P01; 1.6 section 4.3)."""

from __future__ import annotations

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    if hub.family is Version.V1_6:
        hub.answers(
            v16.DataTransferRequest,
            lambda _: v16.DataTransferResponse(status=v16.DataTransferStatus.UNKNOWN_VENDOR_ID),
        )
    else:
        hub.answers(
            v21.DataTransferRequest,
            lambda _: v21.DataTransferResponse(
                status=v21.DataTransferStatusEnumType.UNKNOWN_VENDOR_ID
            ),
        )
