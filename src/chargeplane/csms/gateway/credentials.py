"""What a visitor proves, held against what is known of the station (A00).

The identity of the address, the user name and the certificate must agree. A station is pinned to
its profile: a better proof than its own does not count either (A00.FR.001), but for the one that it
is on the way to (A05), and a password that it has just been given (A01). A certificate that has
ended or is the factory's counts where an operator allows it, to get another one and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

from chargeplane.csms.inventory import Known
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.pki import PkiFault, from_der, names_of, organization

__all__ = ["ALL_PROFILES", "Entrance", "IsRevoked", "Proof", "Renewals", "Visitor", "proof_of"]

ALL_PROFILES = frozenset({0, 1, 2, 3})

IsRevoked = Callable[[bytes], bool]
"""Whether a certificate, in DER, counts no longer."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """A port for stations, and what may come in there."""

    name: str
    profiles: frozenset[int] = ALL_PROFILES
    checks_times: bool = True
    """False: TLS lets certificates in that have ended, and ``Renewals`` judges of all of them."""


class Renewals(Protocol):
    """Which stations may come by a certificate that only serves to get another one."""

    def names(self, tenant_id: UUID, station_id: str) -> frozenset[str] | None:
        """None: nobody allows it now. Else the names that its certificate may bear as well."""
        ...

    def has_ended(self, certificate: bytes) -> bool | None:
        """Whether a certificate, in DER, is over; None: it does not count, over or not."""
        ...


class Visitor(NamedTuple):
    """Somebody who says which station it is, over WebSocket or SOAP."""

    identity: str
    name: str | None
    """Of HTTP Basic authentication."""
    password: bytes | None
    host: str
    is_encrypted: bool
    offered: tuple[str, ...]
    """What it can speak."""
    certificate: bytes | None = None
    """In DER; the handshake has checked it to a root that we trust, and its times."""
    entrance: Entrance | None = None
    can_renew: bool = False
    """It has a connection, over which it can be asked for another certificate."""


class Proof(NamedTuple):
    """A station is who it says."""

    profile: int
    fingerprint: str
    """Of the credential, to tell one station that dials twice from two."""
    is_new_password: bool = False
    """It came with the password that it was given last."""
    lack: str = ""
    """Why its certificate only serves to get another one; empty: it is good."""


def proof_of(
    visitor: Visitor,
    known: Known,
    passwords: Passwords,
    *,
    profile_min: int = 0,
    operator: str = "",
    is_revoked: IsRevoked = lambda _: False,
    renewals: Renewals | None = None,
) -> Proof | None:
    """What a visitor proves; None if that is not enough."""
    allowed = {known.security_profile}
    if known.next_security_profile is not None:
        allowed.add(known.next_security_profile)
    if visitor.entrance is not None:
        allowed &= visitor.entrance.profiles
    allowed = {each for each in allowed if each >= profile_min}
    lack = _lack(visitor, known, operator, is_revoked, renewals)
    if lack is None:
        return None
    if visitor.name is not None and visitor.name != known.id and allowed != {0}:
        return None
    profile = 2 if visitor.is_encrypted else 1
    # Before the certificate: between 2 and 3, a station with profile 2 may show that as well.
    if profile in allowed and (proof := _by_password(visitor, known, passwords, profile)):
        return proof
    if visitor.certificate is not None and 3 in allowed:
        return Proof(3, hashlib.sha256(visitor.certificate).hexdigest()[:16], lack=lack)
    if 0 in allowed:
        return Proof(0, hashlib.sha256(visitor.password or b"").hexdigest()[:16])
    return None


def _by_password(
    visitor: Visitor, known: Known, passwords: Passwords, profile: int
) -> Proof | None:
    password = visitor.password
    if password is None or visitor.name is None:
        return None
    fingerprint = hashlib.sha256(password).hexdigest()[:16]
    if known.next_password_hash and passwords.is_right(password, known.next_password_hash):
        return Proof(profile, fingerprint, is_new_password=True)
    if known.password_hash and passwords.is_right(password, known.password_hash):
        return Proof(profile, fingerprint)
    return None


def _lack(
    visitor: Visitor,
    known: Known,
    operator: str,
    is_revoked: IsRevoked,
    renewals: Renewals | None,
) -> str | None:
    """Why a certificate only serves to get another one; None: it does not even that.

    Empty: it is good, or there is none.
    """
    certificate = visitor.certificate
    if certificate is None:
        return ""
    try:
        found = from_der(certificate)
    except PkiFault:
        return None
    names = names_of(found)
    others = renewals.names(known.tenant_id, known.id) if visitor.can_renew and renewals else None
    # The name of a station, or its serial number (A00.FR.405; 1.6: A00.FR.405).
    is_known = bool(names & {known.id, known.serial_number})
    if not (is_known or (others and names & others)) or is_revoked(certificate):
        return None
    has_ended: bool | None = False
    if visitor.entrance is not None and not visitor.entrance.checks_times:
        has_ended = renewals.has_ended(certificate) if renewals else None
    lack = ""
    if has_ended is None:
        return None
    if has_ended:  # A00.FR.429, .807
        lack = f"its certificate ended on {found.not_valid_after_utc:%Y-%m-%d}"
    elif operator and organization(found.subject) != operator:  # A00.FR.404, .406, .806
        lack = "its certificate is not the operator's"
    elif not is_known:
        lack = "its certificate bears a serial number that it has not reported yet"
    return None if lack and others is None else lack
