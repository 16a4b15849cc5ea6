"""A transaction as the station remembers it, for both families."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from chargeplane.domain.tokens import IdToken
from chargeplane.station.signals.sessions import LimitKind

__all__ = ["Transaction"]


@dataclass(slots=True)
class Transaction:
    """From the first message about it to the last."""

    id: str
    """Made by us; the wire id of 2.x."""
    evse_id: int
    connector_id: int
    started_at: datetime
    meter_start_wh: int
    token: IdToken | None = None
    group_id: str | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    told_reservation: bool = False
    wire_id: int | None = None
    """1.x: what the central system answered; None until it has."""
    seq_no: int = -1
    """2.x: of the last event; the first one is 0."""
    told_evse: bool = False
    told_connector: bool = False
    told_token: bool = False
    told_remote_start: bool = False
    """2.x: each is said once (E01.FR.16)."""
    limits: dict[LimitKind, float] = field(default_factory=dict)
    """2.1: what its energy transfer must not exceed (E16)."""
    limits_of_csms: dict[LimitKind, float] = field(default_factory=dict)
    """Which of them the central system has set, last."""
    untold_limits: dict[LimitKind, float] = field(default_factory=dict)
    """What the next event confirms."""
    operation_mode: str = ""
    """2.1: how charging profiles steer it, once that has changed (K01.FR.110)."""
    begun: str = ""
    """1.x: the meter values of the start, as JSON, for StopTransaction."""
    has_ended: bool = False
    """Remembered as long as messages of it wait."""

    def next_seq_no(self) -> int:
        """Count one more event."""
        self.seq_no += 1
        return self.seq_no
