"""Signed messages (2.0.1 and 2.1 Part 4, chapter 7): payloads in JSON Web Signatures.

A signed request has the action ``<Action>-Signed`` and, as its payload, a JWS in flattened JSON
serialisation (RFC 7515, 7.2.2): ``{"protected", "payload", "signature"}``. Its protected header
names the algorithm, the action (``OCPPAction``), the number of the message type
(``OCPPMessageTypedId``, spelt so in the standard), and the certificate (``x5t#S256``).

A receiver has to process what is inside even if it cannot or need not verify it (7.2), so that
``unwrap`` and ``verify`` are two steps. The standard does not say how the frame of a signed
answer, which has no action, is marked: answers are signed all the same, with the action of their
request in the header, and the two ends have to agree that they do it; ``is_signed`` tells a signed
payload by its members. The header does not cover the message id: a signature proves who wrote a
payload, and not that it has come only once.

``unwrap`` raises nothing but ``RemoteError``; ``verify`` raises nothing. All cryptography is that
of the package of this name; there is none of our own.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from chargeplane.ocpp.errors import ErrorCode, RemoteError

__all__ = [
    "Algorithm",
    "Header",
    "PrivateKey",
    "PublicKey",
    "Signer",
    "Unwrapped",
    "Verdict",
    "is_signed",
    "sign",
    "signed_action",
    "thumbprint_of",
    "unwrap",
    "verify",
]

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

SUFFIX: Final = "-Signed"
HEADER_LENGTH_MAX = 8 * 1024
PAYLOAD_LENGTH_MAX = 1 << 20
SIGNATURE_LENGTH_MAX = 2 * 1024
RSA_BITS_MIN = 2048
COORDINATE_BYTES = 32

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


class Algorithm(StrEnum):
    """The algorithms that OCPP allows (7.3): not ``none``, and none with shared secrets."""

    ES256 = "ES256"
    RS256 = "RS256"
    RS384 = "RS384"

    def fits(self, key: PrivateKey | PublicKey) -> bool:
        """Whether a key can be used with this algorithm, and is strong enough."""
        if self is Algorithm.ES256:
            return not isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey) and isinstance(
                key.curve, ec.SECP256R1
            )
        of_rsa = isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey)
        return of_rsa and key.key_size >= RSA_BITS_MIN

    @property
    def digest(self) -> hashes.HashAlgorithm:
        """The hash that it signs."""
        return hashes.SHA384() if self is Algorithm.RS384 else hashes.SHA256()


class Verdict(StrEnum):
    """What is to be said of a signature."""

    VALID = "valid"
    UNKNOWN_KEY = "no key is known for it"
    WRONG_CERTIFICATE = "made with another certificate"
    WRONG_ALGORITHM = "its algorithm does not fit the key"
    INVALID_SIGNATURE = "does not fit the content"
    ACTION_MISMATCH = "made for another action"
    TYPE_MISMATCH = "made for another message type"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs.

    Without an algorithm, the key decides: ES256 for P-256, RS256 for RSA.

    Raises:
        ValueError: the algorithm does not fit the key, or the certificate is of another key.
    """

    private_key: PrivateKey
    certificate: Certificate | None = None
    algorithm: Algorithm | None = None

    def __post_init__(self) -> None:
        if not self.used.fits(self.private_key):
            raise ValueError(
                f"{self.used} needs "
                + ("a P-256 key" if self.used is Algorithm.ES256 else "an RSA key of 2048 bits")
            )
        if self.certificate and self.certificate.public_key() != self.private_key.public_key():
            raise ValueError("the certificate is not for this private key")

    @property
    def used(self) -> Algorithm:
        """The algorithm that the signatures are made with."""
        is_rsa = isinstance(self.private_key, rsa.RSAPrivateKey)
        return self.algorithm or (Algorithm.RS256 if is_rsa else Algorithm.ES256)


