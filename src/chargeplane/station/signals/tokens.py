"""Of id tokens: presented, asked about, decided, refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chargeplane.domain.tokens import IdToken
from chargeplane.station.known_tokens import Known
from chargeplane.station.signals.signal import Happening, Signal

__all__ = [
    "AuthorizationWanted",
    "Decision",
    "DriverTariffHeard",
    "ReservationUsed",
    "Tapped",
    "TokenDecided",
    "TokenInfoHeard",
    "TokenRefused",
]


@dataclass(frozen=True, slots=True)
class Tapped(Signal):
    """A driver holds a token to the reader."""

    token: IdToken
    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class TokenDecided(Happening):
    """A token was presented, and this came of it."""

    token: IdToken
    accepted: bool
    status: str
    """The word of the central system, or of the station where it decided alone."""
    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a token may charge."""

    accepted: bool
    status: str
    group_id: str | None = None
    is_master: bool = False
    """Whether it is of the group that may end the transactions of all (C16)."""
    evse_ids: tuple[int, ...] = ()
    """Where alone it may charge; empty: everywhere."""


@dataclass(frozen=True, slots=True)
class AuthorizationWanted(Signal):
    """Find out about a token, and tell."""

    token: IdToken
    decided: Callable[[Decision], None]
    group_id: str | None = None
    """Of the transaction that it could end: if the station knows it to be of this group, it need
    not ask (C09.FR.07)."""


@dataclass(frozen=True, slots=True)
class DriverTariffHeard(Signal):
    """A token that is accepted brings a tariff of its own (2.1, I08)."""

    token: IdToken
    tariff: str
    """As JSON, as it stands on the wire."""
    refused: Callable[[str], None]
    """Told at once why the token must not charge after all, a reason code of 2.x."""


@dataclass(frozen=True, slots=True)
class TokenInfoHeard(Signal):
    """The central system said something of a token in an answer about a transaction."""

    known: Known


@dataclass(frozen=True, slots=True)
class TokenRefused(Signal):
    """The central system refuses the token of a transaction that is going on."""

    evse_id: int


@dataclass(frozen=True, slots=True)
class ReservationUsed(Signal):
    """The one for whom an EVSE was reserved has come (H03.FR.09)."""

    evse_id: int
    reservation_id: int
