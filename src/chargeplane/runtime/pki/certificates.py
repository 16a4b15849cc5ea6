"""Certificates: reading them, the hashes by which OCPP names them, and chains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from chargeplane.runtime.pki.keys import PkiFault, weakness_of

__all__ = [
    "UNREADABLE",
    "CertificateHashes",
    "between",
    "certificates_of_pem",
    "common_name",
    "der_of",
    "fault_of_chain",
    "fingerprint",
    "from_der",
    "has_issued",
    "hashes_of",
    "names_of",
    "organization",
    "pem_of",
    "readable",
]

ALGORITHMS: Final[dict[str, hashes.HashAlgorithm]] = {
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}
_ASKED_BY: Final = ALGORITHMS | {"SHA1": hashes.SHA1()}
"""What OCSP clients name certificates by; OCPP has no SHA-1. It names, and proves nothing."""
UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What ``cryptography`` says of certificates and requests that somebody made to trouble us."""
CHAIN_MAX: Final = 8
PEM_BYTES_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class CertificateHashes:
    """How OCPP names a certificate (CertificateHashDataType; RFC 6960, 4.1.1).

    Hexadecimal; compare without regard to case, and serial numbers without leading zeros.
    """

    algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What is compared."""
        return (
            self.algorithm.upper(),
            self.issuer_name_hash.lower(),
            self.issuer_key_hash.lower(),
            self.serial_number.lower().lstrip("0"),
        )


def hashes_of(
    certificate: x509.Certificate, issuer: x509.Certificate, algorithm: str = "SHA256"
) -> CertificateHashes:
    """The hashes of a certificate; the issuer of a root is itself.

    Raises:
        PkiFault: there is no such algorithm.
    """
    kind = _ASKED_BY.get(algorithm.upper())
    if kind is None:
        raise PkiFault(f"certificates are not named by {algorithm}")
    key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return CertificateHashes(
        algorithm,
        _digest(certificate.issuer.public_bytes(), kind),
        _digest(_bits_of_key(key), kind),
        f"{certificate.serial_number:x}",
    )


def _digest(data: bytes, kind: hashes.HashAlgorithm) -> str:
    digest = hashes.Hash(kind)
    digest.update(data)
    return digest.finalize().hex()


def _bits_of_key(info: bytes) -> bytes:
    """The BIT STRING of a SubjectPublicKeyInfo without its tag, length and unused bits."""
    at = _after_head(info, 0)  # into the outer SEQUENCE
    at = _end_of(info, at)  # past the algorithm
    return info[_after_head(info, at) + 1 :]


def _after_head(data: bytes, at: int) -> int:
    first = data[at + 1]
    return at + 2 + (first & 0x7F if first & 0x80 else 0)


def _end_of(data: bytes, at: int) -> int:
    first, start = data[at + 1], _after_head(data, at)
    length = int.from_bytes(data[at + 2 : start]) if first & 0x80 else first
    return start + length


def certificates_of_pem(pem: str | bytes) -> list[x509.Certificate]:
    """All certificates of a text, the leaf first where it is a chain.

    Raises:
        PkiFault: there is none, there are too many, or one cannot be read.
    """
    raw = pem.encode(errors="replace") if isinstance(pem, str) else pem
    if len(raw) > PEM_BYTES_MAX:
        raise PkiFault(f"more than {PEM_BYTES_MAX} bytes of certificates")
    try:
        found = [readable(each) for each in x509.load_pem_x509_certificates(raw)]
    except UNREADABLE as error:
        raise PkiFault(f"no PEM certificate: {error}") from error
    if len(found) > CHAIN_MAX:
        raise PkiFault(f"more than {CHAIN_MAX} certificates")
    return found


def from_der(der: bytes) -> x509.Certificate:
    """A certificate as TLS shows it.

    Raises:
        PkiFault: it cannot be read.
    """
    try:
        return readable(x509.load_der_x509_certificate(der))
    except UNREADABLE as error:
        raise PkiFault(f"no certificate: {error}") from error


def readable(certificate: x509.Certificate) -> x509.Certificate:
    """The same certificate, whose names, key and times will not fail when they are read later.

    Raises:
        ValueError: one of them cannot be read; also the others of ``UNREADABLE``.
    """
    for name in (certificate.subject, certificate.issuer):
        name.public_bytes()
    certificate.public_key()
    if certificate.not_valid_before_utc > certificate.not_valid_after_utc:
        raise ValueError("it ends before it begins")
    return certificate


def pem_of(certificates: Iterable[x509.Certificate]) -> str:
    """A chain as OCPP sends it."""
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)


def der_of(certificate: x509.Certificate) -> bytes:
    """The certificate in DER."""
    return certificate.public_bytes(Encoding.DER)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 over the whole certificate: the name that we give it."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def common_name(name: x509.Name) -> str:
    """The common name; empty if there is not exactly one."""
    return _only(name, NameOID.COMMON_NAME)


def organization(name: x509.Name) -> str:
    """The organisation; empty if there is not exactly one."""
    return _only(name, NameOID.ORGANIZATION_NAME)


def _only(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if len(found) == 1 else ""


def names_of(certificate: x509.Certificate) -> frozenset[str]:
    """The common name, and the alternative names that are host names or URIs."""
    names = {common_name(certificate.subject)}
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, *UNREADABLE):
        return frozenset(names - {""})
    names |= set(extension.value.get_values_for_type(x509.DNSName))
    names |= set(extension.value.get_values_for_type(x509.UniformResourceIdentifier))
    return frozenset(names - {""})


def fault_of_chain(
    chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], now: datetime
) -> str | None:
    """Why a chain, leaf first, does not lead to one of the roots; None if it does.

    Signatures, times, key strengths and who may sign are checked. Extended key usages are not: OCPP
    recommends to leave them out (A00.FR.514). Revocation is somebody else's question.
    """
    if not chain:
        return "there is no certificate"
    if weakness := weakness_of(chain[0].public_key()):
        return weakness
    for each in chain:
        if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
            return f"{common_name(each.subject)} is not valid now"
    current, rest = chain[0], list(chain[1:])
    trusted = {fingerprint(each) for each in roots}
    for _ in range(CHAIN_MAX):
        if fingerprint(current) in trusted:
            return None
        issuer = next((each for each in [*roots, *rest] if has_issued(each, current)), None)
        if issuer is None or issuer is current:
            break
        if not issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc:
            return f"{common_name(issuer.subject)} is not valid now"
        current = issuer
    return "it does not lead to a root that we trust"


def between(
    leaf: x509.Certificate, candidates: Iterable[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """Those of the candidates that stand between a certificate and its root, in order."""
    found, left, current = list[x509.Certificate](), list(candidates), leaf
    while len(found) < CHAIN_MAX:
        issuer = next((each for each in left if has_issued(each, current)), None)
        if issuer is None or issuer.issuer == issuer.subject:
            break
        left.remove(issuer)
        found.append(issuer)
        current = issuer
    return tuple(found)


def has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether an authority has signed a certificate; when, and whether it might, is not asked."""
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not constraints.ca:
            return False
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, *UNREADABLE):
        return False
    return True
