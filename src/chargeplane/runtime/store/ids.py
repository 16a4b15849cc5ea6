"""Ids of our own making: UUIDv7, which sort by the time of their creation (RFC 9562, 5.7).

The 12 bits after the milliseconds hold the fraction of the millisecond (RFC 9562, 6.2, method 3),
and the last value plus one where the clock has not moved on or has gone back. So the ids of one
process always rise. A computer without a battery clock may start in the past; ``continue_after``
the newest id in the database keeps the order across such a restart.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, SafeUUID

__all__ = ["Ids", "id_at", "later_than", "new_id", "time_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION = 7 << 76
_VARIANT = 0b10 << 62
_REST = (1 << 62) - 1
_UNKNOWN = SafeUUID.unknown
_bare = object.__new__
_set = object.__setattr__
_DRAWN_AT_ONCE = 512
_NS_PER_MS = 1_000_000
_MICROSECOND = timedelta(microseconds=1)


_forks = 0
"""How many forks lie between the first process and this one."""


def _forked() -> None:
    global _forks  # noqa: PLW0603 - a fact of the process
    _forks += 1


os.register_at_fork(after_in_child=_forked)


class Ids:
    """A source of rising ids. Any thread may draw from it."""

    def __init__(
        self,
        time_ns: Callable[[], int] = time.time_ns,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Args: the clock, and where chance comes from."""
        self._time_ns = time_ns
        self._random_bytes = random_bytes
        self._lock = threading.Lock()
        self._last = 0
        self._forks = _forks
        self._random: Iterator[int] = iter(())

    def new(self) -> UUID:
        """An id greater than all before."""
        tick = (self._time_ns() << 12) // _NS_PER_MS
        with self._lock:
            if tick <= self._last:
                tick = self._last + 1
            self._last = tick
            return _uuid(tick, self._chance() >> 2)

    def begin_anew(
        self,
        time_ns: Callable[[], int] = time.time_ns,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Draw from other sources, and forget all ids before.

        For a simulation that shall be repeated, with a new database each time: the same sources
        give the same ids again.
        """
        with self._lock:
            self._time_ns, self._random_bytes = time_ns, random_bytes
            self._last, self._random = 0, iter(())

    def continue_after(self, known: UUID) -> None:
        """From now on every id is greater than ``known`` too."""
        with self._lock:
            self._last = max(self._last, _tick(known))

    def _chance(self) -> int:
        """64 random bits. Asking the system for a few costs as much as asking it for many."""
        if self._forks == _forks:  # a forked child must not repeat its parent's
            for bits in self._random:
                return bits
        self._forks = _forks
        self._random = iter(array("Q", self._random_bytes(8 * _DRAWN_AT_ONCE)))
        return next(self._random)


def id_at(moment: datetime) -> UUID:
    """The smallest id of that millisecond: ids before it were made before it."""
    return _uuid((moment - _EPOCH) // timedelta(milliseconds=1) << 12, 0)


def later_than(made: UUID, by: timedelta) -> UUID:
    """The id of what followed ``made`` so much later: always the same one, and greater."""
    ticks = max(1, (by // _MICROSECOND << 12) // 1_000)
    return _uuid(_tick(made) + ticks, made.int & _REST)


def time_of(made: UUID) -> datetime:
    """When an id was made, to the millisecond."""
    return _EPOCH + timedelta(milliseconds=made.int >> 80)


def _uuid(tick: int, rest: int) -> UUID:
    number = (tick >> 12) << 80 | _VERSION | (tick & 0xFFF) << 64 | _VARIANT | rest
    # What ``UUID(int=number)`` does, without looking at the arguments that are not given: ids are
    # made several times for each message.
    made = _bare(UUID)
    _set(made, "int", number)
    _set(made, "is_safe", _UNKNOWN)
    return made


def _tick(made: UUID) -> int:
    return made.int >> 80 << 12 | made.int >> 64 & 0xFFF


OURS = Ids()
"""The source of this process."""

new_id = OURS.new
