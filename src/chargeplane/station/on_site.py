"""What happens to a station where it stands: vehicles, drivers, faults, power cuts, the grid."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from chargeplane.domain.tokens import IdToken
from chargeplane.station.evse import Evse
from chargeplane.station.grid import GridPoint
from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    Cause,
    FaultChanged,
    GridChanged,
    LimitWanted,
    PluggedIn,
    PowerLost,
    Restarting,
    Signal,
    StopWanted,
    Tapped,
    Unplugged,
)
from chargeplane.station.vehicle import Ev

__all__ = ["OnSite"]


class OnSite(ABC):
    """The part of a ``Core`` that people, vehicles and the grid have to do with."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @abstractmethod
    def advance(self, now_s: float) -> None:
        """Do what is due: whatever happens next finds the station as it is at this time."""

    def evse(self, evse_id: int) -> Evse:
        """An EVSE as it is at the time of the last call.

        Raises:
            KeyError: there is none with this number.
        """
        return self.hub.live(self.hub.evses[evse_id])

    def plug_in(self, evse_id: int, ev: Ev, now_s: float, connector_id: int = 1) -> None:
        """A vehicle is connected.

        Raises:
            KeyError: there is no such EVSE.
            ValueError: a vehicle stands there already, or the EVSE has no such connector.
        """
        self.advance(now_s)
        evse = self.evse(evse_id)
        if evse.ev is not None:
            raise ValueError(f"a vehicle is connected to EVSE {evse_id} already")
        if not 1 <= connector_id <= len(evse.spec.connector_types):
            raise ValueError(f"EVSE {evse_id} has no connector {connector_id}")
        evse.ev, evse.connector_id = ev, connector_id
        self.hub.tell(PluggedIn(evse_id))

    def unplug(self, evse_id: int, now_s: float) -> Ev:
        """The cable is pulled; the vehicle, as it leaves.

        Raises:
            KeyError: there is no such EVSE.
            ValueError: no vehicle is connected.
        """
        self.advance(now_s)
        evse = self.evse(evse_id)
        ev = evse.ev
        if ev is None:
            raise ValueError(f"no vehicle is connected to EVSE {evse_id}")
        evse.ev = None
        self.hub.tell(Unplugged(evse_id))
        return ev

    def tap(self, token: IdToken, now_s: float, evse_id: int | None = None) -> None:
        """A driver holds a token to the reader; ``TokenDecided`` follows, perhaps later."""
        self.advance(now_s)
        self.hub.tell(Tapped(token, evse_id))

    def set_fault(self, evse_id: int, fault: str, now_s: float) -> None:
        """An EVSE breaks (a 1.6 error code), or works again (an empty text)."""
        self.advance(now_s)
        self.evse(evse_id).fault = fault
        self.hub.tell(FaultChanged(evse_id, fault))

    def set_limit(self, evse_id: int, limit_w: float | None, now_s: float) -> None:
        """A limit of the site: what an EVSE may offer; None: what its hardware can."""
        self.advance(now_s)
        self.hub.tell(LimitWanted(evse_id, limit_w))

    def set_grid(self, point: GridPoint, now_s: float) -> None:
        """The grid is another one from now on."""
        self.advance(now_s)
        for evse in self.hub.evses.values():
            self.hub.live(evse)
        point.put_on(self.hub.grid)
        self.hub.tell(GridChanged())

    def play_grid(self, points: Sequence[GridPoint], now_s: float) -> None:
        """Let the grid change over time, in seconds of the station's clock."""
        self.advance(now_s)
        for number, point in enumerate(points):
            act = partial(self._play, point)
            self.hub.after(point.after_s, ("grid", number), act)

    def _play(self, point: GridPoint) -> None:
        self.set_grid(point, self.hub.now_s)

    def want(self, signal: Signal, now_s: float) -> None:
        """Somebody on the site wants something: an energy manager a limit, a driver priority."""
        self.advance(now_s)
        self.hub.tell(signal)

    def restart(self, now_s: float, reason: str = "LocalReset") -> None:
        """Somebody switches the station off and on; a boot reason of 2.x."""
        self.advance(now_s)
        for evse in list(self.hub.transactions()):
            self.hub.tell(StopWanted(evse.id, Cause.REBOOTED))
        self.hub.tell(Restarting(reason))

    def lose_power(self, now_s: float, reason: str = "PowerUp") -> None:
        """The station stops without a warning, and boots when it can dial again.

        Args:
            now_s: the time.
            reason: why it boots, a boot reason of 2.x: ``PowerUp`` after a power cut, ``Watchdog``
                after a crash.
        """
        self.advance(now_s)
        self.hub.tell(PowerLost(Cause.POWER_LOST if reason == "PowerUp" else Cause.REBOOTED))
        self.hub.tell(Restarting(reason))

    def skew_clock(self, difference_s: float, now_s: float) -> None:
        """The station's clock jumps; an answer with the time sets it right again."""
        self.advance(now_s)
        self.hub.set_time(self.hub.time() + timedelta(seconds=difference_s))

    def reset_meter(self, evse_id: int, now_s: float) -> None:
        """The meter of an EVSE begins at 0 again, as some do when they lose power.

        Raises:
            KeyError: there is no such EVSE.
        """
        self.advance(now_s)
        self.evse(evse_id).register = 0.0
