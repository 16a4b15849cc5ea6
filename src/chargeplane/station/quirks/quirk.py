"""What a quirk is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.quirks.frames import Hearing, Rule
from chargeplane.station.signals import Signal
from chargeplane.station.wires.handshake import Handshake

__all__ = ["Quirk", "Reaction"]

Reaction = Callable[[Hub, Signal], None]
"""Does something to the station when something happened in it."""


@dataclass(frozen=True, slots=True)
class Quirk:
    """One oddity."""

    name: str
    row: int | None
    """Of the project's list of field quirks; None for a kind that has no row of its own there."""
    text: str
    """What the station does."""
    rule: Callable[[], Rule] | None = None
    """Makes what changes frames; one for each station, since some remember."""
    handshake: Callable[[Handshake], Handshake] | None = None
    hearing: Callable[[], Hearing] | None = None
    """Makes what changes frames that come in."""
    both: Callable[[], tuple[Rule, Hearing]] | None = None
    """Makes both, where they share what they remember."""
    redial_s: Callable[[float], float] | None = None
    """How long it waits before it dials again, from how long it should."""
    first_dial_s: float = 0.0
    """How long it waits before it dials for the first time."""
    envelope: Callable[[str], str] | None = None
    """Changes the SOAP envelopes of its requests."""
    reaction: Callable[[], Reaction] | None = None
    """Makes what acts on the station itself; one for each station."""
    family: Version | None = None
    """Where it makes sense: V1_6 for 1.x, V2_1 for 2.x, None for both."""
