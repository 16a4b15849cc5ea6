"""What lifting and lowering give back: a message, and all that is not the same in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from chargeplane.ocpp.wire import Request, Response

__all__ = ["Lifted", "Lowered", "Remark"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One place where the new message says something else, or less, than the old one."""

    path: str
    """JSON path in the message that was given: ``$.meterValue[0].sampledValue[1]``. Of a field
    that was missing there and had to be assumed: its path in the new message."""
    reason: str
    value: Any = None
    """What stood there, as plain data with wire names; None where nothing did."""


class Lifted(NamedTuple):
    """A message in the newest version of its family."""

    message: Request | Response
    remarks: tuple[Remark, ...] = ()


class Lowered(NamedTuple):
    """A message in an older version, or None where it cannot be said there."""

    message: Request | Response | None
    losses: tuple[Remark, ...] = ()
    """Never empty where there is no message."""
