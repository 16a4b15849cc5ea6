"""Private keys that lie in a hardware token and sign there; to everybody else they are like others.

A key is named by a URI (RFC 7512) without module and PIN: ``pkcs11:token=chargeplane;id=%4f...``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias
from urllib.parse import quote, unquote_to_bytes

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

from chargeplane.runtime.pki.keys import PkiFault, PrivateKey

if TYPE_CHECKING:
    from cryptography.utils import Buffer

__all__ = ["Sign", "key_in_token", "parts_of", "uri_of"]

URI_CHARACTERS_MAX: Final = 500

Sign: TypeAlias = Callable[[bytes, str], bytes]
"""Signs bytes by a mechanism of PKCS#11, such as ECDSA; raises ``PkiFault``."""


def key_in_token(uri: str, public: object, sign: Sign) -> PrivateKey:
    """The private key of a public one.

    Raises:
        PkiFault: keys of this kind are not for us.
    """
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _EllipticKey(uri, public, sign)
    if isinstance(public, rsa.RSAPublicKey):
        return _RsaKey(uri, public, sign)
    raise PkiFault("a private key is RSA or on an elliptic curve")


def uri_of(label: str, raw_id: bytes) -> str:
    """How a key is named."""
    octets = "".join(f"%{each:02x}" for each in raw_id)
    return f"pkcs11:token={quote(label, safe='')};id={octets};type=private"


def parts_of(uri: str) -> tuple[str, bytes]:
    """The label of the token, and the id of the key in it.

    Raises:
        PkiFault: it names no key.
    """
    scheme, _, rest = uri.partition(":")
    if scheme != "pkcs11" or len(uri) > URI_CHARACTERS_MAX:
        raise PkiFault("a key in a token is named by a URI such as pkcs11:token=...;id=%01%02")
    found = dict(each.partition("=")[::2] for each in rest.split(";"))
    raw_id = unquote_to_bytes(found.get("id", ""))
    if not raw_id:
        raise PkiFault(f"{uri} names no key: it has no id")
    return unquote_to_bytes(found.get("token", "")).decode(errors="replace"), raw_id


class _EllipticKey(ec.EllipticCurvePrivateKey):
    """A key on an elliptic curve."""

    def __init__(self, uri: str, public: ec.EllipticCurvePublicKey, sign: Sign) -> None:
        self.uri = uri
        self._public = public
        self._sign = sign

    def sign(self, data: Buffer, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        algorithm = signature_algorithm.algorithm
        if not isinstance(algorithm, hashes.HashAlgorithm):
            raise PkiFault("a key in a token makes the hash itself")
        digest = hashes.Hash(algorithm)
        digest.update(data)
        raw = self._sign(digest.finalize(), "ECDSA")
        half = len(raw) // 2  # PKCS#11 has both numbers one after the other, X.509 a SEQUENCE
        return utils.encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    def _key_bits(self) -> int:
        return self._public.key_size

    key_size = property(_key_bits)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    def exchange(self, *_: object) -> NoReturn:
        _never()

    def private_numbers(self) -> NoReturn:
        _never()

    def private_bytes(self, *_: object) -> NoReturn:
        _never()

    def __copy__(self) -> _EllipticKey:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> _EllipticKey:
        return self


class _RsaKey(rsa.RSAPrivateKey):
    """An RSA key. It signs as certificates are signed, and in no other way."""

    def __init__(self, uri: str, public: rsa.RSAPublicKey, sign: Sign) -> None:
        self.uri = uri
        self._public = public
        self._sign = sign

    def sign(self, data: bytes, padding: object, algorithm: object) -> bytes:
        if not isinstance(algorithm, hashes.SHA256):  # what ``hash_for`` says of RSA keys
            raise PkiFault("an RSA key in a token signs with SHA-256")
        return self._sign(bytes(data), "SHA256_RSA_PKCS")

    def _key_bits(self) -> int:
        return self._public.key_size

    key_size = property(_key_bits)

    def public_key(self) -> rsa.RSAPublicKey:
        return self._public

    def decrypt(self, *_: object) -> NoReturn:
        _never()

    def private_numbers(self) -> NoReturn:
        _never()

    def private_bytes(self, *_: object) -> NoReturn:
        _never()

    def __copy__(self) -> _RsaKey:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> _RsaKey:
        return self


def _never() -> NoReturn:
    raise PkiFault("a key in a token signs, and does nothing else")
