"""Whether bytes were signed by a key."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import HashAlgorithm

__all__ = ["is_signed_by"]


def is_signed_by(
    key: object, signature: bytes, signed: bytes, algorithm: HashAlgorithm | None
) -> bool:
    """Whether this key made the signature: ECDSA, or RSA with the padding of certificates."""
    if algorithm is None:
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True
