"""OCSP (RFC 6960): asking whether a certificate still counts, and answering that of our own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from chargeplane.runtime.pki.authority import Authority
from chargeplane.runtime.pki.certificates import (
    ALGORITHMS,
    UNREADABLE,
    CertificateHashes,
    has_issued,
    hashes_of,
)
from chargeplane.runtime.pki.keys import PkiFault, hash_for
from chargeplane.runtime.pki.signatures import is_signed_by

__all__ = [
    "Standing",
    "answered",
    "asked_for",
    "question",
    "question_about",
    "standing_in",
    "standing_of",
]

ANSWER_LIFE: Final = timedelta(days=7)
"""How long a station may use an answer; 2.x asks again at least that often (M06.FR.10)."""
QUESTION_BYTES_MAX: Final = 4_096
_AHEAD: Final = timedelta(minutes=10)


class Standing(StrEnum):
    """What a responder says of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


def question(hashes_: CertificateHashes) -> bytes:
    """A request about a certificate that is known by its hashes alone, in DER.

    Raises:
        PkiFault: the hashes are none.
    """
    try:
        request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            bytes.fromhex(hashes_.issuer_name_hash),
            bytes.fromhex(hashes_.issuer_key_hash),
            int(hashes_.serial_number, 16),
            ALGORITHMS[hashes_.algorithm.upper()],
        )
        return request.build().public_bytes(Encoding.DER)
    except (ValueError, KeyError) as error:
        raise PkiFault(f"no hashes of a certificate: {error}") from error


def question_about(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """A request about a certificate, in DER; by SHA-1, which every responder knows (RFC 5019)."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())
    return builder.build().public_bytes(Encoding.DER)


def asked_for(der: bytes) -> CertificateHashes:
    """What a request is about.

    Raises:
        PkiFault: it cannot be read, or is too long.
    """
    if len(der) > QUESTION_BYTES_MAX:
        raise PkiFault(f"an OCSP request has at most {QUESTION_BYTES_MAX} bytes")
    try:
        request = ocsp.load_der_ocsp_request(der)
        return CertificateHashes(
            request.hash_algorithm.name.upper().replace("-", ""),
            request.issuer_name_hash.hex(),
            request.issuer_key_hash.hex(),
            f"{request.serial_number:x}",
        )
    except (ValueError, NotImplementedError, UnsupportedAlgorithm) as error:
        raise PkiFault(f"no OCSP request: {error}") from error


def answered(
    authority: Authority,
    find: Callable[[int], tuple[x509.Certificate | None, datetime | None]],
    serial_number: int,
    algorithm: str,
    now: datetime,
) -> bytes:
    """A signed answer of an authority about a certificate that it has issued, in DER.

    Args:
        authority: the issuer.
        find: the certificate of a serial number and when it was revoked; None: never issued.
        serial_number: which certificate.
        algorithm: of the hashes in the question.
        now: the time.
    """
    certificate, revoked_at = find(serial_number)
    if certificate is None:
        return unauthorized()
    status = ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate,
        issuer=authority.certificate,
        algorithm=ALGORITHMS.get(algorithm, hashes.SHA1()),  # RFC 6960's default
        cert_status=status,
        this_update=now,
        next_update=now + ANSWER_LIFE,
        revocation_time=revoked_at,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, authority.certificate)
    signed = builder.sign(authority.key, hash_for(authority.key))
    return signed.public_bytes(Encoding.DER)


def unauthorized() -> bytes:
    """The answer about a certificate that is not ours."""
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    return refusal.public_bytes(Encoding.DER)


def standing_in(der: bytes, issuer: x509.Certificate | None, now: datetime) -> Standing:
    """What an answer says.

    Args:
        der: the answer.
        issuer: whoever must have signed it; None: the signature is for the station to check.
        now: an answer that is too old says nothing.

    Raises:
        PkiFault: it is no answer, or not the issuer's.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Standing.UNKNOWN
        if issuer is not None:
            _verify(response, issuer)
        expires_at = response.next_update_utc
        if expires_at is not None and expires_at < now:
            return Standing.UNKNOWN
        return Standing(response.certificate_status.name.lower())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PkiFault(f"no OCSP answer: {error}") from error


def _verify(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> None:
    algorithm = response.signature_hash_algorithm
    signed = response.tbs_response_bytes
    if not is_signed_by(issuer.public_key(), response.signature, signed, algorithm):
        raise PkiFault("the OCSP answer is not signed by the issuer")


def standing_of(
    der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> tuple[Standing, datetime | None]:
    """What an answer says of a certificate, and until when that counts (RFC 6960, 3.2).

    It has to be about this certificate, be of now, and be signed by its issuer, or by somebody whom
    the issuer has made a responder.

    Raises:
        PkiFault: it is no answer, or one of these is not so.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Standing.UNKNOWN, None
        _verify(response, _signer(response, issuer, now))
        algorithm = response.hash_algorithm.name.upper().replace("-", "")
        mine = hashes_of(certificate, issuer, algorithm)
        told = response.issuer_key_hash.hex(), response.issuer_name_hash.hex()
        is_mine = (mine.issuer_key_hash, mine.issuer_name_hash) == told
        if response.serial_number != certificate.serial_number or not is_mine:
            raise PkiFault("the OCSP answer is about another certificate")
        until = response.next_update_utc
        if response.this_update_utc > now + _AHEAD or (until is not None and until < now):
            raise PkiFault("the OCSP answer is not of now")
        return Standing(response.certificate_status.name.lower()), until
    except UNREADABLE as error:
        raise PkiFault(f"no OCSP answer: {error}") from error


def _signer(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime
) -> x509.Certificate:
    """The issuer, or the responder that shows a certificate of the issuer for that."""
    for each in response.certificates:
        if each != issuer and has_issued(issuer, each) and _is_responder(each):
            if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
                raise PkiFault("the certificate of the OCSP responder is not valid now")
            return each
    return issuer


def _is_responder(certificate: x509.Certificate) -> bool:
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in uses
