"""Certificate signing requests: making one, and checking one that a station sends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from chargeplane.runtime.pki.certificates import UNREADABLE, common_name, organization
from chargeplane.runtime.pki.keys import PkiFault, PrivateKey, PublicKey, hash_for, strong

__all__ = ["SigningRequest", "checked_request", "new_request"]

REQUEST_CHARACTERS_MAX: Final = 5_500
"""SignCertificate.csr."""
_WEAK_HASHES: Final = (hashes.MD5, hashes.SHA1)


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """What is asked for, after all checks. Nothing else of it is ever signed by us."""

    key: PublicKey
    common_name: str
    organization: str
    der: bytes
    """The request itself, for another authority that wants to see it."""


def new_request(key: PrivateKey, name: str, organization: str) -> str:
    """A request in PEM, as a station makes it (A02.FR.05)."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
        ]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(key, hash_for(key)).public_bytes(Encoding.PEM).decode()


def checked_request(
    csr: str, names: Collection[str], organization_wanted: str | None = None
) -> SigningRequest:
    """A request that may be signed (A02.FR.06: the CSMS verifies it before it passes it on).

    The sender must have the key, the key must be strong, and the subject must be the sender.

    Args:
        csr: PEM; some stations send it without line ends, or as bare base64.
        names: by which the station is known; the common name must be one of them.
        organization_wanted: the operator; None: the station need not say it.

    Raises:
        PkiFault: what is wrong with it.
    """
    request = _loaded(csr)
    try:
        is_signed = request.is_signature_valid
        algorithm = request.signature_hash_algorithm
        key = strong(request.public_key())
        name, whose = common_name(request.subject), organization(request.subject)
    except UNREADABLE as error:
        raise PkiFault(f"the request cannot be used: {error}") from error
    if isinstance(algorithm, _WEAK_HASHES):
        raise PkiFault(f"the request is signed with {algorithm.name}")
    if not is_signed:
        raise PkiFault("the request is not signed with its own key")
    if name not in names:
        raise PkiFault(f"the request is for {name!r}, which is not the station")
    if organization_wanted is not None and whose != organization_wanted:
        raise PkiFault(f"the request names the organisation {whose!r}")
    return SigningRequest(key, name, whose, request.public_bytes(Encoding.DER))


def _loaded(csr: str) -> x509.CertificateSigningRequest:
    if len(csr) > REQUEST_CHARACTERS_MAX:
        raise PkiFault(f"a request has at most {REQUEST_CHARACTERS_MAX} characters")
    text = csr.strip().replace("\\n", "\n")
    if not text.startswith("-----"):
        text = f"-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n"
    try:
        return x509.load_pem_x509_csr(text.encode("ascii"))
    except UNREADABLE as error:
        raise PkiFault(f"no signing request: {error}") from error
