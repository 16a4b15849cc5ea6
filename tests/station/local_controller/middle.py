"""A station, a relay and a central system without sockets; each frame is moved by hand."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from itertools import count
from random import Random

import msgspec

from chargeplane.ocpp import v21
from chargeplane.ocpp.tolerance import STRICT
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.station import Core
from chargeplane.station.local_controller import KnownTokens, Relay
from chargeplane.station.memory import Memory
from tests.station.central import START, Central

WIRES = ("station up", "central up", "central down", "station down")
"""From the station, on to the central system, from that, and on to the station."""


class Middle:
    """What is on a wire when its connection goes is lost, as in life."""

    def __init__(
        self,
        version: Version = Version.V2_1,
        *,
        keeps: bool = True,
        memory: Memory | None = None,
        kept_max: int = 10_000,
        seed: int = 1,
    ) -> None:
        self.version = version
        self.now_s = 0.0
        self.central = Central(version, STRICT)
        self.core = Core(
            "CP1",
            version,
            started_at=START,
            rng=Random(seed),
            variables={"TransactionMessageAttempts": "100"},  # it shall give nothing up itself
        )
        self.told: list[Request] = []
        numbers = count(1)
        self.relay = Relay(
            "CP1",
            memory=memory or Memory(),
            time=lambda: START + timedelta(seconds=self.now_s),
            tokens=KnownTokens(),
            keeps=keeps,
            kept_max=kept_max,
            new_id=lambda: f"own-{next(numbers)}",
            heard=self.told.append,
        )
        self.wires: dict[str, deque[str]] = {name: deque() for name in WIRES}
        self.seen: dict[str, list[str]] = {name: [] for name in WIRES}
        """Every frame that arrived."""
        self.is_station_here = self.is_central_here = False
        self.is_central_reachable = True

    def connect(self) -> Middle:
        """The station dials; the controller lets it in, or not."""
        if self.is_station_here or not (self.is_central_reachable or self.relay.may_begin_alone):
            return self
        self.is_station_here = True
        self.relay.station_opened(self.version)
        self.reach()
        self.core.connected(self.now_s)
        return self.collect()

    def reach(self) -> Middle:
        """The controller dials the central system."""
        wanted = self.is_station_here and not self.is_central_here
        if wanted and self.is_central_reachable:
            self.is_central_here = True
            self.central.open()
            self.relay.central_opened(self.now_s)
        return self.collect()

    def lose_station(self) -> Middle:
        if self.is_station_here:
            self.is_station_here = False
            self._clear("station up", "station down")
            self.relay.station_lost()
            self.core.disconnected(self.now_s)
            self._end_central()
        return self.collect()

    def lose_central(self) -> Middle:
        self.is_central_reachable = False
        if self.is_central_here:
            self._end_central()
            self.relay.central_lost(self.now_s)
        return self.collect()

    def central_is_back(self) -> Middle:
        self.is_central_reachable = True
        return self.reach()

    def _end_central(self) -> None:
        self.is_central_here = False
        self._clear("central up", "central down")
        self.central.close()

    def _clear(self, *wires: str) -> None:
        for name in wires:
            self.wires[name].clear()

    def collect(self) -> Middle:
        """Put on the wires what everybody has to say."""
        self.central.now = START + timedelta(seconds=self.now_s)
        self._put("station up", self.core.outgoing(), self.is_station_here)
        self._put("central up", self.relay.to_central(), self.is_central_here)
        self._put("central down", self.central.outgoing(), self.is_central_here)
        self._put("station down", self.relay.to_station(), self.is_station_here)
        if self.relay.wants_close and self.is_station_here:
            self.lose_station()
        return self

    def _put(self, name: str, texts: list[str], is_here: bool) -> None:
        if is_here:
            self.wires[name] += texts

    def move(self, name: str) -> bool:
        """One frame arrives; False: there is none on the wire."""
        if not self.wires[name]:
            return False
        text = self.wires[name].popleft()
        self.seen[name].append(text)
        match name:
            case "station up":
                self.relay.from_station(text, self.now_s)
            case "central up":
                self.central.receive(text, self.now_s)
            case "central down":
                self.relay.from_central(text, self.now_s)
            case _:
                self.core.receive(text, self.now_s)
        self.collect()
        return True

    def carry(self) -> Middle:
        """Until all wires are empty."""
        self.collect()
        while any(self.move(name) for name in WIRES):
            continue
        return self

    def wait(self, duration_s: float) -> Middle:
        """Let time pass; what is due in it happens at its moment."""
        until_s = self.now_s + duration_s
        while (due_s := self._due_s()) is not None and due_s <= until_s:
            self.now_s = max(self.now_s, due_s)
            self._advance()
        self.now_s = until_s
        self._advance()
        return self

    def _due_s(self) -> float | None:
        due = (self.core.deadline_s, self.relay.deadline_s)
        return min((each for each in due if each is not None), default=None)

    def _advance(self) -> None:
        self.core.advance(self.now_s)
        self.relay.advance(self.now_s)
        self.carry()

    def events(self) -> list[v21.TransactionEventRequest]:
        """What the central system heard of transactions."""
        return self.central.all(v21.TransactionEventRequest)


def frames(texts: list[str]) -> list[list[object]]:
    """Frames as arrays."""
    return [msgspec.json.decode(text) for text in texts]


def online(version: Version = Version.V2_1, *, keeps: bool = True) -> Middle:
    """A station in service through a relay."""
    return Middle(version, keeps=keeps).connect().carry()
