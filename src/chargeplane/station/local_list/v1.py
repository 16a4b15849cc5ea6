"""The local list as 1.x says it (1.5 and 1.6)."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16
from chargeplane.station.hub import Hub
from chargeplane.station.local_list.updating import FAILED, Change, is_enabled, update
from chargeplane.station.tokens_1x import known_of_1x

__all__ = ["install"]

NO_LIST = -1
"""The version of a list that the station does not have (1.6 section 5.10)."""
_Status = v16.UpdateStatus


def install(hub: Hub) -> None:
    """Answer what 1.x asks of this block."""
    hub.answers(v16.SendLocalListRequest, partial(_send, hub))
    hub.answers(v16.GetLocalListVersionRequest, partial(_version, hub))


def _version(hub: Hub, _: v16.GetLocalListVersionRequest) -> v16.GetLocalListVersionResponse:
    version = hub.local_list.version if is_enabled(hub) else NO_LIST
    return v16.GetLocalListVersionResponse(list_version=version)


def _send(hub: Hub, request: v16.SendLocalListRequest) -> v16.SendLocalListResponse:
    if not is_enabled(hub):
        return v16.SendLocalListResponse(status=_Status.NOT_SUPPORTED)
    sent = request.local_authorization_list or []
    if len(sent) > hub.variables.number("LocalAuthListCtrlr", "ItemsPerMessage"):
        return v16.SendLocalListResponse(status=_Status(FAILED))
    whole = request.update_type is v16.UpdateType.FULL
    status = update(hub, request.list_version, [_change(each) for each in sent], whole=whole)
    return v16.SendLocalListResponse(status=_Status(status))


def _change(sent: v16.AuthorizationData) -> Change:
    token = IdToken(sent.id_tag)
    return token, known_of_1x(token, sent.id_tag_info) if sent.id_tag_info else None
