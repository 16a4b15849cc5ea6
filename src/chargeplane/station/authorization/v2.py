"""Authorization as 2.x says it."""

from __future__ import annotations

import msgspec
from msgspec import structs

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.station.authorization.service import Authorization
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.known_tokens import ACCEPTED, Known
from chargeplane.station.tokens_2x import id_token_2x, known_of_2x

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Answer what 2.x asks of this block."""
    authorization = Authorization(hub, _authorize, _answer)

    def clear(_: v21.ClearCacheRequest) -> v21.ClearCacheResponse:
        done = authorization.clear()
        answers = v21.ClearCacheStatusEnumType
        return v21.ClearCacheResponse(status=answers.ACCEPTED if done else answers.REJECTED)

    hub.answers(v21.ClearCacheRequest, clear)


def _authorize(token: IdToken) -> v21.AuthorizeRequest:
    return v21.AuthorizeRequest(id_token=id_token_2x(token))


def _answer(token: IdToken, outcome: Outcome) -> Known | None:
    if not isinstance(outcome, v21.AuthorizeResponse):
        return None
    known = known_of_2x(token, outcome.id_token_info)
    if not outcome.tariff or known.status != ACCEPTED:
        return known
    return structs.replace(known, tariff=msgspec.json.encode(outcome.tariff).decode())
