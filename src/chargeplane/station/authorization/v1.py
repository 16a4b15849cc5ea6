"""Authorization as 1.x says it."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v16
from chargeplane.station.authorization.service import Authorization
from chargeplane.station.hub import Hub
from chargeplane.station.known_tokens import Known
from chargeplane.station.tokens_1x import authorize, known_of_answer

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Answer what 1.x asks of this block."""
    authorization = Authorization(hub, authorize, known_of_answer, partial(_tell_conflict, hub))

    def clear(_: v16.ClearCacheRequest) -> v16.ClearCacheResponse:
        done = authorization.clear()
        answers = v16.ClearCacheStatus
        return v16.ClearCacheResponse(status=answers.ACCEPTED if done else answers.REJECTED)

    hub.answers(v16.ClearCacheRequest, clear)


def _tell_conflict(hub: Hub, _known: Known) -> None:
    """1.6 section 3.5.2: the list accepts a token that the central system refuses."""
    hub.ask(
        v16.StatusNotificationRequest(
            connector_id=0,
            status=(
                v16.ChargePointStatus.AVAILABLE
                if hub.is_operative
                else v16.ChargePointStatus.UNAVAILABLE
            ),
            error_code=v16.ChargePointErrorCode.LOCAL_LIST_CONFLICT,
            timestamp=hub.time(),
        )
    )
