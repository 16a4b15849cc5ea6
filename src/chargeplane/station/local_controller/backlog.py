"""What a station said while the central system was away, until that one has answered it.

Transaction messages are never lost: when there is no room for one more, the station keeps it. Of
all other messages the oldest go first, and of the status of a connector only the newest stays. What
waits lies in a memory, so that a new program with the same file goes on with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from msgspec import Struct

from chargeplane.station.memory import Memory

__all__ = ["TRANSACTIONS_MAX", "Backlog", "Entry", "Lane"]

TRANSACTIONS_MAX = 10_000
OTHERS_MAX = 500


class Lane(IntEnum):
    """In which order things go: a lower lane before a higher one."""

    BOOT = 0
    """A central system hears of a restart before it hears what came after it."""
    TRANSACTIONS = 1
    OTHERS = 2


class _Kept(Struct):
    """An entry as it lies in the memory."""

    lane: int
    text: str
    message_id: str
    place: str


@dataclass(slots=True, eq=False)
class Entry:
    """One request of the station, word for word."""

    number: int
    lane: Lane
    message_id: str
    text: str
    place: str = ""
    """What a newer one replaces, such as the status of a connector; empty: nothing."""
    tries: int = 0


class Backlog:
    """Of one station. Numbers go up as messages come, so each lane keeps its order."""

    def __init__(
        self,
        memory: Memory,
        identity: str,
        *,
        transactions_max: int = TRANSACTIONS_MAX,
        others_max: int = OTHERS_MAX,
    ) -> None:
        """Go on with what lies in the memory.

        Raises:
            MemoryFault: it holds something else.
        """
        self._memory = memory
        self._drawer = f"backlog {identity}"
        self._max = {Lane.BOOT: 1, Lane.TRANSACTIONS: transactions_max, Lane.OTHERS: others_max}
        self._lanes: dict[Lane, dict[int, Entry]] = {lane: {} for lane in Lane}
        self._by_id: dict[str, Entry] = {}
        self._last = 0
        self.dropped = 0
        """Messages that are lost, none of them of a transaction."""
        for key, kept in memory.take_all(self._drawer, _Kept).items():
            self._last, lane = int(key), Lane(kept.lane)
            self._add(Entry(self._last, lane, kept.message_id, kept.text, kept.place))

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    @property
    def has_transactions(self) -> bool:
        """Whether a transaction message must wait for its turn."""
        return bool(self._lanes[Lane.TRANSACTIONS])

    def put(self, lane: Lane, message_id: str, text: str, place: str = "") -> bool:
        """Keep a message, once; False: it is one of a transaction, and there is no room."""
        known = self._by_id.get(message_id)
        if known is not None and known.text == text:
            return True  # the station has not heard that it was heard
        waiting = self._lanes[lane]
        for old in [each for each in waiting.values() if place and each.place == place]:
            self.remove(old)
        if len(waiting) >= self._max[lane]:
            if lane is Lane.TRANSACTIONS:
                return False
            self.remove(next(iter(waiting.values())))
            self.dropped += lane is Lane.OTHERS
        self._last += 1
        entry = Entry(self._last, lane, message_id, text, place)
        self._add(entry)
        self._keep(entry)
        return True

    def _keep(self, entry: Entry) -> None:
        kept = _Kept(int(entry.lane), entry.text, entry.message_id, entry.place)
        self._memory.put(self._drawer, _key(entry.number), kept)

    def _add(self, entry: Entry) -> None:
        self._lanes[entry.lane][entry.number] = entry
        self._by_id[entry.message_id] = entry

    def first(self) -> Entry | None:
        """What goes next."""
        return next((each for lane in Lane for each in self._lanes[lane].values()), None)

    def remove(self, entry: Entry) -> None:
        """It is answered, or replaced."""
        if self._lanes[entry.lane].pop(entry.number, None) is not None:
            self._memory.drop(self._drawer, _key(entry.number))
            if self._by_id.get(entry.message_id) is entry:
                del self._by_id[entry.message_id]

    def rename(self, entry: Entry, message_id: str, text: str) -> None:
        """It travels under another id from now on."""
        self._by_id.pop(entry.message_id, None)
        entry.message_id, entry.text = message_id, text
        self._add(entry)
        self._keep(entry)

    def forget_boot(self) -> None:
        """The station has booted again, and says so itself."""
        for entry in list(self._lanes[Lane.BOOT].values()):
            self.remove(entry)


def _key(number: int) -> str:
    return f"{number:012}"
