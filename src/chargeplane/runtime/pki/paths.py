"""Certification paths (RFC 5280, 6): from a certificate to a root that somebody trusts.

Stricter than ``fault_of_chain``: lengths of paths, key usages, hashes, critical extensions and
revocation count as well, and where an authority has several certificates each of them is tried.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID

from chargeplane.runtime.pki.certificates import (
    CHAIN_MAX,
    UNREADABLE,
    common_name,
    fingerprint,
    has_issued,
)
from chargeplane.runtime.pki.keys import PkiFault, weakness_of

__all__ = ["Untrusted", "fault_of_authority", "path_to_root"]

_WEAK: Final = (hashes.MD5, hashes.SHA1)
_KNOWN: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
IsRevoked = Callable[[x509.Certificate], bool]
T = TypeVar("T", bound=x509.ExtensionType)


class Untrusted(PkiFault):
    """Nothing is wrong with a certificate, but it leads to nobody who is trusted."""


def path_to_root(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    now: datetime,
    is_revoked: IsRevoked = lambda _: False,
    *,
    leaf_at: datetime | None = None,
) -> tuple[x509.Certificate, ...]:
    """The way from a certificate to a root, both included.

    Args:
        leaf: where it begins.
        others: what may stand between.
        roots: whom somebody trusts; each of them ends a path, whoever has issued it.
        now: the time at which all of them have to be valid.
        is_revoked: whether one below the root counts no longer.
        leaf_at: the time at which the first one has to be valid; None: now.

    Raises:
        Untrusted: it does not lead to any of the roots.
        PkiFault: something else is wrong on the way; the text says what.
    """
    search = _Search([*roots, *others], frozenset(map(fingerprint, roots)), now, is_revoked)
    try:
        if fault := search.fault_of(leaf, leaf_at or now):
            raise PkiFault(f"{_shown(leaf)} {fault}")
        found = search.path(leaf)
    except UNREADABLE as error:
        raise PkiFault(f"a certificate cannot be read: {error}") from error
    if found is not None:
        return found
    if search.faults:
        raise PkiFault(search.faults[0])
    raise Untrusted("it does not lead to a root that we trust")


def fault_of_authority(certificate: x509.Certificate, below: int = 0) -> str | None:
    """Why a certificate cannot issue others; None if it can.

    Args:
        certificate: which.
        below: how many authorities stand between it and who is not one.
    """
    try:
        constraints = _extension(certificate, x509.BasicConstraints)
        usage = _extension(certificate, x509.KeyUsage)
    except UNREADABLE as error:
        return f"cannot be read: {error}"
    if constraints is None or not constraints.ca:
        return "is no authority"
    if usage is not None and not usage.key_cert_sign:
        return "may not sign certificates"
    if constraints.path_length is not None and below > constraints.path_length:
        return f"allows {constraints.path_length} authorities below it, not {below}"
    return None


@dataclass
class _Search:
    """Looks for the shortest path."""

    known: Sequence[x509.Certificate]
    trusted: frozenset[str]
    now: datetime
    is_revoked: IsRevoked
    faults: list[str] = field(default_factory=list)
    """What is wrong with those who have issued one on the way."""

    def path(self, leaf: x509.Certificate) -> tuple[x509.Certificate, ...] | None:
        """The shortest path to a root, or None."""
        paths: deque[tuple[x509.Certificate, ...]] = deque([(leaf,)])
        left = [each for each in self.known if each != leaf]
        while paths:
            path = paths.popleft()
            if fingerprint(path[-1]) in self.trusted:
                return path
            # Each is tried once: whatever is wrong with it here is so on a longer path too.
            issuers = [each for each in left if has_issued(each, path[-1])]
            left = [each for each in left if each not in issuers]
            if len(path) < CHAIN_MAX:
                paths += [(*path, each) for each in issuers if self._may_issue(each, path)]
        return None

    def _may_issue(self, issuer: x509.Certificate, path: tuple[x509.Certificate, ...]) -> bool:
        # Who has the same name above is a renewal, which does not make a path longer.
        below = sum(each.issuer != each.subject for each in path[1:])
        fault = fault_of_authority(issuer, below) or self.fault_of(issuer, self.now)
        if fault is not None:
            self.faults.append(f"{_shown(issuer)} {fault}")
        return fault is None

    def fault_of(self, each: x509.Certificate, at: datetime) -> str | None:
        """What is wrong with a certificate by itself."""
        if not each.not_valid_before_utc <= at <= each.not_valid_after_utc:
            return "is not valid now"
        if weakness := weakness_of(each.public_key()):
            return f"has a weak key: {weakness}"
        strange = [one for one in each.extensions if one.critical and one.oid not in _KNOWN]
        if strange:
            return f"has a critical extension that we do not know: {strange[0].oid.dotted_string}"
        if fingerprint(each) in self.trusted:
            return None  # who has signed a root, and how, is nobody's question
        if isinstance(each.signature_hash_algorithm, _WEAK):
            return f"is signed with {each.signature_hash_algorithm.name}"
        return "is revoked" if self.is_revoked(each) else None


def _extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _shown(certificate: x509.Certificate) -> str:
    return repr(common_name(certificate.subject) or f"{certificate.serial_number:x}")
