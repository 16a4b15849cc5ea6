"""Of transactions: how they begin, go on, are measured and end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chargeplane.domain.tokens import IdToken
from chargeplane.station.signals.signal import Cause, Happening, Signal

__all__ = [
    "CostAsked",
    "LimitKind",
    "LimitsWanted",
    "ResetWanted",
    "SampleDue",
    "StartWanted",
    "StopWanted",
    "TariffRefused",
    "TransactionEnded",
    "TransactionResumed",
    "TransactionStarted",
    "UpdateWanted",
]


@dataclass(frozen=True, slots=True)
class TransactionStarted(Happening):
    """A transaction is running."""

    evse_id: int
    transaction_id: str


@dataclass(frozen=True, slots=True)
class TransactionResumed(Happening):
    """A transaction goes on after the station, or the EVSE, was away."""

    evse_id: int
    transaction_id: str


@dataclass(frozen=True, slots=True)
class TransactionEnded(Happening):
    """A transaction is over; its last message is sent or waits."""

    evse_id: int
    transaction_id: str
    cause: Cause
    energy_wh: int


class LimitKind(StrEnum):
    """What a transaction can be limited in, in the words of TxCtrlr.SupportedLimits (2.1)."""

    COST = "maxCost"
    """With taxes, in the currency of the tariff."""
    ENERGY = "maxEnergy"
    """In Wh."""
    TIME = "maxTime"
    """In seconds from its start."""
    SOC = "maxSoC"
    """In percent."""


@dataclass(frozen=True, slots=True)
class LimitsWanted(Signal):
    """Limit the transaction of an EVSE, or the next one there if a driver wants it (E16)."""

    evse_id: int
    limits: Mapping[LimitKind, float]
    by_csms: bool = False


@dataclass(frozen=True, slots=True)
class CostAsked(Signal):
    """Tell what a transaction costs so far, with taxes, if the station itself knows."""

    transaction_id: str
    told: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class TariffRefused(Signal):
    """The driver at an EVSE does not accept the tariff (2.1)."""

    evse_id: int


@dataclass(frozen=True, slots=True)
class StartWanted(Signal):
    """The central system wants a transaction."""

    evse_id: int
    token: IdToken
    remote_start_id: int | None = None
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class StopWanted(Signal):
    """A transaction has to end."""

    evse_id: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class ResetWanted(Signal):
    """Interrupt the transaction of an EVSE for a reset; it goes on afterwards (2.1 B13)."""

    evse_id: int
    with_station: bool
    """Whether the whole station reboots."""


@dataclass(frozen=True, slots=True)
class UpdateWanted(Signal):
    """Tell of a transaction for this cause, if there is one."""

    evse_id: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class SampleDue(Signal):
    """Report meter values of an EVSE now."""

    evse_id: int
    cause: Cause
    in_transaction: bool = True
    """False: as values that belong to no transaction, even if there is one (2.x MeterValues)."""
