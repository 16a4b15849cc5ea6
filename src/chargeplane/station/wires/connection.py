"""The connection of a station over real sockets: dialled, used, lost, and dialled again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from chargeplane.station.core import Core
from chargeplane.station.wires import Dialer, Line, NotConnected
from chargeplane.station.wires.backoff import BackOff
from chargeplane.station.wires.impairment import Impairment

__all__ = ["Connection", "Frame", "Step"]

Step = Callable[[Callable[[float], None]], None]
"""Does something with the core at this moment, and carries what follows."""
Frame = Callable[[str, str], None]
"""Shown each frame: ``"sent"`` or ``"heard"``, and the text."""

RESTART_S = 2.0
"""How long a station is away when it restarts."""


class Connection:
    """At most one line at a time. ``keep`` is the task of the station."""

    def __init__(
        self,
        core: Core,
        dialer: Dialer,
        step: Step,
        back_off: BackOff,
        wire: Impairment,
        frame: Frame,
    ) -> None:
        """Dial nothing yet.

        Args:
            core: what the frames are for.
            dialer: opens lines; started and stopped by whoever made it.
            step: how the core is told something.
            back_off: how long to wait after a loss.
            wire: what is wrong with lines that stand.
            frame: shown each frame.
        """
        self._core, self._dialer, self._step = core, dialer, step
        self._back_off, self._wire, self._frame = back_off, wire, frame
        self._line: Line | None = None
        self._is_leaving = False
        self._is_dropping = False
        self.away_s = RESTART_S
        """How long the station is away the next time that it restarts."""
        self.last_failure = ""
        """Why there was no connection the last time; empty while there is one."""

    @property
    def line(self) -> Line | None:
        """What frames go through now."""
        return self._line

    def flush(self) -> None:
        """Send what the core has to say, and hang up if it wants that."""
        for text in self._core.outgoing():
            if self._line is not None:
                self._frame("sent", text)
                self._wire.carry(text, self._line.send, inward=False)
        if self._core.wants_to_hang_up and self._line is not None:
            self._line.close()

    def cut(self) -> None:
        """Lose the line; another one will be dialled."""
        if self._line is not None:
            self._is_dropping = True
            self._line.close()

    def leave(self) -> bool:
        """Dial no more; whether there is a line, which ends ``keep`` when it has closed."""
        self._is_leaving = True
        if self._line is not None:
            self._line.close()
        return self._line is not None

    async def keep(self) -> None:
        """Be connected until ``leave``."""
        disguise = self._core.disguise
        if disguise.first_dial_s:
            await asyncio.sleep(disguise.first_dial_s)
        while not self._is_leaving:
            try:
                line = await self._dialer.dial(self._heard)
            except NotConnected as error:
                self.last_failure = str(error)
                self._step(partial(self._core.not_reached, reason=str(error), status=error.status))
                await asyncio.sleep(disguise.redial_s(self._back_off.next_s()))
                continue
            restarts = await self._carry(line)
            if not self._is_leaving:
                away_s, self.away_s = self.away_s, RESTART_S
                wait_s = away_s if restarts else disguise.redial_s(self._back_off.next_s())
                await asyncio.sleep(wait_s)

    async def _carry(self, line: Line) -> bool:
        """Use a line until it is gone; whether the station wanted to restart."""
        self._line, self.last_failure = line, ""
        self._wire.begin()
        self._is_dropping = restarts = False
        reason = "the connection was lost"
        try:
            self._step(self._core.connected)
            reason = await line.run() or reason
        finally:
            restarts = self._core.wants_to_hang_up
            self._line, self.last_failure = None, reason
            self._wire.begin()
            line.close()
            wanted = restarts or self._is_dropping or self._is_leaving
            told = "" if wanted else reason
            self._step(partial(self._core.disconnected, reason=told))
        return restarts

    def _heard(self, text: str) -> None:
        self._wire.carry(text, self._arrived, inward=True)

    def _arrived(self, text: str) -> None:
        self._frame("heard", text)
        self._back_off.succeeded()
        self._step(partial(self._core.receive, text))
