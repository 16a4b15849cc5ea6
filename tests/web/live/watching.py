"""A view of lamps, whose store is a dictionary, and somebody who watches it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from chargeplane.domain.events import (
    Event,
    HeartbeatReceived,
    StationBooted,
    StationConnected,
    StationDisconnected,
)
from chargeplane.runtime.rest import Page, PageQuery, Principal, Problem, Sites, View, station_of
from chargeplane.web.live.feed import Feed

TENANT_ID = UUID(int=1)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
_FACTS: Any = {"tenant_id": str(TENANT_ID), "reported_at": NOW, "received_at": NOW}


def viewer(
    *grants: str, tenant_id: UUID = TENANT_ID, id_: int = 7, sites: Sites = None
) -> Principal:
    may = frozenset(grants or {"*:read"})
    return Principal(tenant_id, UUID(int=id_), "eve", "viewer", may, sites=sites)


def said(station_id: str, tenant_id: UUID = TENANT_ID) -> StationDisconnected:
    """Something has changed in the store about one lamp."""
    facts = _FACTS | {"tenant_id": str(tenant_id)}
    return StationDisconnected(**facts, station_id=station_id, epoch=1, reason="")


def blinked(station_id: str) -> HeartbeatReceived:
    """Something has changed about one lamp that is only in memory."""
    return HeartbeatReceived(**_FACTS, station_id=station_id)


def came(station_id: str) -> StationBooted:
    """There may be a lamp more."""
    return StationBooted(
        **_FACTS, station_id=station_id, vendor="", model="", registration="accepted"
    )


def unheard(station_id: str) -> StationConnected:
    """Nothing that any view here wants to know."""
    return StationConnected(
        **_FACTS, station_id=station_id, ocpp_version="", transport="", security_profile=0, epoch=1
    )


class Lamp(Struct, frozen=True):
    """A row."""

    id: str
    light: int
    blinks: int = 0


class Sum(Struct, frozen=True):
    """A part of one thing."""

    lamps: int
    light: int


class Whole(Struct, frozen=True):
    """One thing."""

    sum: Sum
    names: list[str]


class Wanted(PageQuery, frozen=True, kw_only=True):
    """A page of lamps."""

    least: int = 0


@dataclass
class Lamps:
    """What there is to see, and how often somebody looked."""

    lights: dict[str, int] = field(default_factory=dict)
    blinks: dict[str, int] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    """The sites of lamps; none: ``hall``."""
    pages_count: int = 0
    rows_read: list[frozenset[str]] = field(default_factory=list)
    error: Exception | None = None
    gate: asyncio.Event | None = None
    """Readings end when it is set."""

    def _lamp(self, name: str) -> Lamp:
        return Lamp(name, self.lights[name], self.blinks.get(name, 0))

    def _is_at(self, name: str, sites: Sites) -> bool:
        return sites is None or self.places.get(name, "hall") in sites

    async def page(self, tenant_id: UUID, wanted: Wanted, sites: Sites = None) -> Page[Lamp]:
        self.pages_count += 1
        after = wanted.page.after(str) or ""
        names = [
            name
            for name in sorted(self.lights)
            if name > after and self.lights[name] >= wanted.least and self._is_at(name, sites)
        ][: wanted.page.fetch_max]
        found = wanted.page.of(names, self._lamp, key=lambda name: name)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return found

    async def rows(
        self, tenant_id: UUID, keys: Collection[str], sites: Sites = None
    ) -> Mapping[str, Lamp]:
        self.rows_read.append(frozenset(keys))
        if self.error is not None:
            raise self.error
        there = [key for key in keys if key in self.lights and self._is_at(key, sites)]
        return {key: self._lamp(key) for key in there}

    def freshen(self, tenant_id: UUID, lamp: Lamp) -> Lamp:
        return Lamp(lamp.id, lamp.light, self.blinks.get(lamp.id, 0))

    async def whole(self, tenant_id: UUID, wanted: Wanted, sites: Sites = None) -> Whole:
        self.pages_count += 1
        if not self.lights:
            raise Problem.not_found("lamp", "any")
        return Whole(Sum(len(self.lights), sum(self.lights.values())), sorted(self.lights))

    @property
    def views(self) -> tuple[View, View]:
        keys: Mapping[type[Event], Any] = {
            StationDisconnected: station_of,
            HeartbeatReceived: station_of,
        }
        return (
            View(
                name="lamps",
                permission="lamps:read",
                parameters=Wanted,
                read=self.page,
                is_sited=True,
                key=lambda lamp: str(lamp.id),
                keys=keys,
                rows=self.rows,
                freshen=self.freshen,
                light=frozenset({HeartbeatReceived}),
                reshapes=frozenset({StationBooted}),
                is_volatile=lambda wanted: wanted.least > 0,
            ),
            View(
                name="whole",
                permission="lamps:read",
                parameters=Wanted,
                read=self.whole,
                keys={StationDisconnected: lambda event: ""},
                pause_s=0.5,
            ),
        )


@dataclass(eq=False)
class Watcher:
    """Applies what it is told, as the console does."""

    told: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    shown: dict[str, Any] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    version: int = 0

    def deliver(self, tail: bytes) -> None:
        self.take(msgspec.json.decode(b"{" + tail))

    def begin(self, feed: Feed) -> Feed:
        self.deliver(feed.snapshot())
        return feed

    def broken(self, problem: Problem) -> None:
        self.problems.append(problem)

    def take(self, message: dict[str, Any]) -> None:
        self.told.append(message)
        if "snapshot" in message:
            items = message["snapshot"].get("items", [])
            self.shown = {item["id"]: item for item in items}
            self.order = [item["id"] for item in items]
            self.state = {k: v for k, v in message["snapshot"].items() if k != "items"}
        else:
            assert message["version"] == self.version + 1
            for op in message["patch"]:
                self._apply(**op)
        self.version = message["version"]

    def _apply(self, op: str, key: str = "", path: str = "", value: Any = None) -> None:
        if op == "put":
            self.shown[key] = value
        elif op == "remove":
            del self.shown[key]
            self.order.remove(key)
        elif path == "order":
            self.order = value
        else:
            *outer, last = path.split(".")
            place = self.state
            for name in outer:
                place = place[name]
            assert last in place
            place[last] = value

    @property
    def items(self) -> list[Any]:
        assert set(self.order) == set(self.shown)
        return [self.shown[key] for key in self.order]
