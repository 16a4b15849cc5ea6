"""Whether who signs an image leads to a root of its manufacturer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography import x509

from chargeplane.csms.firmware.signing import SignatureFault, Signer, signer_of
from chargeplane.runtime.pki import (
    PkiFault,
    Untrusted,
    certificates_of_pem,
    common_name,
    fingerprint,
    path_to_root,
)
from chargeplane.runtime.store import storable

__all__ = ["IsRevoked", "Proof", "proof_of"]

IsRevoked = Callable[[x509.Certificate], bool]


class Proof(NamedTuple):
    """What is known of the certificate of a signer."""

    signer: Signer | None = None
    """None: it cannot sign."""
    root_fingerprint: str | None = None
    root_name: str | None = None
    fault: str | None = None
    """Why there is no root."""
    is_acceptable: bool = False
    """Whether nothing else is wrong than that the root is none that we trust."""


def proof_of(
    pem: str,
    intermediates: str | None,
    roots: Sequence[x509.Certificate],
    now: datetime,
    is_revoked: IsRevoked,
) -> Proof:
    """Look for the way from who signs to a root.

    Args:
        pem: the certificate of the signer; others may follow.
        intermediates: more that may stand between, in PEM.
        roots: of manufacturers.
        now: the time at which they have to be valid.
        is_revoked: whether one of them counts no longer.
    """
    try:
        signer = signer_of(pem, now)
    except SignatureFault as fault:
        return Proof(fault=storable(str(fault)))
    try:
        leaf, *others = certificates_of_pem(pem)
        if intermediates:
            others += certificates_of_pem(intermediates)
        *_, root = path_to_root(leaf, others, roots, now, is_revoked)
    except PkiFault as fault:
        return Proof(signer, fault=storable(str(fault)), is_acceptable=isinstance(fault, Untrusted))
    name = common_name(root.subject) or f"{root.serial_number:x}"
    return Proof(signer, fingerprint(root), storable(name))
