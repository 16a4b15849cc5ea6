"""Firmware images of a virtual station: a line that says what is in them, then the bytes."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from chargeplane.runtime.pki import PkiFault, certificates_of_pem, fault_of_chain

__all__ = ["image", "is_signed_by", "may_sign", "version_of"]


def image(version: str, content: bytes = b"") -> bytes:
    """An image that installs a version."""
    head = {"firmware": version, "sha256": sha256(content).hexdigest()}
    return json.dumps(head).encode() + b"\n" + content


def version_of(data: bytes) -> str | None:
    """The version in an image; None: its checksum is wrong, or it is no image (L01.FR.29)."""
    head, _, content = data.partition(b"\n")
    try:
        said = json.loads(head)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("sha256") != sha256(content).hexdigest():
        return None
    version = said.get("firmware")
    return version if isinstance(version, str) and 0 < len(version) <= 50 else None


def may_sign(pem: str, roots: Sequence[x509.Certificate], now: datetime) -> bool:
    """Whether a text is a certificate that is valid now (L01.FR.21), with its chain.

    Args:
        pem: the certificate, and those between it and a root.
        roots: of the manufacturer, as they are installed (L01.FR.02); none: everybody may sign.
        now: the time.
    """
    try:
        chain = certificates_of_pem(pem)
    except PkiFault:
        return False
    if not roots:
        return chain[0].not_valid_before_utc <= now <= chain[0].not_valid_after_utc
    return fault_of_chain(chain, roots, now) is None


def is_signed_by(data: bytes, signature: str, pem: str) -> bool:
    """Whether the signature over the whole image is right (L01.FR.04); RSA-PSS or ECDSA."""
    try:
        key = certificates_of_pem(pem)[0].public_key()
        raw = b64decode(signature, validate=True)
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO)
            key.verify(raw, data, pss, SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(raw, data, ec.ECDSA(SHA256()))
        else:
            return False
    except (InvalidSignature, PkiFault, UnsupportedAlgorithm, NotBase64, ValueError):
        return False
    return True
