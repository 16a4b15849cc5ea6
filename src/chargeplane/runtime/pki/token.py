"""A hardware token behind a PKCS#11 module (an HSM, a smart card): keys are made and used in it.

    token = Token("/usr/lib/softhsm/libsofthsm2.so", "chargeplane", pin)
    uri, key = token.make("station", KeyKind.P256)   # a private key that signs like any other
    key = token.key(uri, key.public_key())           # the same one, later

It is an extra of the package: ``pip install chargeplane[pkcs11]``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Final, TypeVar, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from chargeplane.runtime.pki.keys import KeyKind, PkiFault, PrivateKey, PublicKey, hash_for
from chargeplane.runtime.pki.signatures import is_signed_by
from chargeplane.runtime.pki.token_keys import key_in_token, parts_of, uri_of

if TYPE_CHECKING:
    from pkcs11 import Session, SignMixin

__all__ = ["Token"]

T = TypeVar("T")
ID_BYTES: Final = 8
_CURVES: Final = {
    KeyKind.P256: "secp256r1",
    KeyKind.P384: "secp384r1",
    KeyKind.P521: "secp521r1",
}
_RSA_BITS: Final = {KeyKind.RSA2048: 2048, KeyKind.RSA3072: 3072}
_PROBE: Final = b"chargeplane: does this key belong to its certificate?"


class Token:
    """A token with its PIN.

    All is done in one thread: sessions know no others, and a library that leaves something in the
    error queue of its thread's OpenSSL does not have our TLS find it.
    """

    def __init__(self, module: str, label: str, pin: str) -> None:
        """Nothing is opened before it is wanted.

        Args:
            module: the library that the maker of the token provides.
            label: of the token.
            pin: of its user.
        """
        self.label = label
        self._module = module
        self._pin = pin
        self._session: Session | None = None
        self._thread = ThreadPoolExecutor(1, "pkcs11")
        self._refusal: str | None = None

    def make(self, name: str, kind: KeyKind) -> tuple[str, PrivateKey]:
        """A new key pair, and its URI. The private key can be neither read nor copied.

        Raises:
            PkiFault: the token cannot be used, or makes no such keys.
        """
        raw_id = secrets.token_bytes(ID_BYTES)
        public = self._do(lambda session: _made(session, raw_id, f"chargeplane {name}", kind))
        uri = uri_of(self.label, raw_id)
        return uri, key_in_token(uri, public, partial(self._sign, raw_id))

    def key(self, uri: str, public: PublicKey) -> PrivateKey:
        """The private key of a public one; it signs once, which shows that it is.

        Raises:
            PkiFault: the token cannot be used, has no such key, or it is another one.
        """
        label, raw_id = parts_of(uri)
        if label != self.label:
            raise PkiFault(f"{uri} is not in the token {self.label!r}")
        key = key_in_token(uri, public, partial(self._sign, raw_id))
        algorithm = hash_for(key)
        signature = (
            key.sign(_PROBE, padding.PKCS1v15(), algorithm)
            if isinstance(key, rsa.RSAPrivateKey)
            else key.sign(_PROBE, ec.ECDSA(algorithm))
        )
        if not is_signed_by(public, signature, _PROBE, algorithm):
            raise PkiFault(f"{uri} is not the key of its certificate")
        return key

    def close(self) -> None:
        """Log out; the next wish logs in again."""
        self._thread.submit(self._drop).result()

    def _sign(self, raw_id: bytes, data: bytes, mechanism: str) -> bytes:
        pkcs11 = _library()

        def sign(session: Session) -> bytes:
            found = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, id=raw_id)
            return cast("SignMixin", found).sign(data, mechanism=pkcs11.Mechanism[mechanism])

        return self._do(sign)

    def _do(self, work: Callable[[Session], T]) -> T:
        return self._thread.submit(self._done, work).result()

    def _done(self, work: Callable[[Session], T]) -> T:
        """Do something in the session; one that has ended is opened anew, once."""
        pkcs11 = _library()
        try:
            try:
                return work(self._opened())
            except _ended(pkcs11):
                self._drop()
                return work(self._opened())
        except pkcs11.PKCS11Error as error:
            self._drop()
            raise PkiFault(f"the token {self.label!r}: {_words(error)}") from error

    def _opened(self) -> Session:
        if self._session is not None:
            return self._session
        if self._refusal:
            raise PkiFault(self._refusal)
        pkcs11 = _library()
        token = pkcs11.lib(self._module).get_token(token_label=self.label)
        try:
            self._session = token.open(rw=True, user_pin=self._pin)
        except pkcs11.UserAlreadyLoggedIn:  # another session of this program
            self._session = token.open(rw=True)
        except (pkcs11.PinIncorrect, pkcs11.PinLocked, pkcs11.PinLenRange) as error:
            # Asked for again and again, it would lock itself, and many are erased then.
            self._refusal = f"the token {self.label!r} does not take the PIN"
            raise PkiFault(self._refusal) from error
        return self._session

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(_library().PKCS11Error):  # it may have ended already
                session.close()


def _made(session: Session, raw_id: bytes, label: str, kind: KeyKind) -> object:
    """Have the token make a key pair; the public key."""
    pkcs11 = _library()
    common = {
        "id": raw_id,
        "label": label,
        "store": True,
        "capabilities": pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY,
        "private_template": {
            pkcs11.Attribute.SENSITIVE: True,
            pkcs11.Attribute.EXTRACTABLE: False,
        },
    }
    if kind in _RSA_BITS:
        public, _ = session.generate_keypair(pkcs11.KeyType.RSA, _RSA_BITS[kind], **common)
        der = pkcs11.util.rsa.encode_rsa_public_key(public)
    else:
        curve = pkcs11.util.ec.encode_named_curve_parameters(_CURVES[kind])
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: curve}, local=True
        )
        public, _ = parameters.generate_keypair(**common)
        der = pkcs11.util.ec.encode_ec_public_key(public)
    return serialization.load_der_public_key(der)


def _library() -> ModuleType:
    try:
        import pkcs11  # noqa: PLC0415 - an extra, which most do without
    except ImportError as error:
        raise PkiFault("keys in a token want `pip install chargeplane[pkcs11]`") from error
    return pkcs11


def _ended(pkcs11: ModuleType) -> tuple[type[Exception], ...]:
    """What says that the session is gone, though the token may be there."""
    return (
        pkcs11.SessionHandleInvalid,
        pkcs11.SessionClosed,
        pkcs11.UserNotLoggedIn,
        pkcs11.DeviceRemoved,
    )


def _words(error: Exception) -> str:
    """PKCS#11 has errors without words."""
    return f"{type(error).__name__} {error}".strip()
