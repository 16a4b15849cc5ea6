"""Remote control as 2.x says it."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.hub import Hub
from chargeplane.station.remote_control import service
from chargeplane.station.signals import ProfileWanted, StartWanted
from chargeplane.station.tokens_2x import token_of_2x

__all__ = ["install"]

_Status = v21.RequestStartStopStatusEnumType
_Trigger = v21.TriggerMessageStatusEnumType
_Unlock = v21.UnlockStatusEnumType


def install(hub: Hub) -> None:
    """Answer what 2.x asks of this block."""
    hub.answers(v21.RequestStartTransactionRequest, partial(_start, hub))
    hub.answers(v21.RequestStopTransactionRequest, partial(_stop, hub))
    hub.answers(v21.UnlockConnectorRequest, partial(_unlock, hub))
    hub.answers(v21.TriggerMessageRequest, partial(_trigger, hub))


def _start(
    hub: Hub, request: v21.RequestStartTransactionRequest
) -> v21.RequestStartTransactionResponse:
    evse_id = request.evse_id
    token = token_of_2x(request.id_token)
    group = request.group_id_token
    group_id = group.id_token if group else None
    evse = service.target_of_start(hub, given(evse_id), token, group_id)
    if evse is None:
        return v21.RequestStartTransactionResponse(status=_Status.REJECTED)
    if request.charging_profile:
        reasons: list[str] = []
        hub.tell(ProfileWanted(evse.id, token, request.charging_profile, reasons.append))
        if reasons:  # K05.FR.05
            info = v21.StatusInfoType(reason_code=reasons[0])
            return v21.RequestStartTransactionResponse(status=_Status.REJECTED, status_info=info)
    wanted = StartWanted(evse.id, token, request.remote_start_id, group_id)
    hub.afterwards(lambda: hub.tell(wanted))
    running = evse.transaction.id if evse.transaction else UNSET  # F02.FR.01
    return v21.RequestStartTransactionResponse(status=_Status.ACCEPTED, transaction_id=running)


def _stop(
    hub: Hub, request: v21.RequestStopTransactionRequest
) -> v21.RequestStopTransactionResponse:
    found = (
        evse
        for evse in hub.transactions()
        if evse.transaction and evse.transaction.id == request.transaction_id
    )
    done = service.stop(hub, next(found, None))
    return v21.RequestStopTransactionResponse(status=_Status.ACCEPTED if done else _Status.REJECTED)


def _unlock(hub: Hub, request: v21.UnlockConnectorRequest) -> v21.UnlockConnectorResponse:
    """F05: an authorized transaction is not interrupted."""
    evse = hub.evses.get(request.evse_id)
    if evse is None or not 1 <= request.connector_id <= len(evse.spec.connector_types):
        return v21.UnlockConnectorResponse(status=_Unlock.UNKNOWN_CONNECTOR)
    if evse.transaction is not None and evse.token is not None:
        return v21.UnlockConnectorResponse(status=_Unlock.ONGOING_AUTHORIZED_TRANSACTION)
    return v21.UnlockConnectorResponse(status=_Unlock.UNLOCKED)


def _trigger(hub: Hub, request: v21.TriggerMessageRequest) -> v21.TriggerMessageResponse:
    evse_id = None if request.evse is UNSET else request.evse.id
    if evse_id is not None and evse_id not in hub.evses:
        return v21.TriggerMessageResponse(status=_Trigger.REJECTED)
    done = service.trigger(hub, request.requested_message.value, evse_id)
    status = _Trigger.ACCEPTED if done else _Trigger.NOT_IMPLEMENTED
    return v21.TriggerMessageResponse(status=status)
