"""Key pairs: which kinds we make, which are strong enough, and how they lie in files."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

__all__ = [
    "KeyKind",
    "PkiFault",
    "PrivateKey",
    "PublicKey",
    "hash_for",
    "key_from_pem",
    "new_key",
    "pem_of_key",
    "strong",
    "weakness_of",
]

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey: TypeAlias = (
    ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed448.Ed448PublicKey | ed25519.Ed25519PublicKey
)

RSA_BITS_MIN: Final = 2048
"""A00.FR.502."""
EC_BITS_MIN: Final = 224
"""A00.FR.503."""
RSA_BITS_MAX: Final = 8192
"""A longer one would only be there to keep us busy."""


class PkiFault(Exception):
    """A key, certificate or request that cannot be used; the words are for people."""


class KeyKind(StrEnum):
    """What we make."""

    P256 = "p256"
    P384 = "p384"
    P521 = "p521"
    RSA2048 = "rsa2048"
    RSA3072 = "rsa3072"


_MAKE: Final[dict[KeyKind, Callable[[], PrivateKey]]] = {
    KeyKind.P256: lambda: ec.generate_private_key(ec.SECP256R1()),
    KeyKind.P384: lambda: ec.generate_private_key(ec.SECP384R1()),
    KeyKind.P521: lambda: ec.generate_private_key(ec.SECP521R1()),
    KeyKind.RSA2048: lambda: rsa.generate_private_key(65537, 2048),
    KeyKind.RSA3072: lambda: rsa.generate_private_key(65537, 3072),
}


def new_key(kind: KeyKind = KeyKind.P256) -> PrivateKey:
    """A key pair."""
    return _MAKE[kind]()


def hash_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """The hash that a key signs with: as strong as the key."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 384:
        return hashes.SHA512()
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 256:
        return hashes.SHA384()
    return hashes.SHA256()


def weakness_of(key: object) -> str | None:
    """Why a public key must not be trusted; None if it may (A00.FR.501 to .503)."""
    if isinstance(key, rsa.RSAPublicKey):
        if not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
            return f"an RSA key has {RSA_BITS_MIN} to {RSA_BITS_MAX} bits, not {key.key_size}"
        if key.public_numbers().e < 65537:
            return "the exponent of the RSA key is too small"
        return None
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.key_size < EC_BITS_MIN:
            return f"the curve {key.curve.name} has fewer than {EC_BITS_MIN} bits"
        return None
    if isinstance(key, ed448.Ed448PublicKey | ed25519.Ed25519PublicKey):
        return None
    return "a key is RSA or on an elliptic curve"


def strong(key: object) -> PublicKey:
    """A public key that may be trusted.

    Raises:
        PkiFault: why it must not.
    """
    weakness = weakness_of(key)
    if weakness is not None or not isinstance(key, PublicKey):
        raise PkiFault(weakness or "a key is RSA or on an elliptic curve")
    return key


def pem_of_key(key: PrivateKey, passphrase: bytes | None = None) -> bytes:
    """A key as it lies in a file, encrypted if there is a passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption(),
    )


def key_from_pem(pem: bytes, passphrase: bytes | None = None) -> PrivateKey:
    """The key out of a file.

    Raises:
        PkiFault: it is no key that we can use, or the passphrase is wrong.
    """
    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PkiFault(f"no private key, or another passphrase: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise PkiFault("a private key is RSA or on an elliptic curve")
    return key
