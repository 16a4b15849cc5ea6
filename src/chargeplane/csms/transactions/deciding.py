"""From what was taken to a decision, at once where that is possible."""

from __future__ import annotations

from collections.abc import Awaitable

from chargeplane.csms.contract import Decision
from chargeplane.csms.transactions.service import Taken
from chargeplane.ocpp.wire import Response

__all__ = ["decided", "decision"]


def decision(response: Response, taken: Taken | Awaitable[Taken]) -> Decision | Awaitable[Decision]:
    """The decision, or the promise of one if the store had to be read."""
    if isinstance(taken, Taken):
        return Decision(response, taken.rows, taken.events, taken.implied)
    return decided(response, taken)


async def decided(response: Response, taken: Taken | Awaitable[Taken]) -> Decision:
    """The decision, after waiting for it."""
    found = taken if isinstance(taken, Taken) else await taken
    return Decision(response, found.rows, found.events, found.implied)
