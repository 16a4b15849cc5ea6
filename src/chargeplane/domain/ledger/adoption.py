"""Whose are the messages that name no known transaction?

Stations that began offline report the end of transaction -1; others send 0, or the largest integer
there is. Such loose messages are taken by the thread whose turn it was on the EVSE:

* **An end** goes to a thread that was started before it and has no end. Its connector is not in the
  message, so what it tells of its own begin decides first, then the id token, then whether the
  meter fits, then whether the thread was the last one started on its EVSE, then how little the
  meter has risen, then which was started last. An end that says neither token nor EVSE nor begin is
  taken only if on exactly one EVSE the last thread is open.
* **A meter value** goes to the last thread started on its EVSE before it, unless that ended long
  ago. One that names no EVSE goes to nobody: it may be the main meter's.

A message with an id of its own that no start was answered with goes to no thread that the station
has called by its right id: who knows the name does not use another.

Starts, ends, loose messages and threads without an end decide, and never the meter values of the
others, so that one transaction can be folded without reading all of them (``folding.scope``).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from chargeplane.domain.ledger.messages import Message, Thread
from chargeplane.domain.ledger.registers import boundary_wh
from chargeplane.domain.metering import BEGIN, END
from chargeplane.domain.tokens import IdToken

__all__ = ["AFTER_END_S_MAX", "TURNS_BACK_MAX", "Turns"]

# A meter value may come this long after the end and still belong to the transaction.
AFTER_END_S_MAX: Final = 600
# So many transactions back on an EVSE is one looked for that an end without an id may be of.
TURNS_BACK_MAX: Final = 20
_AFTER_END = timedelta(seconds=AFTER_END_S_MAX)
_NEVER = Decimal("Infinity")


class _Candidate(NamedTuple):
    thread: Thread
    is_last: bool
    begin_fits: bool
    token_fits: bool | None
    rise_wh: Decimal

    @property
    def rank(self) -> tuple[bool, bool, bool, bool, Decimal]:
        odd = self.rise_wh == _NEVER
        return not self.begin_fits, not self.token_fits, odd, not self.is_last, self.rise_wh


class Turns:
    """The threads of one station in the order of their starts, per EVSE."""

    def __init__(self, threads: Iterable[Thread]) -> None:
        self._threads: dict[int, list[Thread]] = {}
        self._places: dict[str, int] = {}
        self._without_start: dict[int | None, list[datetime]] = {}
        for thread in sorted(threads, key=lambda each: each.first.by_clock):
            evse = thread.evse
            if not thread.starts:
                evse_id = evse.evse_id if evse else None
                self._without_start.setdefault(evse_id, []).append(thread.first.at)
            elif evse:
                row = self._threads.setdefault(evse.evse_id, [])
                self._places[thread.key] = len(row)
                row.append(thread)
        self._times = {
            evse_id: [thread.starts[0].at for thread in threads]
            for evse_id, threads in self._threads.items()
        }

    def at(self, evse_id: int, at: datetime) -> Thread | None:
        """Whose turn it was."""
        index = bisect_right(self._times.get(evse_id, []), at)
        return self._threads[evse_id][index - 1] if index else None

    def after(self, thread: Thread) -> Thread | None:
        """Who started next on the same EVSE."""
        evse = thread.evse
        if evse is None:
            return None
        if thread.starts:
            threads = self._threads[evse.evse_id]
            index = self._places[thread.key] + 1
        else:
            threads = self._threads.get(evse.evse_id, [])
            index = bisect_right(self._times.get(evse.evse_id, []), thread.first.at)
        return threads[index] if index < len(threads) else None

    def runs_alone(self, thread: Thread, following: Message) -> bool:
        """False if a thread without a start may have used the EVSE before the next start on it."""
        evse = thread.evse
        between = 0 if thread.starts else -1
        for evse_id in (evse.evse_id if evse else None, None):
            times = self._without_start.get(evse_id, [])
            between += bisect_right(times, following.at) - bisect_left(times, thread.first.at)
        return between <= 0

    def adopt(self, loose: list[list[Message]]) -> list[list[Message]]:
        """Give loose messages to threads; what is left over is returned."""
        homeless = []
        for unit in sorted(loose, key=_ends_first):
            thread = self._taker(unit)
            if thread is None:
                homeless.append(unit)
                continue
            for message in unit:
                thread.take(message)
                thread.adopted.append(message)
        return homeless

    def _taker(self, unit: list[Message]) -> Thread | None:
        family = unit[0].entry.family
        has_id = unit[0].entry.known_id is not None
        evse = next((m.entry.known_evse for m in unit if m.entry.known_evse), None)
        end = next((message for message in unit if message.is_end), None)
        if end is None:
            thread = self.at(evse.evse_id, unit[0].at) if evse else None
            if thread is None or thread.family != family or _long_over(thread, unit[0].at):
                return None
            return None if has_id and thread.is_named else thread
        token = next((m.entry.id_token for m in unit if m.entry.id_token), None)
        evse_ids = [evse.evse_id] if evse else sorted(self._threads)
        can = [
            candidate
            for evse_id in evse_ids
            for candidate in self._open(evse_id, end, unit[0].at, token)
            if candidate.thread.family == family and not (has_id and candidate.thread.is_named)
        ]
        lasts = sum(each.is_last for each in can)
        can = [each for each in can if _may_take(each, evse is not None, lasts)]
        return min(can, key=lambda each: each.rank).thread if can else None

    def _open(
        self, evse_id: int, end: Message, at: datetime, token: IdToken | None
    ) -> Iterator[_Candidate]:
        """The threads without an end that were started before, the last one first."""
        index = bisect_right(self._times.get(evse_id, []), at)
        stop_wh = boundary_wh(end.entry, END)
        for place in range(index - 1, max(index - 1 - TURNS_BACK_MAX, -1), -1):
            thread = self._threads[evse_id][place]
            if thread.ends:
                continue
            start = thread.starts[0].entry
            start_wh = boundary_wh(start, BEGIN)
            rise_wh = _NEVER
            if start_wh is not None and stop_wh is not None and stop_wh >= start_wh:
                rise_wh = stop_wh - start_wh
            fits = None
            if token is not None and token.is_known and start.id_token is not None:
                fits = token.same_as(start.id_token)
            yield _Candidate(thread, place == index - 1, _begins(end, thread), fits, rise_wh)


def _begins(end: Message, thread: Thread) -> bool:
    """Whether an end tells of the very begin that a thread was started with."""
    start = thread.starts[0].entry
    begin_wh = boundary_wh(end.entry, BEGIN)
    return (
        begin_wh is not None
        and begin_wh == boundary_wh(start, BEGIN)
        and any(
            each.context == BEGIN and each.sampled_at == start.reported_at
            for each in end.entry.meter_values
        )
    )


def _ends_first(unit: list[Message]) -> tuple[bool, datetime, datetime, str, str]:
    return not any(message.is_end for message in unit), *unit[0].by_clock


def _long_over(thread: Thread, at: datetime) -> bool:
    return bool(thread.ends) and at > thread.ends[0].at + _AFTER_END


def _may_take(candidate: _Candidate, evse_is_known: bool, lasts: int) -> bool:
    """Begin or token vouch for a thread, else its being the only last one of an EVSE."""
    if candidate.begin_fits or candidate.token_fits:
        return True
    if evse_is_known:
        # Another token of the group may end what this one began.
        return candidate.is_last
    return candidate.token_fits is None and candidate.is_last and lasts == 1
