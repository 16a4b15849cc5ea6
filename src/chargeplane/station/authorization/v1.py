"""Authorization as 1.x says it."""

from __future__ import annotations

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16
from chargeplane.station.authorization.service import Authorization
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.signals import Decision

__all__ = ["authorize", "decision", "install"]


def authorize(token: IdToken) -> v16.AuthorizeRequest:
    """The question."""
    return v16.AuthorizeRequest(id_tag=token.value)


def decision(outcome: Outcome) -> Decision | None:
    """The answer; None if there is none."""
    if not isinstance(outcome, v16.AuthorizeResponse):
        return None
    info = outcome.id_tag_info
    accepted = info.status is v16.AuthorizationStatus.ACCEPTED
    return Decision(accepted, info.status.value, info.parent_id_tag or None)


def install(hub: Hub, authorization: Authorization) -> None:
    """Answer what 1.x asks of this block."""

    def clear(_: v16.ClearCacheRequest) -> v16.ClearCacheResponse:
        done = authorization.clear()
        answers = v16.ClearCacheStatus
        return v16.ClearCacheResponse(status=answers.ACCEPTED if done else answers.REJECTED)

    hub.answers(v16.ClearCacheRequest, clear)
