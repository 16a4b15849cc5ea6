"""Which clock to believe: the station's, unless it says what cannot be.

A station's clock is the better one, since messages may wait for days in its queue. But stations
send 1970 before they know the time, and 2222 from a broken clock chip. A time that lies further
back or ahead than any queue explains is replaced by the time of arrival.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

__all__ = ["AGE_S_MAX", "AHEAD_S_MAX", "Moment", "is_believed", "moment"]

# Older than this at arrival: no queue is that long.
AGE_S_MAX: Final = 400 * 86_400
# Ahead of us by more than this: no time zone mistake is that large.
AHEAD_S_MAX: Final = 86_400

_AGE = timedelta(seconds=AGE_S_MAX)
_AHEAD = -timedelta(seconds=AHEAD_S_MAX)


class Moment(NamedTuple):
    """When something happened, and whether it was the station's clock that said so."""

    at: datetime
    by_station: bool


def is_believed(reported_at: datetime, received_at: datetime) -> bool:
    """Whether the station's time can be."""
    return _AHEAD <= received_at - reported_at <= _AGE


def moment(reported_at: datetime, received_at: datetime) -> Moment:
    """The station's time if it can be, ours otherwise."""
    if is_believed(reported_at, received_at):
        return Moment(reported_at, True)
    return Moment(received_at, False)
