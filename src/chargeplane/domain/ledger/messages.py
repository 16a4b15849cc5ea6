"""From entries to messages: repetitions are put together, and each message gets its place in time.

The order of arrival of the *repetitions* never matters. The first arrival stands for all, which is
a fact that later repetitions cannot change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger.entry import EntryKind, LedgerEntry
from chargeplane.domain.times import moment

__all__ = ["Message", "Thread", "messages_of"]


class Message(Struct, gc=False):
    """One thing a station said, however often it said it."""

    entry: LedgerEntry
    copies: list[LedgerEntry]
    at: datetime
    by_station: bool

    @property
    def frame_id(self) -> str:
        return self.entry.frame_id

    @property
    def is_start(self) -> bool:
        return self.entry.kind is EntryKind.STARTED

    @property
    def is_end(self) -> bool:
        return self.entry.kind is EntryKind.ENDED

    @property
    def by_arrival(self) -> tuple[datetime, str, str]:
        """A total order: arrival, then content, then frame."""
        return self.entry.received_at, self.entry.content_hash, self.entry.frame_id

    @property
    def by_number(self) -> tuple[int, datetime, str, str]:
        """The order of 2.x; numbers that repeat are ordered by arrival. Arrival alone in 1.x."""
        number = self.entry.seq_no if self.entry.family == 2 else None
        return -1 if number is None else number, *self.by_arrival

    @property
    def by_clock(self) -> tuple[datetime, datetime, str, str]:
        """The order of the station's clock."""
        return self.at, *self.by_arrival


@dataclass(slots=True, eq=False)
class Thread:
    """The messages of one transaction. ``key`` names it among those of its station.

    ``starts`` and ``ends`` have the one that counts first.
    """

    key: str
    family: int
    messages: list[Message] = field(default_factory=list)
    starts: list[Message] = field(default_factory=list)
    ends: list[Message] = field(default_factory=list)
    adopted: list[Message] = field(default_factory=list)
    orphan: bool = False

    def take(self, message: Message) -> None:
        """Add a message."""
        self.messages.append(message)
        for wanted, those in ((message.is_start, self.starts), (message.is_end, self.ends)):
            if wanted:
                those.append(message)
                those.sort(key=lambda each: each.by_number)

    @property
    def is_named(self) -> bool:
        """True if the station has used its id after the start, and so knows it."""
        return any(each.entry.known_id and not each.is_start for each in self.messages)

    @property
    def first(self) -> Message:
        """Its start, or its first message."""
        return self.starts[0] if self.starts else min(self.messages, key=lambda m: m.by_clock)

    @property
    def evse(self) -> EvseAddress | None:
        """Where it is: what the start says, else the first message that says it."""
        if found := self.first.entry.known_evse:
            return found
        said = [m for m in self.messages if m.entry.known_evse]
        return min(said, key=lambda m: m.by_number).entry.known_evse if said else None


def messages_of(entries: Iterable[LedgerEntry]) -> list[Message]:
    """The messages of one station. An entry given twice, as after a restart, is one entry."""
    frames: dict[str, LedgerEntry] = {}
    for entry in entries:
        frames.setdefault(entry.frame_id, entry)
    said: dict[tuple[str, str], list[LedgerEntry]] = {}
    for entry in frames.values():
        said.setdefault((entry.key, entry.content_hash), []).append(entry)
    messages = []
    for copies in said.values():
        if len(copies) > 1:
            copies.sort(key=lambda each: (each.received_at, each.frame_id))
        first = copies[0]
        at, by_station = moment(first.reported_at, first.received_at)
        messages.append(Message(first, copies, at, by_station))
    messages.sort(key=lambda each: each.by_clock)
    return messages
