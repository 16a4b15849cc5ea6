"""From a station's answer to the outcome of a command, the same for all blocks."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from chargeplane.domain.commands import Accepted, Outcome, Refused
from chargeplane.ocpp.codec import payload_of
from chargeplane.ocpp.wire import Response

__all__ = ["ACCEPTED", "outcome_of", "reads", "reason_of"]

ACCEPTED = frozenset({"Accepted"})


def outcome_of(
    response: Response, accepted: Collection[str] = ACCEPTED, **more: Any
) -> Accepted | Refused:
    """The outcome that a response with a ``status`` stands for.

    Args:
        response: in the newest version of its family.
        accepted: the words that say that the station does it, now or later.
        more: what we have to say besides; put beside the members of the response.
    """
    payload: dict[str, Any] = {**payload_of(response), **more}
    status = str(payload.get("status", "Accepted"))
    outcome: Outcome
    if status in accepted:
        outcome = Accepted(status=status, reason=reason_of(payload), response=payload)
    else:
        outcome = Refused(status=status, reason=reason_of(payload), response=payload)
    return outcome


def reason_of(payload: dict[str, Any], member: str = "statusInfo") -> str | None:
    """What a 2.x station says besides its status: the code of its reason, and its words."""
    info = payload.get(member)
    if not info:
        return None
    code, words = info["reasonCode"], info.get("additionalInfo")
    return f"{code}: {words}" if words else str(code)


def reads(accepted: Collection[str] = ACCEPTED) -> Callable[[Any], Outcome]:
    """``outcome_of`` as ``Ask.read`` wants it."""
    return lambda response: outcome_of(response, accepted)
