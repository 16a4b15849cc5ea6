"""What every signal is, and why transactions change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

__all__ = ["Cause", "Happening", "Signal"]


@dataclass(frozen=True, slots=True)
class Signal:
    """Anything that is told."""


@dataclass(frozen=True, slots=True)
class Happening(Signal):
    """What the owner of a station sees, too."""


class Cause(Enum):
    """Why something about a transaction was told; each family has its own word for it."""

    PLUGGED = auto()
    UNPLUGGED = auto()
    AUTHORIZED = auto()
    DEAUTHORIZED = auto()
    LOCAL_STOP = auto()
    REMOTE_START = auto()
    REMOTE_STOP = auto()
    RESET_HARD = auto()
    RESET_SOFT = auto()
    REBOOTED = auto()
    EV_TIMEOUT = auto()
    CHARGING_STATE = auto()
    RATE_CHANGED = auto()
    OPERATION_MODE = auto()
    TRANSFER_REJECTED = auto()
    LIMIT_SET = auto()
    COST_LIMIT = auto()
    ENERGY_LIMIT = auto()
    TIME_LIMIT = auto()
    SOC_LIMIT = auto()
    RUNNING_COST = auto()
    TARIFF_CHANGED = auto()
    TARIFF_REFUSED = auto()
    POWER_LOST = auto()
    RESET_AND_RESUME = auto()
    RESUMED = auto()
    MASTER_PASS = auto()
    UNLOCKED = auto()
    FAULT = auto()
    PERIODIC = auto()
    CLOCK = auto()
    TRIGGERED = auto()
