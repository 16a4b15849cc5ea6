"""Authorization in 1.x."""

from __future__ import annotations

from chargeplane.csms.authorization.service import Authorizer
from chargeplane.csms.contract import Ask, Decision, Handler, Heard, Station
from chargeplane.csms.outcomes import reads
from chargeplane.csms.token_info import id_tag_info, token_of_1x
from chargeplane.domain.commands import ClearCache
from chargeplane.ocpp import v16

__all__ = ["authorize", "clear_cache"]


def authorize(authorizer: Authorizer) -> Handler:
    """The handler of Authorize (1.6, 4.1)."""

    async def handle(heard: Heard) -> Decision:
        request: v16.AuthorizeRequest = heard.request
        answer = await authorizer.answer(heard, token_of_1x(request.id_tag))
        response = v16.AuthorizeResponse(id_tag_info=id_tag_info(answer.authorization))
        return Decision(response, answer.rows, answer.events)

    return handle


def clear_cache(_: Station, __: ClearCache) -> Ask:
    """ClearCache (1.6, 5.4)."""
    return Ask(v16.ClearCacheRequest(), reads())
