"""The journal: a log line for what people look for later, with the ids to look further.

Only what happens once in a while; every frame is in the flight recorder.
"""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Final

from chargeplane.domain.events import (
    Event,
    StationBooted,
    StationConnected,
    StationDisconnected,
    TransactionEnded,
    TransactionRepaired,
    TransactionStarted,
)

__all__ = ["NOTED", "note"]

_log = logging.getLogger(__name__)

_LINES: Final[dict[type[Event], tuple[str, tuple[str, ...]]]] = {
    StationConnected: (
        "station connected",
        ("ocpp_version", "transport", "security_profile", "remote_address", "epoch"),
    ),
    StationDisconnected: ("station disconnected", ("reason", "epoch")),
    StationBooted: (
        "station booted",
        ("vendor", "model", "firmware_version", "registration", "boot_reason"),
    ),
    TransactionStarted: ("transaction started", ("transaction_id", "wire_id", "offline")),
    TransactionEnded: ("transaction ended", ("transaction_id", "energy_wh", "stop_reason")),
    TransactionRepaired: ("transaction repaired", ("transaction_id", "energy_wh")),
}
NOTED: Final = tuple(_LINES)
"""The events that have a line."""


def _number(value: object) -> object:
    """A figure as whoever searches the log compares it: a decimal would be text there."""
    return float(value) if isinstance(value, Decimal) else value


def note(event: Event) -> None:
    """Write the line of an event, if it has one. A listener of the bus."""
    line = _LINES.get(type(event))
    if line is None or not _log.isEnabledFor(logging.INFO):
        return
    words, names = line
    facts = {name: _number(getattr(event, name)) for name in names}
    extra = {name: value for name, value in facts.items() if value is not None}
    if isinstance(event, TransactionRepaired):
        extra["remarks"] = [str(each.kind) for each in event.remarks]
    _log.info(words, extra={"station_id": event.station_id, **extra})