@dataclass(frozen=True, slots=True)
class Header:
    """The protected header of a signature."""

    algorithm: Algorithm
    action: str | None
    message_type: int | None
    thumbprint: str | None
    """Of the certificate: SHA-256 in base64url."""


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A message that was taken out of its signature, which nobody has verified yet."""

    action: str | None
    """Of the frame; for an answer, which has none, that of the header."""
    payload_json: bytes
    header: Header
    signature: bytes
    signed: bytes
    """The bytes that the signature is of."""


def signed_action(action: str) -> str:
    """``BootNotification`` -> ``BootNotification-Signed``."""
    return action + SUFFIX


def is_signed(payload: object) -> bool:
    """Whether a parsed payload has the members of a signed one; no OCPP payload has them."""
    return isinstance(payload, dict) and {"protected", "payload", "signature"} <= payload.keys()


def sign(action: str, message_type: int, payload_json: bytes, signer: Signer) -> bytes:
    """The signed payload, as JSON.

    Args:
        action: without suffix; for an answer, that of its request.
        message_type: of the frame: 2 CALL, 3 CALLRESULT, 6 SEND.
        payload_json: goes in byte for byte.
        signer: whose key and certificate are used.
    """
    header: dict[str, object] = {
        "alg": signer.used.value,
        "OCPPAction": action,
        "OCPPMessageTypedId": message_type,
    }
    if signer.certificate is not None:
        header["x5t#S256"] = thumbprint_of(signer.certificate)
    protected, payload = _encode(msgspec.json.encode(header)), _encode(payload_json)
    signature = _encode(_signature(f"{protected}.{payload}".encode(), signer))
    return msgspec.json.encode({"protected": protected, "payload": payload, "signature": signature})


def _signature(content: bytes, signer: Signer) -> bytes:
    key, digest = signer.private_key, signer.used.digest
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, padding.PKCS1v15(), digest)
    r, s = decode_dss_signature(key.sign(content, ec.ECDSA(digest)))
    # RFC 7518, 3.4: the two numbers side by side, and not the DER that X.509 uses.
    return r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")


def unwrap(action: str | None, payload: object) -> Unwrapped:
    """Take the message out of its signature, without verifying it.

    Args:
        action: of the frame, with the suffix; None for an answer.
        payload: of the frame, parsed.

    Raises:
        RemoteError: it is not a signed message, or not one that OCPP allows.
    """
    if action is not None and not (action.endswith(SUFFIX) and action != SUFFIX):
        raise _malformed(f"the action does not end in {SUFFIX}")
    if not isinstance(payload, dict):
        raise _malformed("it is not an object")
    if "signatures" in payload:  # RFC 7515, 7.2.2
        raise _malformed("it is in general form, and not in flattened form")
    protected = _member(payload, "protected", HEADER_LENGTH_MAX)
    content = _member(payload, "payload", PAYLOAD_LENGTH_MAX)
    signature = _member(payload, "signature", SIGNATURE_LENGTH_MAX)
    header = _header(_decode("protected", protected), payload.get("header", {}))
    return Unwrapped(
        action=action.removesuffix(SUFFIX) if action is not None else header.action,
        payload_json=_decode("payload", content),
        header=header,
        signature=_decode("signature", signature),
        signed=f"{protected}.{content}".encode(),
    )


def _member(payload: dict[Any, Any], name: str, length_max: int) -> str:
    value = payload.get(name)
    if not isinstance(value, str):
        raise _malformed(f"`{name}` is not a string")
    if len(value) > length_max:
        raise _malformed(f"`{name}` is longer than {length_max} characters")
    return value


def _header(text: bytes, unprotected: object) -> Header:
    try:
        found = json.loads(text.decode(), object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise _malformed("the protected header is not JSON with distinct names") from error
    if not isinstance(found, dict):
        raise _malformed("the protected header is not an object")
    if not isinstance(unprotected, dict) or unprotected.keys() & found.keys():
        # RFC 7515, 7.2.1. What no signature protects is read no further.
        raise _malformed("`header` is not an object with names of its own")
    if "crit" in found or "crit" in unprotected:
        # RFC 7515, 4.1.11: who does not know a critical extension must not accept the signature.
        raise _malformed("the protected header has critical extensions")
    algorithm, thumbprint = found.get("alg"), found.get("x5t#S256")
    if algorithm not in list(Algorithm):
        allowed = ", ".join(Algorithm)
        raise RemoteError(
            ErrorCode.SECURITY_ERROR, f"signed message: the algorithm is not {allowed}"
        )
    action, message_type = found.get("OCPPAction"), found.get("OCPPMessageTypedId")
    return Header(
        algorithm=Algorithm(algorithm),
        action=action if isinstance(action, str) else None,
        message_type=_message_type(message_type),
        thumbprint=thumbprint if isinstance(thumbprint, str) else None,
    )


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _message_type(value: object) -> int | None:
    """The standard does not say whether it is a number or its text."""
    if isinstance(value, str) and len(value) == 1 and value.isascii() and value.isdigit():
        return int(value)
    return value if type(value) is int else None


def verify(
    unwrapped: Unwrapped,
    key: PublicKey | Certificate | None,
    *,
    message_type: int | None = None,
    action: str | None = None,
) -> Verdict:
    """Whether the signature is good.

    Args:
        unwrapped: from ``unwrap``.
        key: of the sender. A certificate is also compared with the thumbprint; whether it is
            trusted and in date is for the caller to know.
        message_type: of the frame, if it is to be compared with the header.
        action: of the request that an answer belongs to; a request has it in its frame.
    """
    header = unwrapped.header
    if isinstance(key, Certificate):
        if header.thumbprint not in (None, thumbprint_of(key)):
            return Verdict.WRONG_CERTIFICATE
        try:
            key = _public_key(key)
        except (UnsupportedAlgorithm, ValueError):
            return Verdict.WRONG_ALGORITHM
    if key is None:
        return Verdict.UNKNOWN_KEY
    if not header.algorithm.fits(key):
        return Verdict.WRONG_ALGORITHM
    if not _is_good(unwrapped, key):
        return Verdict.INVALID_SIGNATURE
    if header.action is None or header.action != (action or unwrapped.action):
        return Verdict.ACTION_MISMATCH
    if message_type not in (None, header.message_type):
        return Verdict.TYPE_MISMATCH
    return Verdict.VALID


def _public_key(certificate: Certificate) -> PublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise ValueError("OCPP signs with ECDSA and RSA keys alone")
    return key


def _is_good(unwrapped: Unwrapped, key: PublicKey) -> bool:
    signature, digest = unwrapped.signature, unwrapped.header.algorithm.digest
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, unwrapped.signed, padding.PKCS1v15(), digest)
            return True
        if len(signature) != 2 * COORDINATE_BYTES:
            return False
        r, s = signature[:COORDINATE_BYTES], signature[COORDINATE_BYTES:]
        der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
        key.verify(der, unwrapped.signed, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True


def thumbprint_of(certificate: Certificate) -> str:
    """``x5t#S256``: SHA-256 of the DER encoding, in base64url (RFC 7515, 4.1.8)."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(certificate.public_bytes(Encoding.DER))
    return _encode(digest.finalize())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(name: str, text: str) -> bytes:
    """Base64url as RFC 7515 wants it: no padding, no white space, and one text for each value."""
    padding_length = -len(text) % 4
    if _BASE64URL.fullmatch(text) and padding_length < 3:
        try:
            data = base64.urlsafe_b64decode(text + "=" * padding_length)
        except binascii.Error as error:
            raise _malformed(f"`{name}` is not base64url") from error
        if _encode(data) == text:
            return data
    raise _malformed(f"`{name}` is not base64url")


def _malformed(reason: str) -> RemoteError:
    return RemoteError(ErrorCode.FORMAT_VIOLATION, f"signed message: {reason}")
