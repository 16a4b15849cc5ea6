"""All quirks of one station, one after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence

from chargeplane.ocpp.versions import Version
from chargeplane.station.handshake import Handshake
from chargeplane.station.quirks.frames import Frame, Said
from chargeplane.station.quirks.registry import QUIRKS

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
        self._rules = [quirk.rule() for quirk in self._quirks if quirk.rule]

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
        """What is sent to open a connection."""
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
