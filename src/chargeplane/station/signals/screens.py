"""What people and machines at a station do and see: screens, payment terminals, battery slots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chargeplane.domain.tokens import IdToken
from chargeplane.station.signals.signal import Happening, Signal

__all__ = [
    "BatteryInserted",
    "BatteryTaken",
    "CostShown",
    "MessageShown",
    "PaymentEnded",
    "SwapOffered",
    "VatNumberGiven",
    "WebPaymentStarted",
]


@dataclass(frozen=True, slots=True)
class MessageShown(Happening):
    """A message has come onto the screen."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class CostShown(Happening):
    """The running or final cost of a transaction is shown (I02.FR.03, I03.FR.03)."""

    transaction_id: str
    total_cost: float


@dataclass(frozen=True, slots=True)
class WebPaymentStarted(Happening):
    """Somebody pays for an EVSE on the web, and nobody else shall start there (C25.FR.22)."""

    evse_id: int
    timeout_s: int


@dataclass(frozen=True, slots=True)
class PaymentEnded(Signal):
    """The payment terminal has settled, or could not (C20-C22)."""

    psp_ref: str
    status: str
    """Settled, Canceled, Rejected or Failed."""
    amount: float
    transaction_id: str = ""


@dataclass(frozen=True, slots=True)
class VatNumberGiven(Signal):
    """A driver types his VAT number, for the receipt."""

    vat_number: str
    evse_id: int
    done: Callable[[bool], None]
    """Told whether it is valid."""


@dataclass(frozen=True, slots=True)
class SwapOffered(Happening):
    """A slot is open for the batteries of a driver (S01.FR.01)."""

    token: IdToken
    request_id: int


@dataclass(frozen=True, slots=True)
class BatteryInserted(Signal):
    """A driver puts a battery into a slot (S03.FR.01)."""

    evse_id: int
    serial_number: str
    soc_percent: float


@dataclass(frozen=True, slots=True)
class BatteryTaken(Signal):
    """A driver takes a battery out of a slot (S03.FR.03)."""

    evse_id: int
