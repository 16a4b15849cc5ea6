"""One view of one tenant: which rows somebody sees, and which of them have changed.

Who is limited to some sites shares feeds with those alone who are limited to the same. All that
such a feed is told comes from a reading that kept to the sites.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from uuid import UUID

import msgspec
from msgspec import Struct

from chargeplane.domain.events import Event
from chargeplane.runtime.rest import Problem, Sites, View
from chargeplane.runtime.store import StoreError
from chargeplane.web.live.feed import Feed

__all__ = ["PAGES_AT_ONCE_MAX", "ROWS_AT_ONCE_MAX", "Group"]

_log = logging.getLogger(__name__)
ROWS_AT_ONCE_MAX = 1_000
"""Of one reading; what is marked beyond them waits for the next turn."""
PAGES_AT_ONCE_MAX = 8
"""Pages of one view that are read at the same time."""

_encode = msgspec.json.Encoder().encode


class Group:
    """The feeds of one view of one tenant, for those who may see these sites."""

    def __init__(self, view: View, tenant_id: UUID, sites: Sites = None) -> None:
        self.view = view
        self.tenant_id = tenant_id
        self.sites = sites
        self.feeds: dict[bytes, Feed] = {}
        """By their parameters."""
        self._shown: dict[str, list[Feed]] = {}
        self._values: dict[str, Struct] = {}
        self._changed: set[str] = set()
        self._fresher: set[str] = set()
        self._is_reshaped = False
        self._is_stirred = False
        self._reading_count = 0
        self._heard: set[str] = set()
        """What was heard while a page was being read, which may or may not be in that page."""
        self._room = asyncio.Semaphore(PAGES_AT_ONCE_MAX)

    def hear(self, event: Event) -> None:
        """Mark what an event changes. Called for every event; it must be quick."""
        kind, view = type(event), self.view
        key_of = view.keys.get(kind)
        if key_of is not None:
            key = key_of(event)
            is_light = kind in view.light
            if key in self._shown:
                # A row that has left the sites meanwhile must not be told of again: it is read.
                is_kept = is_light and self.sites is None
                (self._fresher if is_kept else self._changed).add(key)
            if self._reading_count:
                self._heard.add(key)
            if not is_light:
                self._is_stirred = True
        if kind in view.reshapes:
            self._is_reshaped = True

    def reshape(self) -> None:
        """Read all pages again: something has changed without an event."""
        self._is_reshaped = True

    # Feeds ------------------------------------------------------------------------------------

    async def read(self, feed: Feed, now_s: float) -> None:
        """Read the page of a feed.

        Raises:
            Problem: the view refuses.
            StoreError: the database is away.
        """
        self._reading_count += 1
        feed.is_stale = False
        feed.read_at_s = now_s
        try:
            async with self._room:
                answer = await self.view.read(self.tenant_id, feed.parameters, self.sites)
        finally:
            self._reading_count -= 1
            heard = self._heard
            if not self._reading_count:
                self._heard = set()
        self._hide(feed)
        self._values |= feed.take(answer)
        for key in feed.keys:
            self._shown.setdefault(key, []).append(feed)
        self._changed |= heard & self._shown.keys()

    def drop(self, feed: Feed) -> None:
        """Nobody sees a feed any more."""
        self._hide(feed)
        for parameters, each in [*self.feeds.items()]:
            if each is feed:
                del self.feeds[parameters]

    def _hide(self, feed: Feed) -> None:
        for key in feed.keys:
            feeds = self._shown.get(key, [])
            if feed in feeds:
                feeds.remove(feed)
            if not feeds:
                self._shown.pop(key, None)
                self._values.pop(key, None)

    # Turns ------------------------------------------------------------------------------------

    async def turn(self, now_s: float) -> None:
        """Read what has changed, and tell those who see it."""
        is_reshaped, self._is_reshaped = self._is_reshaped, False
        is_stirred, self._is_stirred = self._is_stirred, False
        for feed in self.feeds.values():
            feed.is_stale |= is_reshaped or (is_stirred and feed.is_volatile)
        await self._renew_rows()
        due = [feed for feed in self.feeds.values() if self._is_due(feed, now_s)]
        await asyncio.gather(*(self._renew(feed, now_s) for feed in due))
        for feed in [*self.feeds.values()]:
            if feed.is_loaded:
                feed.flush()

    def _is_due(self, feed: Feed, now_s: float) -> bool:
        if not feed.is_loaded:
            return False
        rested_s = now_s - feed.read_at_s
        # Nothing is said exactly on time: a turn that comes a moment early is on time as well.
        return rested_s + 0.001 >= (self.view.pause_s if feed.is_stale else self.view.refresh_s)

    async def _renew(self, feed: Feed, now_s: float) -> None:
        try:
            await self.read(feed, now_s)
        except StoreError as error:
            _log.warning("the view %s is not renewed for now: %s", self.view.name, error)
            feed.is_stale = True
        except Problem as problem:
            self.end(feed, problem)

    def end(self, feed: Feed, problem: Problem) -> None:
        """A feed cannot go on; its subscribers are told why."""
        self.drop(feed)
        for subscriber in tuple(feed.subscribers):
            subscriber.broken(problem)

    async def _renew_rows(self) -> None:
        changed, self._changed = self._changed, set()
        fresher, self._fresher = self._fresher - changed, set()
        if self.view.freshen is not None:
            for key in fresher:
                if (value := self._values.get(key)) is not None:
                    self._show(key, self.view.freshen(self.tenant_id, value))
        if not changed:
            return
        if self.view.rows is None:
            self._mark(changed)
            return
        keys = [*changed]
        self._changed.update(keys[ROWS_AT_ONCE_MAX:])
        keys = keys[:ROWS_AT_ONCE_MAX]
        try:
            found = await self.view.rows(self.tenant_id, keys, self.sites)
        except StoreError as error:
            _log.warning("rows of the view %s wait: %s", self.view.name, error)
            self._changed.update(keys)
            return
        for key, value in found.items():
            self._show(key, value)
        self._mark([key for key in keys if key not in found])

    def _show(self, key: str, value: Struct) -> None:
        feeds = self._shown.get(key)
        if feeds:
            self._values[key] = value
            row = _encode(value)
            for feed in feeds:
                feed.put(key, row)

    def _mark(self, keys: Collection[str]) -> None:
        for key in keys:
            for feed in self._shown.get(key, ()):
                feed.is_stale = True
