"""What a visitor proves, held against what is known of the station (A00).

The identity of the address, the user name and the certificate must agree. A station is pinned to
its profile: a better proof than its own does not count either (A00.FR.001), but for the one that it
is on the way to (A05), and a password that it has just been given (A01).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from chargeplane.csms.inventory import Known
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.pki import PkiFault, from_der, names_of, organization

__all__ = ["ALL_PROFILES", "Entrance", "IsRevoked", "Proof", "Visitor", "proof_of"]

ALL_PROFILES = frozenset({0, 1, 2, 3})

IsRevoked = Callable[[bytes], bool]
"""Whether a certificate, in DER, counts no longer."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """A port for stations, and what may come in there."""

    name: str
    profiles: frozenset[int] = ALL_PROFILES


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


class Proof(NamedTuple):
    """A station is who it says."""

    profile: int
    fingerprint: str
    """Of the credential, to tell one station that dials twice from two."""
    is_new_password: bool = False
    """It came with the password that it was given last."""


def proof_of(
    visitor: Visitor,
    known: Known,
    passwords: Passwords,
    *,
    profile_min: int = 0,
    operator: str = "",
    is_revoked: IsRevoked = lambda _: False,
) -> Proof | None:
    """What a visitor proves; None if that is not enough."""
    allowed = {known.security_profile}
    if known.next_security_profile is not None:
        allowed.add(known.next_security_profile)
    if visitor.entrance is not None:
        allowed &= visitor.entrance.profiles
    allowed = {each for each in allowed if each >= profile_min}
    if visitor.certificate is not None and not _is_its_own(visitor, known, operator, is_revoked):
        return None
    if visitor.name is not None and visitor.name != known.id and allowed != {0}:
        return None
    profile = 2 if visitor.is_encrypted else 1
    # Before the certificate: between 2 and 3, a station with profile 2 may show that as well.
    if profile in allowed and (proof := _by_password(visitor, known, passwords, profile)):
        return proof
    if visitor.certificate is not None and 3 in allowed:
        return Proof(3, hashlib.sha256(visitor.certificate).hexdigest()[:16])
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


def _is_its_own(visitor: Visitor, known: Known, operator: str, is_revoked: IsRevoked) -> bool:
    """Whether a certificate is this station's (A00.FR.404, .405; 1.6: A00.FR.404, .405)."""
    assert visitor.certificate is not None
    try:
        certificate = from_der(visitor.certificate)
    except PkiFault:
        return False
    if operator and organization(certificate.subject) != operator:
        return False
    if not names_of(certificate) & {known.id, known.serial_number}:
        return False
    return not is_revoked(visitor.certificate)
