"""GetTransactionStatus of 2.x: is it going on, and do messages of it wait (E14)?"""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.hub import Hub

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Answer the question."""
    hub.answers(v21.GetTransactionStatusRequest, partial(_status, hub))


def _status(hub: Hub, request: v21.GetTransactionStatusRequest) -> v21.GetTransactionStatusResponse:
    wanted = request.transaction_id
    if wanted is UNSET:
        return v21.GetTransactionStatusResponse(messages_in_queue=hub.outbox.has())
    running = (evse.transaction for evse in hub.transactions())
    return v21.GetTransactionStatusResponse(
        ongoing_indicator=any(each is not None and each.id == wanted for each in running),
        messages_in_queue=hub.outbox.has(wanted),
    )
