"""What a tenant may choose for itself while the program runs, and what counts until it does.

The blocks that go by a preference ask for it each time, so a change counts from the next message
on. Who keeps and changes preferences is the block ``preference``.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

__all__ = [
    "FramesDays",
    "FramesMax",
    "HeartbeatS",
    "Preferences",
    "PreferencesOf",
    "RetryS",
    "UnknownTokens",
    "defaults",
]

HeartbeatS = Annotated[int, Meta(ge=10, le=86_400)]
RetryS = Annotated[int, Meta(ge=10, le=86_400)]
FramesDays = Annotated[int, Meta(ge=1, le=365)]
FramesMax = Annotated[int, Meta(ge=100, le=100_000)]


class UnknownTokens(StrEnum):
    """What becomes of a token that is not in the table."""

    REJECT = "reject"
    ACCEPT = "accept"


class Preferences(Struct, frozen=True, kw_only=True):
    """Those of one tenant."""

    heartbeat_interval_s: HeartbeatS = 300
    """What an accepted station is told when it boots (B01.FR.02)."""
    retry_interval_s: RetryS = 60
    """After it a station that was not accepted may boot again."""
    unknown_tokens: UnknownTokens = UnknownTokens.REJECT
    frames_kept_days: FramesDays = 14
    """How long the flight recorder keeps a frame."""
    frames_kept_max: FramesMax = 20_000
    """Frames of one station; a call with its answer counts as one."""


PreferencesOf = Callable[[UUID], Preferences]
"""The preferences of a tenant, as they are now."""

_DEFAULTS = Preferences()


def defaults(tenant_id: UUID) -> Preferences:
    """What counts where nobody has chosen anything, whichever tenant it is."""
    return _DEFAULTS
