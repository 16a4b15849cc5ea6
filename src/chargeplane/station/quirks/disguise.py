"""All quirks of one station, one after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence

from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.quirks.frames import Frame, Heard, Said
from chargeplane.station.quirks.registry import QUIRKS
from chargeplane.station.signals import Signal
from chargeplane.station.wires.handshake import Handshake

__all__ = ["Disguise"]


class Disguise:
    """Makes of what a correct station says what an odd one says. Remembers what its quirks hold."""

    def __init__(self, names: Sequence[str], version: Version) -> None:
        """Args: names of quirks, applied in this order, and what the station speaks.

        Raises:
            ValueError: there is no such quirk, or none for this version.
        """
        family = version.newest_of_family
        for name in names:
            quirk = QUIRKS.get(name)
            if quirk is None:
                raise ValueError(f"there is no quirk {name!r}; there are {', '.join(QUIRKS)}")
            if quirk.family not in {None, family}:
                raise ValueError(f"the quirk {name!r} is one of OCPP {quirk.family}")
        self.names = tuple(names)
        self._quirks = [QUIRKS[name] for name in names]
        pairs = [quirk.both() for quirk in self._quirks if quirk.both]
        self._rules = [quirk.rule() for quirk in self._quirks if quirk.rule]
        self._rules += [rule for rule, _ in pairs]
        self._hearings = [quirk.hearing() for quirk in self._quirks if quirk.hearing]
        self._hearings += [hearing for _, hearing in pairs]
        self.is_plain = not self._rules and not self._hearings
        """Whether frames go out and come in as they are."""
        self._reactions = [quirk.reaction() for quirk in self._quirks if quirk.reaction]

    @property
    def first_dial_s(self) -> float:
        """How long the station waits before it dials for the first time."""
        return max((quirk.first_dial_s for quirk in self._quirks), default=0.0)

    def redial_s(self, usual_s: float) -> float:
        """How long it waits before it dials again."""
        for quirk in self._quirks:
            if quirk.redial_s is not None:
                usual_s = quirk.redial_s(usual_s)
        return usual_s

    def react(self, hub: Hub, signal: Signal) -> None:
        """Act on the station when something happened in it."""
        for reaction in self._reactions:
            reaction(hub, signal)

    def envelope(self, text: str) -> str:
        """What is posted instead of a SOAP envelope."""
        for quirk in self._quirks:
            if quirk.envelope is not None:
                text = quirk.envelope(text)
        return text

    def heard(self, text: str) -> Heard:
        """What becomes of a frame that has come."""
        receive, send = [text], []
        for hearing in self._hearings:
            taken, receive = receive, []
            for each in taken:
                heard = Heard([each]) if (frame := _parsed(each)) is None else hearing(frame)
                receive += heard.receive
                send += heard.send
        return Heard(receive, send)

    def frames(self, text: str) -> Said:
        """What goes out instead of one frame."""
        send, hear = [text], []
        for rule in self._rules:
            taken, send = send, []
            for each in taken:
                said = Said([each]) if (frame := _parsed(each)) is None else rule(frame)
                send += said.send
                hear += said.hear
        return Said(send, hear)

    def handshake(self, handshake: Handshake) -> Handshake:
        """How a connection is opened and kept."""
        for quirk in self._quirks:
            if quirk.handshake is not None:
                handshake = quirk.handshake(handshake)
        return handshake


def _parsed(text: str) -> Frame | None:
    """None for what an earlier quirk has made unreadable."""
    try:
        frame = json.loads(text)
    except ValueError:
        return None
    return frame if isinstance(frame, list) else None
