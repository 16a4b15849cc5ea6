"""One virtual station in simulated time: its core, its connection, and how it comes back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import TypeVar

from chargeplane.station.core import Core
from chargeplane.station.faults import Strike, strike
from chargeplane.station.signals import Happening
from chargeplane.station.virtual_time.agenda import Agenda
from chargeplane.station.virtual_time.central import End
from chargeplane.station.wires.backoff import BackOff
from chargeplane.station.wires.impairment import Impairment

__all__ = ["VirtualStation"]

RESTART_S = 2.0
"""How long a station is away when it restarts."""

T = TypeVar("T")


class VirtualStation:
    """What ``Station`` is over sockets, this is in an agenda."""

    def __init__(
        self,
        core: Core,
        agenda: Agenda,
        end: End,
        rng: Random,
        frame: Callable[[str, str], None] = lambda _way, _text: None,
        noted: Callable[[Happening], None] = lambda _: None,
    ) -> None:
        """Dial nothing yet.

        Args:
            core: the station.
            agenda: its time.
            end: the central system.
            rng: of the back-off.
            frame: shown each frame: ``"sent"`` or ``"heard"``, and the text.
            noted: told what happens.
        """
        self.core = core
        self.end = end
        self._agenda = agenda
        self._back_off = BackOff(core.variables, rng)
        self._frame = frame
        self._noted = noted
        self._wire = Impairment(agenda.after, agenda.monotonic_s)
        self._away_s = RESTART_S
        self._connection = 0
        self._is_carrying = False
        self._wakes_s = float("inf")
        self.is_connected = False

    @property
    def identity(self) -> str:
        return self.core.hub.identity

    def dial(self) -> None:
        """Connect; nothing changes if there is a connection."""
        if not self.is_connected:
            self.is_connected = True
            self._connection += 1
            self._wire.begin()
            self.end.opened()
            self.step(self.core.connected)

    def hang_up(self, reason: str, redial_s: float) -> None:
        """Lose the connection, and dial again so much later."""
        if self.is_connected:
            self.is_connected = False
            self._wire.begin()
            self.end.closed()
            self.step(partial(self.core.disconnected, reason=reason))
            self._agenda.after(redial_s, self.dial)

    # What faults do; see ``faults.Victim``.

    def strike(self, fault: str | Strike) -> None:
        """Let one of ``chargeplane.station.faults.FAULTS`` happen now; as ``Station.strike``."""
        strike(self, Strike(fault) if isinstance(fault, str) else fault)

    def act(self, act: Callable[[Core, float], T]) -> T:
        """Do something with the core at this moment, and carry what follows."""
        return self.step(lambda now_s: act(self.core, now_s))

    def cut(self) -> None:
        """Lose the connection; the station waits as its back-off says."""
        self.hang_up("", self.core.disguise.redial_s(self._back_off.next_s()))

    def silence(self, duration_s: float) -> None:
        """Let all frames vanish for so long, then lose the connection."""
        connection, self._wire.is_silent = self._connection, True
        self.later(duration_s, lambda: self.cut() if self._connection == connection else None)

    def slow(self, delay_s: float, duration_s: float) -> None:
        """Let frames be so late, for so long."""
        self._wire.delay_s = delay_s
        self.later(duration_s, partial(setattr, self._wire, "delay_s", 0.0))

    def power_off(self, reason: str, duration_s: float) -> None:
        """Stop without a warning, and boot so much later."""
        self._away_s = duration_s
        self.act(lambda core, now_s: core.lose_power(now_s, reason))

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something so much later."""
        self._agenda.after(delay_s, act)

    # Time and frames.

    def step(self, act: Callable[[float], T]) -> T:
        """Let something happen at this moment, and carry what follows."""
        result = act(self._agenda.now_s)
        if not self._is_carrying:
            self._is_carrying = True
            self._carry()
            self._is_carrying = False
            self._set_timer()
        return result

    def _carry(self) -> None:
        core, now_s = self.core, self._agenda.now_s
        while texts := core.outgoing():
            if self.is_connected:
                self._exchange(texts, now_s)
        if core.hub.happened:
            for each in core.happened():
                self._noted(each)
        if core.wants_to_hang_up and self.is_connected:
            away_s, self._away_s = self._away_s, RESTART_S
            self.later(0.0, partial(self.hang_up, "", away_s))

    def _exchange(self, texts: list[str], now_s: float) -> None:
        frame, wire = self._frame, self._wire
        for text in texts:
            frame("sent", text)
            wire.carry(text, self._reaches_the_end, inward=False)
        self._take_answers()

    def _reaches_the_end(self, text: str) -> None:
        self.end.receive(text, self._agenda.now_s)
        if not self._is_carrying:  # it was late
            self.hear()

    def _take_answers(self) -> None:
        for text in self.end.outgoing():
            self._wire.carry(text, self._arrives, inward=True)

    def _arrives(self, text: str) -> None:
        self._frame("heard", text)
        self._back_off.succeeded()
        if self._is_carrying:
            self.core.receive(text, self._agenda.now_s)
        else:  # it was late
            self.step(partial(self.core.receive, text))

    def hear(self) -> None:
        """Take what the central system wants to say of its own accord."""
        self.step(lambda _: None)
        self._is_carrying = True
        self._take_answers()
        self._is_carrying = False
        self.step(lambda _: None)

    def _set_timer(self) -> None:
        """Wake up in time. A wake-up that is no longer needed finds nothing due."""
        due_s = self.core.deadline_s
        if due_s is not None and due_s < self._wakes_s:
            self._wakes_s = due_s
            self._agenda.at(due_s, self._wake)

    def _wake(self) -> None:
        if self._agenda.now_s < self._wakes_s:
            return  # an earlier one was noted since, and this one again after it
        self._wakes_s = float("inf")
        self.step(self.core.advance)
