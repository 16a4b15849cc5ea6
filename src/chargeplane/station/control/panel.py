"""What the control interface shows of stations, and what it does with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp.versions import Version
from chargeplane.station.core import Core
from chargeplane.station.evse import Evse
from chargeplane.station.faults import Strike
from chargeplane.station.quirk_names import fitting
from chargeplane.station.station import Station
from chargeplane.station.vehicle import Ev

__all__ = ["DEEDS", "Deed", "Panel"]

WATCHERS_MAX = 32
"""Pages that are told frames at once."""
QUEUE_MAX = 1_000
"""Frames that wait for one page; the oldest are lost first."""
TEXT_CHARS_MAX = 4_000
"""Of a frame that is shown."""
DEEDS = ("plug", "unplug", "tap", "fault", "quirks", "restart")


class Deed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is needed beside the name of a deed."""

    evse: int = 1
    token: str = "DEADBEEF"
    soc: float = 0.3
    fault: str = ""
    quirks: list[str] = []


class Panel:
    """Reads and moves stations that somebody else runs."""

    def __init__(self, stations: Mapping[str, Station], quirks: Sequence[str] = ()) -> None:
        """Args: the stations by identity, as they come to life, and the quirks to choose from."""
        self._stations = stations
        self.quirks = tuple(quirks)
        self.quirks_of = {each.value: fitting(quirks, each) for each in Version}
        """The ones that make sense in a version."""
        self._watchers: set[asyncio.Queue[dict[str, str]]] = set()

    def note(self, identity: str, way: str, text: str) -> None:
        """A frame; give it to the fleet as ``frame``."""
        told = {"station": identity, "way": way, "text": text[:TEXT_CHARS_MAX]}
        for queue in self._watchers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(told)

    @contextmanager
    def watching(self) -> Iterator[asyncio.Queue[dict[str, str]]]:
        """The frames from now on.

        Raises:
            ValueError: too many look already.
        """
        if len(self._watchers) >= WATCHERS_MAX:
            raise ValueError(f"at most {WATCHERS_MAX} pages can look at once")
        queue: asyncio.Queue[dict[str, str]] = asyncio.Queue(QUEUE_MAX)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)

    def cards(self) -> list[dict[str, Any]]:
        """Every station as it is now."""
        return [_card(each) for each in self._stations.values()]

    def do(self, identity: str, name: str, deed: Deed) -> dict[str, Any]:
        """Do something at a station; how it is afterwards.

        Raises:
            KeyError: there is no such station, or it has no such EVSE.
            ValueError: it cannot be done.
        """
        station = self._stations[identity]
        if name == "fault":
            station.strike(Strike(deed.fault, deed.evse))
        else:
            station.act(lambda core, now_s: _do(core, now_s, name, deed))
        return _card(station)


def _do(core: Core, now_s: float, name: str, deed: Deed) -> None:
    match name:
        case "plug":
            core.plug_in(deed.evse, Ev(soc=deed.soc), now_s)
        case "unplug":
            core.unplug(deed.evse, now_s)
        case "tap":
            if not deed.token:
                raise ValueError("a token has at least one character")
            core.tap(IdToken(deed.token), now_s, deed.evse)
        case "quirks":
            core.set_quirks(deed.quirks)
        case "restart":
            core.restart(now_s)
        case _:
            raise ValueError(f"there is no deed {name!r}; there are {', '.join(DEEDS)}")


def _card(station: Station) -> dict[str, Any]:
    core = station.core
    return {
        "id": station.identity,
        "version": station.version.value,
        "online": station.is_online,
        "why_offline": "" if station.is_online else station.why_offline,
        "waiting": station.undelivered,
        "quirks": list(core.disguise.names),
        "evses": [_evse(each, core) for each in core.hub.evses.values()],
    }


def _evse(evse: Evse, core: Core) -> dict[str, Any]:
    ev = evse.ev
    return {
        "id": evse.id,
        "status": evse.status(core.hub.takes_sessions).value,
        "plugged": ev is not None,
        "soc": None if ev is None else round(ev.soc, 3),
        "power_w": round(evse.power_w),
        "register_wh": evse.register_wh,
        "token": evse.token.value if evse.token else None,
        "fault": evse.fault,
    }
