"""How far an update is, out of what the station says of it (L01, L02; 1.6, 4.5)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from chargeplane.csms.progress import Phases

__all__ = ["OPEN", "PHASES", "SENT", "UpdateState"]


class UpdateState(StrEnum):
    """How far an update is; in this order it moves on, and never back."""

    PLANNED = "planned"
    """The station was not asked yet."""
    ASKED = "asked"
    UNANSWERED = "unanswered"
    ACCEPTED = "accepted"
    DOWNLOADING = "downloading"
    DOWNLOADED = "downloaded"
    INSTALLING = "installing"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INSTALLED = "installed"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"


_State = UpdateState
OPEN: Final = frozenset(
    {
        _State.PLANNED, _State.ASKED, _State.UNANSWERED, _State.ACCEPTED,
        _State.DOWNLOADING, _State.DOWNLOADED, _State.INSTALLING,
    }
)  # fmt: skip
SENT: Final = OPEN - {_State.PLANNED}
"""It is at the station, as far as we know."""
PHASES: Final = Phases(
    UpdateState,
    {
        "Idle": None,
        "DownloadScheduled": _State.ACCEPTED,
        "Downloading": _State.DOWNLOADING,
        "DownloadPaused": _State.DOWNLOADING,
        "Downloaded": _State.DOWNLOADED,
        "SignatureVerified": _State.DOWNLOADED,
        "InstallScheduled": _State.DOWNLOADED,
        "Installing": _State.INSTALLING,
        "InstallRebooting": _State.INSTALLING,
        "Installed": _State.INSTALLED,
    },
    otherwise=_State.FAILED,
)
