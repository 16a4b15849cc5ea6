"""What a vehicle, or somebody at the station, wants to know about certificates (block M)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from chargeplane.station.signals.signal import Signal

__all__ = ["ContractWanted", "Revocation", "RevocationWanted"]


@dataclass(frozen=True, slots=True)
class ContractWanted(Signal):
    """A vehicle asks for its contract certificate, or a newer one (M01, M02)."""

    exi: str
    """The request of the vehicle, EXI in base64, which the station does not look into."""
    told: Callable[[str], None]
    """The answer for the vehicle, EXI in base64; empty: there is none."""
    is_update: bool = False
    schema: str = "urn:iso:15118:2:2013:MsgDef"


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is known of one certificate."""

    serial_number: str
    """In hexadecimal."""
    status: str
    """``Good``, ``Revoked``, ``Unknown``; ``Failed``: nobody could say."""
    answer: str = ""
    """The OCSP answer in base64, where the central system gives it (M06)."""


@dataclass(frozen=True, slots=True)
class RevocationWanted(Signal):
    """Find out whether certificates still count (M06, M07)."""

    chain: tuple[x509.Certificate, ...]
    """Each with its issuer behind it; the last, a root, is not asked about."""
    told: Callable[[list[Revocation]], None]
    of_vehicle: bool = False
    """Whether to ask for the chain at once, which 2.0.1 cannot."""
