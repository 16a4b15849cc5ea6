"""Revocation lists of other authorities (RFC 5280, 5): reading, verifying and asking them.

(certificates, lists) = contents_of(file)         # PEM may hold both, DER holds one list
foreign = verified(lists[0], [*roots, *certificates], roots, now)
foreign.has(certificate)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from chargeplane.runtime.pki.certificates import (
    UNREADABLE,
    between,
    common_name,
    fault_of_chain,
    has_issued,
    readable,
)
from chargeplane.runtime.pki.keys import PkiFault, PublicKey

__all__ = ["LIST_BYTES_MAX", "ForeignList", "contents_of", "verified"]

LIST_BYTES_MAX: Final = 16 * 1024 * 1024
"""Some 400,000 revoked certificates."""
LISTS_MAX: Final = 16
"""In one file."""
CERTIFICATES_MAX: Final = 32
_AHEAD: Final = timedelta(minutes=10)
_BLOCK: Final = re.compile(rb"-----BEGIN (X509 CRL|CERTIFICATE)-----.+?-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ForeignList:
    """What an authority has revoked."""

    issuer: x509.Certificate
    serial_numbers: frozenset[int]
    this_update: datetime
    next_update: datetime | None

    def has(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate is on it: by number and by who has signed it."""
        return certificate.serial_number in self.serial_numbers and has_issued(
            self.issuer, certificate
        )

    def is_outdated(self, now: datetime) -> bool:
        """Whether there should be a newer one."""
        return self.next_update is not None and self.next_update < now


def contents_of(
    raw: bytes,
) -> tuple[list[x509.Certificate], list[x509.CertificateRevocationList]]:
    """The certificates and the lists of a file.

    Raises:
        PkiFault: it holds no list, too many, or something that cannot be read.
    """
    if len(raw) > LIST_BYTES_MAX:
        raise PkiFault(f"more than {LIST_BYTES_MAX} bytes of revocation lists")
    certificates: list[x509.Certificate] = []
    lists: list[x509.CertificateRevocationList] = []
    try:
        if b"-----BEGIN " not in raw:
            lists.append(x509.load_der_x509_crl(raw))
        for block in _BLOCK.finditer(raw):
            if block[1] == b"CERTIFICATE":
                certificates.append(readable(x509.load_pem_x509_certificate(block[0])))
            else:
                lists.append(x509.load_pem_x509_crl(block[0]))
            if len(lists) > LISTS_MAX or len(certificates) > CERTIFICATES_MAX:
                raise PkiFault(f"more than {LISTS_MAX} lists or {CERTIFICATES_MAX} certificates")
    except UNREADABLE as error:
        raise PkiFault(f"no revocation list: {error}") from error
    if not lists:
        raise PkiFault("no revocation list")
    return certificates, lists


def verified(
    found: x509.CertificateRevocationList,
    candidates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    now: datetime,
) -> ForeignList:
    """A list that counts. One that is out of date counts on: who was revoked stays so.

    Args:
        found: the list.
        candidates: who may have issued it, and those between them and the roots.
        roots: whom we trust.
        now: the time.

    Raises:
        PkiFault: nobody whom we trust has signed it, or it is of a kind that we do not know.
    """
    try:
        _refuse_kinds(found)
        issuer = _issuer(found, candidates)
        name = common_name(found.issuer)
        numbers = frozenset(each.serial_number for each in found)
    except UNREADABLE as error:
        raise PkiFault(f"no revocation list: {error}") from error
    if issuer is None:
        raise PkiFault(f"the list of {name!r} is not signed by anybody whom we know by this name")
    if fault := fault_of_chain([issuer, *between(issuer, candidates)], roots, now):
        raise PkiFault(f"the authority {name!r} of a list: {fault}")
    if found.last_update_utc > now + _AHEAD:
        raise PkiFault(f"the list of {name!r} is of {found.last_update_utc:%Y-%m-%d %H:%M}")
    return ForeignList(issuer, numbers, found.last_update_utc, found.next_update_utc)


def _issuer(
    found: x509.CertificateRevocationList, candidates: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    return next(
        (
            each
            for each in candidates
            if each.subject == found.issuer and _may_sign(each) and _has_signed(each, found)
        ),
        None,
    )


def _may_sign(issuer: x509.Certificate) -> bool:
    try:
        if not issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound as missing:
        return missing.oid == x509.KeyUsage.oid  # who says nothing of it may (RFC 5280, 4.2.1.3)


def _has_signed(issuer: x509.Certificate, found: x509.CertificateRevocationList) -> bool:
    key = issuer.public_key()
    return isinstance(key, PublicKey) and found.is_signature_valid(key)


def _refuse_kinds(found: x509.CertificateRevocationList) -> None:
    """Whoever does not know a critical extension must not believe the list (RFC 5280, 5.2)."""
    for each in found.extensions:
        kind = each.value
        if isinstance(kind, x509.DeltaCRLIndicator):
            raise PkiFault("a list of changes alone (delta CRL) is of no use")
        if isinstance(kind, x509.IssuingDistributionPoint):
            if kind.indirect_crl or kind.only_some_reasons or kind.only_contains_attribute_certs:
                raise PkiFault("a list for others, for some reasons, or for attributes")
        elif each.critical:
            raise PkiFault(f"the list has an extension that we do not know: {each.oid}")
