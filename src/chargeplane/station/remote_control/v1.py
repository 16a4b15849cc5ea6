"""Remote control as 1.x says it."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.hub import Hub
from chargeplane.station.remote_control import service
from chargeplane.station.signals import ProfileWanted, StartWanted

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
    hub.answers(v16.ExtendedTriggerMessageRequest, partial(_extended_trigger, hub))


def _start(
    hub: Hub, request: v16.RemoteStartTransactionRequest
) -> v16.RemoteStartTransactionResponse:
    connector_id = request.connector_id
    evse = service.target_of_start(hub, given(connector_id), IdToken(request.id_tag))
    if evse is None:
        return v16.RemoteStartTransactionResponse(status=_Status.REJECTED)
    token = IdToken(request.id_tag)
    if request.charging_profile:
        reasons: list[str] = []
        hub.tell(ProfileWanted(evse.id, token, request.charging_profile, reasons.append))
        if reasons:  # section 5.11
            return v16.RemoteStartTransactionResponse(status=_Status.REJECTED)
    wanted = StartWanted(evse.id, token)
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


def _extended_trigger(
    hub: Hub, request: v16.ExtendedTriggerMessageRequest
) -> v16.ExtendedTriggerMessageResponse:
    """Of the security whitepaper: the same, and certificates."""
    kinds = v16.TriggerMessageStatusEnumType
    connector_id = request.connector_id
    if connector_id is not UNSET and connector_id not in hub.evses:
        return v16.ExtendedTriggerMessageResponse(status=kinds.REJECTED)
    evse_id = None if connector_id is UNSET else connector_id
    done = service.trigger(hub, request.requested_message.value, evse_id)
    return v16.ExtendedTriggerMessageResponse(
        status=kinds.ACCEPTED if done else kinds.NOT_IMPLEMENTED
    )
