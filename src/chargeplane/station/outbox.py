"""Transaction messages on their way: in order, kept while offline, tried again, never overtaken.

1.6 section 3.7, 2.x E04 and E13: one message is under way at a time; one that fails is
tried again after interval x (number of tries); after the last try it is dropped and the next goes.
A message is made when it is sent, so that a 1.x transaction id that came meanwhile is in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from chargeplane.ocpp.wire import Request
from chargeplane.station.conversation import Outcome, Unanswered
from chargeplane.station.signals import MessageDropped

if TYPE_CHECKING:
    from chargeplane.station.hub import Hub

__all__ = ["Entry", "Outbox"]

ENTRIES_MAX = 10_000
_RETRY = "outbox retry"


def _nothing(_outcome: Outcome) -> None:
    """Nobody waits for the answer."""


@dataclass(slots=True, eq=False)
class Entry:
    """One message."""

    name: str
    """Its action, for people."""
    build: Callable[[], Request]
    ended: Callable[[Outcome], None] = _nothing
    """Told the answer, or that the message was given up."""
    droppable: bool = False
    """Whether it may go first when the queue is full: a sample in the middle of a transaction."""
    transaction_id: str = ""
    """Ours, of the transaction that it tells of."""
    tries: int = 0
    message_id: str | None = None
    """Kept over the tries, so that the central system knows a repetition (errata 2024-09)."""


class Outbox:
    """The queue. Kept over restarts of the station, as if on a disk."""

    def __init__(self, hub: Hub, entries_max: int = ENTRIES_MAX) -> None:
        self._hub = hub
        self._entries: deque[Entry] = deque()
        self._under_way: Entry | None = None
        self._entries_max = entries_max

    def __len__(self) -> int:
        return len(self._entries)

    def has(self, transaction_id: str | None = None) -> bool:
        """Whether messages wait, of this transaction or at all."""
        return any(transaction_id in {None, each.transaction_id} for each in self._entries)

    def put(self, entry: Entry) -> None:
        """Send in turn."""
        if len(self._entries) >= self._entries_max:
            self._make_room()
        self._entries.append(entry)
        self.pump()

    def pump(self) -> None:
        """Send the next message, if that is possible now."""
        while self._hub.is_online and self._under_way is None and self._entries:
            if _RETRY in self._hub.timers:
                return
            entry = self._entries[0]
            request = self._hub.conversation.lowered(entry.build())
            if request is None:  # the version has no word for it
                self._entries.popleft()
                continue
            self._under_way = entry
            entry.message_id = self._hub.conversation.call(
                request,
                self._hub.now_s,
                partial(self._done, entry),
                entry.message_id,
            )

    def wake(self) -> None:
        """There is a connection again: what waits for its next try need not wait any longer."""
        self._hub.timers.drop(_RETRY)
        self.pump()

    def _done(self, entry: Entry, outcome: Outcome) -> None:
        self._under_way = None
        failed = isinstance(outcome, Unanswered)
        if failed and not self._hub.is_online:
            return  # the connection is gone; the message stays the first
        entry.tries += 1
        if failed and entry.tries < self._number("MessageAttempts"):
            if outcome is Unanswered.REFUSED:
                entry.message_id = None  # or the same refusal would be repeated
            delay_s = self._number("MessageAttemptInterval") * entry.tries
            self._hub.timers.set(_RETRY, self._hub.now_s + delay_s, self.pump)
            return
        self._entries.popleft()
        if failed:
            self._hub.tell(MessageDropped(entry.name))
        entry.ended(outcome)
        self.pump()

    def _make_room(self) -> None:
        candidates = (each for each in self._entries if each.droppable)
        victim = next((each for each in candidates if each is not self._under_way), None)
        if victim is None:
            victim = self._entries[1 if self._under_way else 0]
        self._entries.remove(victim)
        self._hub.tell(MessageDropped(victim.name))

    def _number(self, variable: str) -> float:
        return self._hub.variables.number("OCPPCommCtrlr", variable, "TransactionEvent")
