"""Our requests on a connection: one is open, the others wait, and the given-up are remembered."""

from __future__ import annotations

from msgspec import Struct

from chargeplane.ocpp.errors import ErrorCode, LocalError
from chargeplane.ocpp.events import Abandoned, TimedOut
from chargeplane.ocpp.frames import Limits
from chargeplane.ocpp.wire import Request, Response

__all__ = ["Asked", "Asking"]


class Asked(Struct):
    """A request of ours."""

    message_id: str
    request: Request
    response: type[Response]
    text: str
    deadline: float = 0.0


class Asking:
    """The queue of one end's requests. Whatever changes it returns the texts to send now."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.open: Asked | None = None
        """The one request that is sent and not answered (2.x Part 4, 4.1.1)."""
        self._waiting: list[Asked] = []
        self._late: dict[str, Asked] = {}

    def add(self, asked: Asked, now: float) -> list[str]:
        """Send a request in its turn.

        Raises:
            LocalError: the queue is full.
        """
        if len(self._waiting) >= self._limits.calls_waiting_max:
            raise LocalError(ErrorCode.GENERIC_ERROR, "too many requests wait to be sent")
        self._waiting.append(asked)
        return [] if self.open else self._next(now)

    def settle(self, message_id: str, now: float) -> tuple[Asked | None, bool, list[str]]:
        """End the request that an answer belongs to; whether the answer is late; what to send."""
        asked = self.open
        if asked is not None and asked.message_id == message_id:
            return asked, False, self._next(now)
        return self._late.pop(message_id, None), True, []

    def expire(self, now: float) -> tuple[list[TimedOut], list[str]]:
        """Give up on the open request if its time is over."""
        asked = self.open
        if asked is None or now < asked.deadline:
            return [], []
        self._late[asked.message_id] = asked
        if len(self._late) > self._limits.answers_kept_max:
            del self._late[next(iter(self._late))]
        return [TimedOut(asked.message_id, asked.request)], self._next(now)

    def abandon(self) -> list[Abandoned]:
        """Drop everything: there is nobody left to ask."""
        dropped = [Abandoned(self.open.message_id, self.open.request, True)] if self.open else []
        dropped += [Abandoned(asked.message_id, asked.request, False) for asked in self._waiting]
        self.open = None
        self._waiting.clear()
        self._late.clear()
        return dropped

    def _next(self, now: float) -> list[str]:
        self.open = self._waiting.pop(0) if self._waiting else None
        if self.open is None:
            return []
        self.open.deadline = now + self._limits.call_timeout_s
        return [self.open.text]
