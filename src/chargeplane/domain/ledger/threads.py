"""Which messages belong together: one thread per transaction.

1. A message with a transaction id belongs to the thread of that id. A 1.x start belongs to the
   thread of its natural key, and of every id that was ever answered to it.
2. A message without an id is loose, and so are all messages of a 1.x id that no start was answered
   with. ``adoption.py`` says which thread takes them.
3. What nobody takes stands alone: by its id if it has one; otherwise an end by itself, and meter
   values by their EVSE and the start before them.
"""

from __future__ import annotations

from chargeplane.domain.ledger.adoption import Turns
from chargeplane.domain.ledger.messages import Message, Thread

__all__ = ["loose_of", "threads_of"]


def threads_of(messages: list[Message]) -> list[Thread]:
    """All threads of one station, from its messages in the order of the clock."""
    known, loose = _sorted_out(messages)
    turns = Turns(known.values())
    homeless = turns.adopt(loose)
    for unit in homeless:
        key = _orphan_key(unit, turns)
        thread = known.setdefault(key, Thread(key, unit[0].entry.family, orphan=True))
        for message in unit:
            thread.take(message)
    return list(known.values())


def loose_of(messages: list[Message]) -> list[list[Message]]:
    """The messages that no id ties to a thread, those of one unknown id together."""
    return _sorted_out(messages)[1]


def _sorted_out(messages: list[Message]) -> tuple[dict[str, Thread], list[list[Message]]]:
    names = _names_of_starts(messages)
    threads: dict[str, Thread] = {}
    loose: list[list[Message]] = []
    for message in messages:
        name = _name(message, names)
        if name is None:
            loose.append([message])
        else:
            if name not in threads:
                threads[name] = Thread(name, message.entry.family)
            threads[name].take(message)
    strange = [each for each in threads.values() if each.family == 1 and not each.starts]
    for thread in strange:
        del threads[thread.key]
    return threads, loose + [each.messages for each in strange]


def _names_of_starts(messages: list[Message]) -> dict[str, str]:
    """The thread of each 1.x start, by its natural key and by every id that was answered to it."""
    starts: dict[str, list[Message]] = {}
    for message in messages:
        if message.is_start and message.entry.family == 1:
            starts.setdefault(message.entry.key, []).append(message)
    names: dict[str, str] = {}
    for key, those in starts.items():
        copies = [copy for message in those for copy in message.copies if copy.known_id]
        copies.sort(key=lambda each: (each.received_at, each.frame_id))
        ids = [copy.known_id for copy in copies]
        name = names[key] = f"1:{ids[0]}" if ids else f"1:{key}"
        for each in ids:
            names.setdefault(f"1:{each}", name)
    return names


def _name(message: Message, names: dict[str, str]) -> str | None:
    entry = message.entry
    if entry.family == 1 and message.is_start:
        return names[entry.key]
    if entry.known_id is None:
        return None
    name = f"{entry.family}:{entry.known_id}"
    return names.get(name, name)


def _orphan_key(unit: list[Message], turns: Turns) -> str:
    message = unit[0]
    entry = message.entry
    if entry.known_id is not None:
        return f"{entry.family}:{entry.known_id}"
    if message.is_end or message.is_start:
        return f"orphan:{entry.key}/{entry.content_hash}"
    evse_id = entry.known_evse.evse_id if entry.known_evse else 0
    before = turns.at(evse_id, message.at)
    return f"orphan:{evse_id}/{before.key if before else ''}"
