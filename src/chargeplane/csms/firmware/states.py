"""How far an update is, out of what the station says of it (L01, L02; 1.6, 4.5)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["OPEN", "SENT", "UpdateState", "is_newer", "state_said"]


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
_RANK: Final = {state: rank for rank, state in enumerate(UpdateState)}
OPEN: Final = frozenset(each for each in UpdateState if _RANK[each] < _RANK[_State.CANCELLED])
SENT: Final = OPEN - {_State.PLANNED}
"""It is at the station, as far as we know."""

_SAID: Final = {
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
}


def state_said(status: str) -> UpdateState | None:
    """What a station's word says of an update; None: nothing. All others are failures."""
    return _SAID.get(status, _State.FAILED)


def is_newer(state: UpdateState, said: UpdateState) -> bool:
    """Whether what was said is further than what is known."""
    return _RANK[said] > _RANK[state]
