"""``chargeplane simulate --local-controller``: one between the stations and the central system."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from chargeplane.ocpp.versions import Version
from chargeplane.station import Member, Tally
from chargeplane.station.local_controller import LocalController, Own

__all__ = ["ControllerPlan", "Site", "site_limit_w", "site_of", "through"]

_POWER = re.compile(r"(\d+(?:\.\d+)?)(kW|W)", re.IGNORECASE)
_UNITS_W = {"w": 1.0, "kw": 1_000.0}
_OWN_VERSIONS = (Version.V2_1, Version.V2_0_1)


@dataclass(frozen=True, slots=True)
class ControllerPlan:
    """The controller between the stations and the central system."""

    host: str
    port: int
    site_limit_w: float | None
    own: Own | None
    """Its own connection; None: all stations speak 1.x, which has no words for it."""

    @classmethod
    def of(
        cls,
        address: tuple[str, int],
        limit_w: float | None,
        members: Sequence[Member],
        prefix: str,
    ) -> ControllerPlan:
        """With the newest version of 2.x that the stations speak, and their password."""
        spoken = {each.version for each in members}
        version = next((each for each in _OWN_VERSIONS if each in spoken), None)
        own = Own(f"{prefix}-LC", version, members[0].password) if version else None
        return cls(*address, limit_w, own)


@dataclass(frozen=True, slots=True)
class Site:
    """What became of the controller."""

    url: str
    limit_w: float | None
    stations: int
    """That came through it."""
    kept: int
    """Messages that it could not deliver before the end."""
    dropped: int
    """Messages that it had no room for; none of a transaction."""
    deaf: tuple[str, ...]
    """Stations that follow no limit of its."""

    def facts(self) -> dict[str, Any]:
        """For programs."""
        return {
            "site_limit_w": self.limit_w,
            "stations": self.stations,
            "not_delivered": self.kept,
            "dropped": self.dropped,
            "follow_no_limit": list(self.deaf),
        }

    def line(self) -> str:
        """For people."""
        limit = "" if self.limit_w is None else f", at most {self.limit_w / 1000:g} kW together"
        return f"{self.stations:,} stations through {self.url}{limit}"


def site_limit_w(text: str | None, faults: list[str]) -> float | None:
    """What ``--site-limit`` says, in watts."""
    if text is None:
        return None
    found = _POWER.fullmatch(text)
    if found is None or float(found[1]) <= 0:
        faults.append(f"--site-limit: {text} is no power like 44kW or 22000W")
        return None
    return float(found[1]) * _UNITS_W[found[2].lower()]


@asynccontextmanager
async def through(plan: ControllerPlan | None, url: str) -> AsyncIterator[LocalController | None]:
    """The controller, if one is wanted, before a central system."""
    if plan is None:
        yield None
        return
    async with LocalController(
        url, host=plan.host, port=plan.port, own=plan.own, site_limit_w=plan.site_limit_w
    ) as controller:
        yield controller


def site_of(controller: LocalController, plan: ControllerPlan, tally: Tally) -> Site:
    """What became of it; what went wrong goes into the tally."""
    standings = controller.standings()
    for each in standings:
        if each.kept:
            tally.note("not delivered at the end", each.identity, f"{each.kept} at the controller")
    own = controller.own
    if own is not None and not own.is_online:
        tally.note("never in service", own.identity, own.why_offline)
    for name in controller.deaf:
        tally.note("follows no limit of the site", name, "it refuses the charging profile")
    return Site(
        controller.url,
        plan.site_limit_w,
        len(standings),
        sum(each.kept for each in standings),
        sum(each.dropped for each in standings),
        tuple(controller.deaf),
    )
