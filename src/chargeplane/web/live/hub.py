"""The hub: hears the bus once for everybody, and tells those who watch what has changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from http import HTTPStatus
from uuid import UUID, uuid4

import msgspec

from chargeplane.domain.events import Event
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import Principal, Problem, Sites, View
from chargeplane.web.live.feed import Feed, Subscriber
from chargeplane.web.live.group import Group

__all__ = ["FEEDS_MAX", "TURN_S", "Hub"]

_log = logging.getLogger(__name__)

TURN_S = 0.25
"""Patches of one subscription are at least so far apart."""
FEEDS_MAX = 2_000
"""Different pages that are watched at one time, by all clients together."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class Hub:
    """Keeps what is watched, by tenant, view and the sites that somebody is limited to."""

    def __init__(self, views: Iterable[View], clock: Clock, *, feeds_max: int = FEEDS_MAX) -> None:
        """Offer these views.

        Raises:
            ValueError: two of them have the same name.
        """
        self._views: dict[str, View] = {}
        for view in views:
            if view.name in self._views:
                raise ValueError(f"more than one block offers the view {view.name}")
            self._views[view.name] = view
        self._clock = clock
        self._feeds_max = feeds_max
        self._watched: dict[str, list[Group]] = {}
        """By tenant, as events name it. Without an entry nobody of the tenant is there."""
        self._is_watched = asyncio.Event()

    @property
    def feeds_count(self) -> int:
        """Pages that are watched now."""
        return sum(len(group.feeds) for groups in self._watched.values() for group in groups)

    def hear(self, event: Event) -> None:
        """A listener of the bus."""
        groups = self._watched.get(event.tenant_id)
        if groups is not None:
            for group in groups:
                group.hear(event)

    def changed(self, tenant_id: UUID) -> None:
        """Something of a tenant has been changed over REST, of which no event tells."""
        for group in self._watched.get(str(tenant_id), ()):
            group.reshape()

    # Feeds ------------------------------------------------------------------------------------

    async def open(
        self, principal: Principal, name: str, parameters: object, subscriber: Subscriber
    ) -> Feed:
        """Begin to tell a subscriber about a page. It gets the snapshot from the feed itself.

        Raises:
            Problem: there is no such view or page, or the principal may not see it.
            StoreError: the database is away.
        """
        view = self._views.get(name)
        if view is None:
            raise Problem.not_found("view", name)
        if not principal.may(view.permission):
            raise Problem.forbidden(f"this needs {view.permission}, which {principal.role} lacks")
        sites = principal.sites
        if sites is not None and not view.is_sited:
            raise Problem.forbidden("this is about all sites, and you are limited to some")
        wanted = view.parse(parameters)
        group = self._group(view, principal.tenant_id, sites)
        key = _encode(wanted)
        feed = group.feeds.get(key)
        if feed is None:
            if self.feeds_count >= self._feeds_max:
                self._tidy(group)
                raise Problem(
                    "too-many-views", HTTPStatus.SERVICE_UNAVAILABLE, "Too much is watched now"
                )
            feed = group.feeds[key] = Feed(view, principal.tenant_id, wanted, sites)
            feed.loading = asyncio.create_task(self._load(group, feed))
            feed.loading.add_done_callback(_take_note)
        feed.holders_count += 1
        is_open = False
        try:
            if feed.loading is not None:
                await asyncio.shield(feed.loading)
            feed.subscribers.add(subscriber)
            is_open = True
        finally:
            if not is_open:
                self._release(group, feed)
        return feed

    def close(self, feed: Feed, subscriber: Subscriber) -> None:
        """A subscriber wants to hear no more."""
        if subscriber in feed.subscribers:
            feed.subscribers.remove(subscriber)
            self._release(self._group(feed.view, feed.tenant_id, feed.sites), feed)

    async def _load(self, group: Group, feed: Feed) -> None:
        """Read a page for the first time; whoever wants the same meanwhile waits for it."""
        try:
            await group.read(feed, self._clock.monotonic_s())
            feed.flush()
            feed.is_loaded = True
        finally:
            if not feed.is_loaded:
                group.drop(feed)

    def _group(self, view: View, tenant_id: UUID, sites: Sites) -> Group:
        groups = self._watched.setdefault(str(tenant_id), [])
        for group in groups:
            if group.view is view and group.sites == sites:
                return group
        group = Group(view, tenant_id, sites)
        groups.append(group)
        self._is_watched.set()
        return group

    def _release(self, group: Group, feed: Feed) -> None:
        feed.holders_count -= 1
        if not feed.holders_count:
            group.drop(feed)
        self._tidy(group)

    def _tidy(self, group: Group) -> None:
        tenant = str(group.tenant_id)
        groups = self._watched.get(tenant, [])
        if not group.feeds and group in groups:
            groups.remove(group)
        if not groups:
            self._watched.pop(tenant, None)
        if not self._watched:
            self._is_watched.clear()

    # Turns ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Turn after turn, until it is cancelled. Sleeps while nobody watches."""
        while True:
            await self._is_watched.wait()
            await self._clock.sleep(TURN_S)
            await self.turn()

    async def turn(self) -> None:
        """Read what has changed, once for all, and tell it."""
        groups = [group for groups in self._watched.values() for group in groups]
        now_s = self._clock.monotonic_s()
        ends = await asyncio.gather(
            *(group.turn(now_s) for group in groups), return_exceptions=True
        )
        for group, end in zip(groups, ends, strict=True):
            if isinstance(end, BaseException):
                self._break(group, end)
            self._tidy(group)

    def _break(self, group: Group, error: BaseException) -> None:
        """A fault of ours in one view must not end the others."""
        incident = str(uuid4())
        _log.error("the view %s, incident %s", group.view.name, incident, exc_info=error)
        problem = Problem("internal-error", 500, "Something went wrong here", incident=incident)
        for feed in [*group.feeds.values()]:
            group.end(feed, problem)


def _take_note(loading: asyncio.Task[None]) -> None:
    """Who waits for a first reading hears of its failure; nobody has to be waiting still."""
    if not loading.cancelled():
        loading.exception()
