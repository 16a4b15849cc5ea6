"""The flight recorder: every frame as it was on the wire, found, shown live and exported.

Frames are written by the gateway (``runtime.store.frames``) and read here: a page of those that are
looked for, each with the one that it answers or that answers it (``reading``), over REST, in the
live stream and as JSON lines for strangers, without people and secrets (``api``).
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.flight_recorder.api import Recorder, routes
from chargeplane.runtime.store import Store

__all__ = ["block"]


def block(store: Store) -> Block:
    """The block: routes alone, for it has no message and no command of its own."""
    return Block("flight_recorder", routes=(routes(Recorder(store)),))
