"""The status of connectors, in one vocabulary, and which of two reports is the newer one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from chargeplane.domain.times import moment

__all__ = ["ConnectorStatus", "StatusReport", "newer"]


class ConnectorStatus(StrEnum):
    """1.x knows all of these but ``occupied``, which 2.x says for the five after it.

    Nothing is guessed: which of the five an occupied connector of 2.x is in, its transaction tells.
    """

    AVAILABLE = "available"
    OCCUPIED = "occupied"
    PREPARING = "preparing"
    CHARGING = "charging"
    SUSPENDED_EV = "suspended_ev"
    SUSPENDED_EVSE = "suspended_evse"
    FINISHING = "finishing"
    RESERVED = "reserved"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"

    @property
    def is_occupied(self) -> bool:
        """True if 2.x calls it ``occupied``."""
        return self in _OCCUPIED


_OCCUPIED = frozenset(
    {
        ConnectorStatus.OCCUPIED,
        ConnectorStatus.PREPARING,
        ConnectorStatus.CHARGING,
        ConnectorStatus.SUSPENDED_EV,
        ConnectorStatus.SUSPENDED_EVSE,
        ConnectorStatus.FINISHING,
    }
)


class StatusReport(Struct, frozen=True, kw_only=True):
    """What a station said about a connector, or about itself, and when."""

    status: ConnectorStatus
    reported_at: datetime
    received_at: datetime
    error_code: str | None = None
    info: str | None = None
    vendor_error_code: str | None = None

    @property
    def rank(self) -> tuple[datetime, datetime]:
        """Order by the station's clock, but never later than the arrival.

        Stations replay old reports when they connect, so arrival alone does not do. A clock that
        was ahead and is then put right must not hide all further reports, so a time in the future
        counts as now.
        """
        at = moment(self.reported_at, self.received_at).at
        return min(at, self.received_at), self.received_at


def newer(known: StatusReport | None, report: StatusReport) -> StatusReport:
    """The report that says how things are now. A replayed old one never replaces a newer one."""
    return report if known is None or report.rank >= known.rank else known
