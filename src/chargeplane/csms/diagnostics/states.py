"""How far a log is, out of what the station says of it (N01; 1.6, 4.3)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from chargeplane.csms.progress import Phases

__all__ = ["OPEN", "PHASES", "LogState"]


class LogState(StrEnum):
    """How far a log is; in this order it moves on, and never back."""

    ASKED = "asked"
    UNANSWERED = "unanswered"
    ACCEPTED = "accepted"
    UPLOADING = "uploading"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UPLOADED = "uploaded"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"


OPEN: Final = frozenset(
    {LogState.ASKED, LogState.UNANSWERED, LogState.ACCEPTED, LogState.UPLOADING}
)
PHASES: Final = Phases(
    LogState,
    {
        "Uploading": LogState.UPLOADING,
        "Uploaded": LogState.UPLOADED,
        "AcceptedCanceled": LogState.CANCELLED,
        "Idle": None,
    },
    otherwise=LogState.FAILED,
)
