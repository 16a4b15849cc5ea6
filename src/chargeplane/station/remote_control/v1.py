"""Remote control as 1.x says it."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.hub import Hub
from chargeplane.station.remote_control import service
from chargeplane.station.signals import StartWanted

__all__ = ["install"]

_Status = v16.RemoteStartStopStatus
_Trigger = v16.TriggerMessageStatus
_Unlock = v16.UnlockStatus


def install(hub: Hub) -> None:
    """Answer what 1.x asks of this block."""
    hub.answers(v16.RemoteStartTransactionRequest, partial(_start, hub))
    hub.answers(v16.RemoteStopTransactionRequest, partial(_stop, hub))
    hub.answers(v16.UnlockConnectorRequest, partial(_unlock, hub))
    hub.answers(v16.TriggerMessageRequest, partial(_trigger, hub))


def _start(
    hub: Hub, request: v16.RemoteStartTransactionRequest
) -> v16.RemoteStartTransactionResponse:
    connector_id = request.connector_id
    evse = service.target_of_start(hub, None if connector_id is UNSET else connector_id)
    if evse is None:
        return v16.RemoteStartTransactionResponse(status=_Status.REJECTED)
    wanted = StartWanted(evse.id, IdToken(request.id_tag))
    hub.afterwards(lambda: hub.tell(wanted))
    return v16.RemoteStartTransactionResponse(status=_Status.ACCEPTED)


def _stop(hub: Hub, request: v16.RemoteStopTransactionRequest) -> v16.RemoteStopTransactionResponse:
    found = (
        evse
        for evse in hub.transactions()
        if evse.transaction and evse.transaction.wire_id == request.transaction_id
    )
    done = service.stop(hub, next(found, None))
    return v16.RemoteStopTransactionResponse(status=_Status.ACCEPTED if done else _Status.REJECTED)


def _unlock(hub: Hub, request: v16.UnlockConnectorRequest) -> v16.UnlockConnectorResponse:
    evse = hub.evses.get(request.connector_id)
    if evse is None:
        return v16.UnlockConnectorResponse(status=_Unlock.NOT_SUPPORTED)
    hub.afterwards(lambda: service.unlock(hub, evse))
    return v16.UnlockConnectorResponse(status=_Unlock.UNLOCKED)


def _trigger(hub: Hub, request: v16.TriggerMessageRequest) -> v16.TriggerMessageResponse:
    connector_id = request.connector_id
    message = request.requested_message.value
    whole = connector_id == 0 and message == "StatusNotification"
    if connector_id is not UNSET and connector_id not in hub.evses and not whole:
        return v16.TriggerMessageResponse(status=_Trigger.REJECTED)
    done = service.trigger(hub, message, None if connector_id is UNSET else connector_id)
    status = _Trigger.ACCEPTED if done else _Trigger.NOT_IMPLEMENTED
    return v16.TriggerMessageResponse(status=status)
