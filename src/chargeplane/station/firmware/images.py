"""Firmware images of a virtual station: a line that says what is in them, then the bytes."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as NotBase64
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

__all__ = ["image", "is_certificate", "is_signed_by", "version_of"]


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


def is_certificate(pem: str, now: datetime) -> bool:
    """Whether a text is a certificate that is valid now (L01.FR.21)."""
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return False
    return found.not_valid_before_utc <= now <= found.not_valid_after_utc


def is_signed_by(data: bytes, signature: str, pem: str) -> bool:
    """Whether the signature over the whole image is right (L01.FR.04); RSA-PSS or ECDSA."""
    try:
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
        raw = b64decode(signature, validate=True)
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO)
            key.verify(raw, data, pss, SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(raw, data, ec.ECDSA(SHA256()))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, NotBase64, ValueError):
        return False
    return True
