"""The local list as 2.x says it."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.station.device_model.reports import beyond_limits
from chargeplane.station.hub import Hub
from chargeplane.station.local_list.updating import FAILED, Change, is_enabled, update
from chargeplane.station.tokens_2x import known_of_2x, token_of_2x

__all__ = ["install"]

_Status = v21.SendLocalListStatusEnumType


def install(hub: Hub) -> None:
    """Answer what 2.x asks of this block."""
    hub.answers(v21.SendLocalListRequest, partial(_send, hub))
    hub.answers(v21.GetLocalListVersionRequest, partial(_version, hub))


def _version(hub: Hub, _: v21.GetLocalListVersionRequest) -> v21.GetLocalListVersionResponse:
    """D02.FR.01 to D02.FR.03."""
    version = hub.local_list.version if is_enabled(hub) else 0
    return v21.GetLocalListVersionResponse(version_number=version)


def _send(hub: Hub, request: v21.SendLocalListRequest) -> v21.SendLocalListResponse | ErrorCode:
    sent = request.local_authorization_list or []
    code = beyond_limits(hub, "LocalAuthListCtrlr", None, request, len(sent))
    if code is not None:
        return code
    status = FAILED
    if is_enabled(hub):
        whole = request.update_type is v21.UpdateEnumType.FULL
        changes = [_change(each) for each in sent]
        status = update(hub, request.version_number, changes, whole=whole)
    return v21.SendLocalListResponse(status=_Status(status))


def _change(sent: v21.AuthorizationData) -> Change:
    token = token_of_2x(sent.id_token)
    return token, known_of_2x(token, sent.id_token_info) if sent.id_token_info else None
