"""The requests of one station on their way to the central system: live ones, and the backlog.

One is open at a time (2.x Part 4, 4.1.1). As long as nothing waits, live requests pass at once, as
the station sends them. Live ones and the backlog take turns: the station waits for an answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from chargeplane.ocpp.frames import Call, CallError, CallResult, write
from chargeplane.ocpp.versions import Version
from chargeplane.station.local_controller.backlog import Backlog, Entry, Lane
from chargeplane.station.local_controller.frames import frame_of

__all__ = ["Live", "Upward"]

LIVE_MAX = 16
"""Live requests that have no answer yet; a station should have one."""
CALL_TIMEOUT_S = 30.0
TRIES_MAX = 5
"""Of a message of the backlog that the central system answers with errors, or not at all."""
RETRY_S = 10.0
"""Before the second try; before each later one so much more (as E13 wants it of stations)."""


@dataclass(frozen=True, slots=True)
class Live:
    """A request of the station that nobody has answered."""

    call: Call
    text: str


class Upward:
    """What goes up. ``out`` has the texts to send."""

    def __init__(self, backlog: Backlog, new_id: Callable[[], str]) -> None:
        """No connection yet; ``new_id`` makes ids that nobody else makes."""
        self.backlog = backlog
        self._new_id = new_id
        self.out: list[str] = []
        self.is_open = False
        """Whether there is a connection to the central system."""
        self.given_up: list[Entry] = []
        """Messages that the central system would not take, until somebody takes them out."""
        self._open: dict[str, Live] = {}
        self._open_until_s = 0.0
        self._waiting: deque[Live] = deque()
        self._again: Entry | None = None
        self._again_until_s = 0.0
        self._pause_until_s = 0.0

    @property
    def deadline_s(self) -> float | None:
        """When ``advance`` is due."""
        if not self.is_open:
            return None
        if self._again is not None:
            return self._again_until_s
        if self._open and (self._waiting or self.backlog):
            return self._open_until_s
        return self._pause_until_s if self.backlog else None

    def opened(self, now_s: float) -> None:
        """There is a connection."""
        self.is_open = True
        self._pause_until_s = now_s
        self._next(now_s)

    def lost(self) -> list[Live]:
        """The connection is gone; the live requests that it has left without an answer."""
        left = [*self._open.values(), *self._waiting]
        self._open.clear()
        self._waiting.clear()
        self.out.clear()
        self.is_open, self._again = False, None
        return left

    def ask(self, live: Live, now_s: float) -> bool:
        """Pass a request on, in its turn; False: too many wait."""
        if self._again is None and not self._waiting:
            self._pass(live, now_s)
            return True
        if len(self._waiting) >= LIVE_MAX:
            return False
        self._waiting.append(live)
        return True

    def tell(self, text: str) -> None:
        """Pass on what wants no turn: an answer, or a SEND."""
        self.out.append(text)

    def answered(self, frame: CallResult | CallError, now_s: float) -> Live | Entry | None:
        """An answer has come: to what. An ``Entry`` is ours to hear, all else is the station's."""
        again = self._again
        if again is not None and again.message_id == frame.message_id:
            self._again = None
            if isinstance(frame, CallError):
                self._rename(again)
                self._failed(again, now_s)
            else:
                self.backlog.remove(again)
            self._next(now_s)
            return again
        live = self._open.pop(frame.message_id, None)
        self._next(now_s)
        return live

    def advance(self, now_s: float) -> None:
        """Give up waiting for answers whose time is over, and send what is due."""
        if self._again is not None and now_s >= self._again_until_s:
            again, self._again = self._again, None
            self._failed(again, now_s)
        if self._open and now_s >= self._open_until_s:
            self._open.clear()  # the station has given up on them, too
        self._next(now_s)

    def _rename(self, entry: Entry) -> None:
        """Under the same id the same refusal would be repeated."""
        call = frame_of(entry.text, Version.V2_1)
        if isinstance(call, Call):
            message_id = self._new_id()
            text = write(2, message_id, call.action, call.payload)
            self.backlog.rename(entry, message_id, text)

    def _failed(self, entry: Entry, now_s: float) -> None:
        entry.tries += 1
        if entry.tries >= TRIES_MAX:
            self.backlog.remove(entry)
            self.given_up.append(entry)
        else:
            self._pause_until_s = now_s + RETRY_S * entry.tries

    def _pass(self, live: Live, now_s: float) -> None:
        if len(self._open) >= LIVE_MAX:
            del self._open[next(iter(self._open))]
        self._open[live.call.message_id] = live
        self._open_until_s = now_s + CALL_TIMEOUT_S
        self.out.append(live.text)

    def _next(self, now_s: float) -> None:
        if not self.is_open or self._again is not None or self._open:
            return
        if self._waiting:
            self._pass(self._waiting.popleft(), now_s)
            return
        entry = self.backlog.first() if now_s >= self._pause_until_s else None
        if entry is not None:
            self._again = entry
            self._again_until_s = now_s + CALL_TIMEOUT_S
            self.out.append(entry.text)

    def has_turn(self, lane: Lane) -> bool:
        """Whether a live message of this lane may pass: nothing waits that must go before it."""
        return lane is not Lane.TRANSACTIONS or not self.backlog.has_transactions
