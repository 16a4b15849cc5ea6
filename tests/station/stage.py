"""A station and a central system without sockets, and a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any, TypeVar

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp.tolerance import STRICT, Tolerance
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station import Core, Ev, Inventory
from chargeplane.station.memory import Memory
from chargeplane.station.signals import Happening
from tests.station.central import START, Central

H = TypeVar("H", bound=Happening)

TOKEN = IdToken("DEADBEEF")
JSON_VERSIONS = tuple(Version)
SMALL_EV = {"capacity_wh": 1_000.0, "soc": 0.5, "power_w_max": 11_000.0}


class Stage:
    """Carries frames between the two at once, as long as they are connected."""

    def __init__(
        self,
        version: Version | str,
        *,
        seed: int = 1,
        speed: float = 1.0,
        quirks: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        inventory: Inventory | None = None,
        tolerance: Tolerance = STRICT,
        memory: Memory | None = None,
    ) -> None:
        self.version = Version(version)
        self.now_s = 0.0
        self.central = Central(self.version, tolerance)
        self.memory = memory or Memory()
        self._options: dict[str, Any] = {
            "speed": speed,
            "quirks": quirks,
            "variables": variables,
            "inventory": inventory,
        }
        self._seed = seed
        self.core = self._program()
        self.frames: list[str] = []
        """All that the station sent."""
        self.happened: list[Happening] = []
        self.is_connected = False
        self.is_deaf = False
        """Whether the central system has stopped to answer."""

    def _program(self) -> Core:
        at = START + timedelta(seconds=self.now_s)
        return Core(
            "CP1",
            self.version,
            started_at=at,
            now_s=self.now_s,
            rng=Random(self._seed),
            memory=self.memory,
            **self._options,
        )

    def new_program(self, away_s: float = 0.0) -> Stage:
        """Kill the program of the station, and start it again later with the same memory."""
        self.memory.save()
        self.central.close()
        self.is_connected = False
        self.now_s += away_s
        self.core = self._program()
        return self

    def lose_power(self, away_s: float = 10.0, reason: str = "PowerUp") -> Stage:
        """Cut the power; the station is back and connected after a while."""
        self.core.lose_power(self.now_s, reason)
        self.carry().disconnect()
        self.wait(away_s)
        return self.connect()

    def connect(self) -> Stage:
        self.is_connected = True
        self.central.open()
        self.core.connected(self.now_s)
        return self.carry()

    def disconnect(self) -> Stage:
        self.is_connected = False
        self.core.disconnected(self.now_s)
        self.central.close()
        return self.carry()

    def carry(self) -> Stage:
        """Deliver what there is, both ways, until both are silent."""
        self.central.now = START + timedelta(seconds=self.now_s)
        while texts := self.core.outgoing():
            self.frames += texts
            if self.is_deaf:
                continue
            for text in texts:
                self.central.receive(text, self.now_s)
            for text in self.central.outgoing():
                self.core.receive(text, self.now_s)
        self.happened += self.core.happened()
        return self

    def ask(self, request: Request) -> Response | str:
        """Let the central system ask; what the station answers."""
        before = len(self.central.said)
        self.central.ask(request, self.now_s)
        for text in self.central.outgoing():
            self.core.receive(text, self.now_s)
        self.carry()
        return self.central.said[before]

    def plug_in(self, evse_id: int = 1, ev: Ev | None = None) -> Ev:
        vehicle = ev or Ev()
        self.core.plug_in(evse_id, vehicle, self.now_s)
        self.carry()
        return vehicle

    def unplug(self, evse_id: int = 1) -> Stage:
        self.core.unplug(evse_id, self.now_s)
        return self.carry()

    def tap(self, token: IdToken = TOKEN, evse_id: int | None = None) -> Stage:
        self.core.tap(token, self.now_s, evse_id)
        return self.carry()

    def wait(self, duration_s: float) -> Stage:
        """Let time pass; everything that is due in it happens at its moment."""
        until_s = self.now_s + duration_s
        while (due_s := self.core.deadline_s) is not None and due_s <= until_s:
            self.now_s = max(self.now_s, due_s)
            self.core.advance(self.now_s)
            self.carry()
        self.now_s = until_s
        self.core.advance(self.now_s)
        return self.carry()

    def charge(self, duration_s: float = 300.0, ev: Ev | None = None) -> Stage:
        """A whole visit: plug, tap, charge, tap, unplug."""
        self.plug_in(1, ev)
        self.wait(10).tap().wait(duration_s).tap().wait(10)
        return self.unplug()

    def saw(self, kind: type[H]) -> list[H]:
        return [each for each in self.happened if isinstance(each, kind)]


def online(version: Version | str, **options: Any) -> Stage:
    """A station that has registered; what was said so far is forgotten."""
    stage = Stage(version, **options).connect()
    stage.central.heard.clear()
    stage.frames.clear()
    return stage
