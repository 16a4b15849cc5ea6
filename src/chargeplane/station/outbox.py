"""Transaction messages on their way: in order, kept while offline, tried again, never overtaken.

1.6 section 3.7, 2.x E04 and E13: one message is under way at a time; one that fails is
tried again after interval x (number of tries); after the last try it is dropped and the next goes.
A message is finished when it is sent, so that a 1.x transaction id that came meanwhile is in it.
What waits lies in the memory of the station, so a reboot or a new process goes on with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from msgspec import Raw, Struct

from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.codec import decode, encode_unchecked
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.station.conversation import Conversation, Outcome, Unanswered
from chargeplane.station.device_model.variables import Variables
from chargeplane.station.memory import Memory, MemoryFault
from chargeplane.station.signals import MessageDropped, Signal
from chargeplane.station.timers import Timers

__all__ = ["Entry", "Outbox", "Sender"]

ENTRIES_MAX = 10_000
_RETRY = "outbox retry"
_DRAWER = "outbox"

R = TypeVar("R", bound=Request)


@dataclass(slots=True, eq=False)
class Entry:
    """One message, in the newest version of the family."""

    request: Request
    transaction_id: str = ""
    """Ours, of the transaction that it tells of."""
    droppable: bool = False
    """Whether it may go first when the queue is full: a sample in the middle of a transaction."""
    tries: int = 0
    message_id: str | None = None
    """Kept over the tries, so that the central system knows a repetition (errata 2024-09)."""
    number: int = 0
    """Of all that were ever put in; their order."""
    payload: bytes = b""
    """The request as it lies in the memory; empty before it does."""

    @property
    def name(self) -> str:
        """Its action, for people."""
        return type(self.request).__name__.removesuffix("Request")


class _Kept(Struct, omit_defaults=True):
    """An entry as it lies in the memory."""

    action: str
    payload: Raw
    transaction_id: str = ""
    droppable: bool = False
    tries: int = 0
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    """How messages of one action are finished, and who hears of their end."""

    finished: Callable[[Entry], Request] = lambda entry: entry.request
    ended: Callable[[Entry, Outcome], None] = lambda _entry, _outcome: None


class Sender(Protocol):
    """Whose messages these are: a station's hub is one."""

    family: Version
    now_s: float
    conversation: Conversation
    memory: Memory
    timers: Timers
    variables: Variables

    @property
    def is_online(self) -> bool:
        """Whether everything may be sent."""
        ...

    def tell(self, signal: Signal) -> None:
        """Something happened."""
        ...


class Outbox:
    """The queue."""

    def __init__(self, sender: Sender, entries_max: int = ENTRIES_MAX) -> None:
        self._sender = sender
        self._entries: deque[Entry] = deque()
        self._under_way: Entry | None = None
        self._entries_max = entries_max
        self._ways: dict[type[Request], _Way] = {}
        self._last = 0
        self._recall()

    def __len__(self) -> int:
        return len(self._entries)

    def has(self, transaction_id: str | None = None) -> bool:
        """Whether messages wait, of this transaction or at all."""
        return any(transaction_id in {None, each.transaction_id} for each in self._entries)

    def transaction_ids(self) -> set[str]:
        """The transactions of which messages wait."""
        return {each.transaction_id for each in self._entries}

    def carries(
        self,
        action: type[R],
        ended: Callable[[Entry, Outcome], None],
        finished: Callable[[Entry], Request] | None = None,
    ) -> None:
        """Say how messages of one action travel.

        Args:
            action: the request, in the newest version of the family.
            ended: told the answer, or that the message was given up.
            finished: called whenever the message is sent: what is really sent.
        """
        self._ways[action] = _Way(finished or _Way().finished, ended)

    def put(self, entry: Entry) -> None:
        """Send in turn."""
        if len(self._entries) >= self._entries_max:
            self._make_room()
        self._last += 1
        entry.number = self._last
        self._entries.append(entry)
        self.pump()  # which keeps what it sends
        if not entry.payload and self._entries and self._entries[-1] is entry:
            self._keep(entry)

    def pump(self) -> None:
        """Send the next message, if that is possible now."""
        while self._sender.is_online and self._under_way is None and self._entries:
            if _RETRY in self._sender.timers:
                return
            entry = self._entries[0]
            finished = self._way(entry).finished(entry)
            request = self._sender.conversation.lowered(finished)
            if request is None:  # the version has no word for it
                self._remove(entry)
                continue
            self._under_way = entry
            entry.message_id = self._sender.conversation.call(
                request,
                self._sender.now_s,
                partial(self._done, entry),
                entry.message_id,
            )
            self._keep(entry)

    def wake(self) -> None:
        """There is a connection again: what waits for its next try need not wait any longer."""
        self._sender.timers.drop(_RETRY)
        self.pump()

    def _done(self, entry: Entry, outcome: Outcome) -> None:
        self._under_way = None
        failed = isinstance(outcome, Unanswered)
        if failed and not self._sender.is_online:
            return  # the connection is gone; the message stays the first
        entry.tries += 1
        if failed and entry.tries < self._number("MessageAttempts"):
            if outcome is Unanswered.REFUSED:
                entry.message_id = None  # or the same refusal would be repeated
            delay_s = self._number("MessageAttemptInterval") * entry.tries
            self._sender.timers.set(_RETRY, self._sender.now_s + delay_s, self.pump)
            self._keep(entry)
            return
        self._remove(entry)
        if failed:
            self._sender.tell(MessageDropped(entry.name))
        self._way(entry).ended(entry, outcome)
        self.pump()

    def _make_room(self) -> None:
        candidates = (each for each in self._entries if each.droppable)
        victim = next((each for each in candidates if each is not self._under_way), None)
        if victim is None:
            victim = self._entries[1 if self._under_way else 0]
        self._remove(victim)
        self._sender.tell(MessageDropped(victim.name))

    def _remove(self, entry: Entry) -> None:
        self._entries.remove(entry)
        self._sender.memory.drop(_DRAWER, _key(entry.number))

    def _way(self, entry: Entry) -> _Way:
        return self._ways.get(type(entry.request)) or _Way()

    def _number(self, variable: str) -> float:
        return self._sender.variables.number("OCPPCommCtrlr", variable, "TransactionEvent")

    # The memory.

    def _keep(self, entry: Entry) -> None:
        entry.payload = entry.payload or encode_unchecked(entry.request)
        kept = _Kept(
            entry.name,
            Raw(entry.payload),
            entry.transaction_id,
            entry.droppable,
            entry.tries,
            entry.message_id,
        )
        self._sender.memory.put(_DRAWER, _key(entry.number), kept)

    def _recall(self) -> None:
        for key, kept in self._sender.memory.take_all(_DRAWER, _Kept).items():
            self._last = int(key)
            self._entries.append(
                Entry(
                    _request(self._sender.family, kept),
                    kept.transaction_id,
                    kept.droppable,
                    kept.tries,
                    kept.message_id,
                    self._last,
                )
            )


def _key(number: int) -> str:
    return f"{number:012}"


def _request(family: Version, kept: _Kept) -> Any:
    action = find(family, kept.action)
    if action is None:
        raise MemoryFault(f"a message {kept.action} is remembered, which {family} has not")
    return decode(action.request, kept.payload)
