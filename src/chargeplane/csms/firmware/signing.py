"""Signatures of images: what is uploaded is verified before any station is told of it (L01).

Who signs has to lead to a root of a manufacturer that the operator trusts (A00.FR.707).

The signature is over the whole image: RSA-PSS or ECDSA with SHA-256 (L01.FR.04), in Base64. It is
verified against the digest, so that an image need not be in memory.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID

from chargeplane.runtime.pki import (
    UNREADABLE,
    PkiFault,
    certificates_of_pem,
    common_name,
    weakness_of,
)

__all__ = ["SignatureFault", "Signer", "check_signature", "signer_of"]

_PURPOSES = {ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


class SignatureFault(Exception):
    """An image cannot be signed so. The text is for people."""


class Signer(NamedTuple):
    """Who signs, by the certificate."""

    name: str
    until: datetime


def signer_of(pem: str, now: datetime) -> Signer:
    """Who signs with a certificate; those behind it, up to a root, may follow.

    Raises:
        SignatureFault: it is none, counts not now, or its key is weak.
    """
    try:
        leaf = certificates_of_pem(pem)[0]
    except PkiFault as fault:
        raise SignatureFault(str(fault)) from fault
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise SignatureFault("the certificate does not count now")
    key = leaf.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise SignatureFault("stations know RSA and ECDSA alone")
    if weakness := weakness_of(key):
        raise SignatureFault(weakness)
    if not _may_sign(leaf):
        raise SignatureFault("the certificate is not for signing firmware")
    return Signer(common_name(leaf.subject), leaf.not_valid_after_utc)


def _may_sign(leaf: x509.Certificate) -> bool:
    """Who says nothing of the uses of a key may (A00.FR.512, .514)."""
    try:
        for each in leaf.extensions:
            if isinstance(each.value, x509.KeyUsage) and not each.value.digital_signature:
                return False
            if isinstance(each.value, x509.ExtendedKeyUsage) and not _PURPOSES & {*each.value}:
                return False
    except UNREADABLE:
        return False
    return True


def check_signature(sha256: str, signature: str, pem: str) -> None:
    """Hold an image against its signature.

    Raises:
        SignatureFault: it is not right.
    """
    digest, hashed = bytes.fromhex(sha256), Prehashed(SHA256())
    try:
        raw = b64decode(signature, validate=True)
        key = certificates_of_pem(pem)[0].public_key()
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO)
            key.verify(raw, digest, pss, hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(raw, digest, ec.ECDSA(hashed))
        else:
            raise SignatureFault("stations know RSA and ECDSA alone")
    except (InvalidSignature, UnsupportedAlgorithm, NotBase64, PkiFault, ValueError) as error:
        raise SignatureFault("the signature does not fit the file") from error
