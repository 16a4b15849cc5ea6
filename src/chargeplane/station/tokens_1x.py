"""What 1.x says of id tags."""

from __future__ import annotations

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import given
from chargeplane.station.conversation import Outcome
from chargeplane.station.known_tokens import Known

__all__ = ["authorize", "known_of_1x", "known_of_answer"]


def authorize(token: IdToken) -> v16.AuthorizeRequest:
    """The question."""
    return v16.AuthorizeRequest(id_tag=token.value)


def known_of_answer(token: IdToken, outcome: Outcome) -> Known | None:
    """The answer; None if there is none."""
    if not isinstance(outcome, v16.AuthorizeResponse):
        return None
    return known_of_1x(token, outcome.id_tag_info)


def known_of_1x(token: IdToken, info: v16.IdTagInfo) -> Known:
    """What the central system says of a tag."""
    return Known(token, info.status.value, info.parent_id_tag or None, given(info.expiry_date))
