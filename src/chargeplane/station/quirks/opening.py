"""Quirks of how a station opens a WebSocket and keeps it."""

from __future__ import annotations

from dataclasses import replace

from chargeplane.station.quirks.quirk import Quirk
from chargeplane.station.wires.handshake import Handshake

__all__ = ["OPENING"]

OWN_PINGS_S = 120.0

OPENING = (
    Quirk(
        "no-subprotocol",
        1,
        "opens the WebSocket without naming a sub-protocol",
        handshake=Handshake.without_subprotocol,
    ),
    Quirk(
        "no-connection-header",
        2,
        "asks for a WebSocket without the header Connection: Upgrade",
        handshake=Handshake.without_connection,
    ),
    Quirk(
        "no-pongs",
        4,
        "answers no pings",
        handshake=lambda usual: replace(usual, answers_pings=False),
    ),
    Quirk(
        "own-pings",
        5,
        "pings after two minutes of silence, whatever it is configured to",
        handshake=lambda usual: replace(usual, pings_after_s=OWN_PINGS_S),
    ),
    Quirk(
        "mute-without-root",
        10,
        "goes from each TLS handshake without a word until it has a root certificate",
        handshake=lambda usual: replace(usual, needs_root=True),
    ),
)
"""Every one."""
