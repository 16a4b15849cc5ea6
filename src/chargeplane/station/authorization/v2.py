"""Authorization as 2.x says it."""

from __future__ import annotations

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.station.authorization.service import Authorization
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.signals import Decision
from chargeplane.station.tokens_2x import id_token_2x

__all__ = ["authorize", "decision", "install"]


def authorize(token: IdToken) -> v21.AuthorizeRequest:
    """The question."""
    return v21.AuthorizeRequest(id_token=id_token_2x(token))


def decision(outcome: Outcome) -> Decision | None:
    """The answer; None if there is none."""
    if not isinstance(outcome, v21.AuthorizeResponse):
        return None
    info = outcome.id_token_info
    group = info.group_id_token.id_token if info.group_id_token else None
    accepted = info.status is v21.AuthorizationStatusEnumType.ACCEPTED
    return Decision(accepted, info.status.value, group)


def install(hub: Hub, authorization: Authorization) -> None:
    """Answer what 2.x asks of this block."""

    def clear(_: v21.ClearCacheRequest) -> v21.ClearCacheResponse:
        done = authorization.clear()
        answers = v21.ClearCacheStatusEnumType
        return v21.ClearCacheResponse(status=answers.ACCEPTED if done else answers.REJECTED)

    hub.answers(v21.ClearCacheRequest, clear)
