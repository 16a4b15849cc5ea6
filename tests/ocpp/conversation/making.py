"""Conversations with few frames waiting and ids that count, for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

from chargeplane.ocpp.frames import Limits
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.tolerance import STRICT, Tolerance
from chargeplane.ocpp.versions import Role, Version

__all__ = ["HEARTBEAT", "LIMITS", "TIME", "csms", "numbered", "sent"]

TIME = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEARTBEAT = '[2,"h1","Heartbeat",{}]'
LIMITS = Limits(
    frame_size_max=2000,
    depth_max=20,
    calls_waiting_max=2,
    requests_waiting_max=2,
    answers_kept_max=2,
    call_timeout_s=30.0,
)


def numbered() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"m{next(numbers)}"


def csms(version: Version = Version.V2_0_1, tolerance: Tolerance = STRICT) -> Peer:
    return Peer(version, Role.CSMS, tolerance=tolerance, limits=LIMITS, new_id=numbered())


def sent(peer: Peer) -> list[list[object]]:
    return [json.loads(text) for text in peer.outgoing()]
