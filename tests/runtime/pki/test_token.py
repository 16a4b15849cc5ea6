"""Keys in a hardware token: they sign whatever an authority signs, and never leave it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pkcs11
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import client_context
from chargeplane.runtime.pki import (
    Authority,
    KeyKind,
    PkiFault,
    PrivateKey,
    Purpose,
    Revocation,
    Standing,
    Token,
    Vault,
    answered,
    der_of,
    fault_of_chain,
    new_key,
    standing_in,
)
from tests.runtime.pki.tokens import PIN, SoftToken, apart, soft_token

NOW = SystemClock().now()
YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def soft() -> SoftToken:
    return soft_token("charge plane;1")


@pytest.fixture
def token(soft: SoftToken) -> Iterator[Token]:
    token = Token(soft.module, soft.label, PIN)
    yield token
    token.close()


@pytest.mark.parametrize("kind", [*KeyKind][:4])  # the last one takes a token seconds to make
def test_an_authority_in_a_token_signs_certificates_lists_and_answers(
    token: Token, kind: KeyKind
) -> None:
    _, root_key = token.make("root", KeyKind.P256)
    _, key = token.make("station", kind)
    root = Authority.new("root", KeyKind.P256, NOW, 9 * YEAR, "Op", root_key)
    authority = root.sub("station", kind, NOW, 5 * YEAR, key=key)
    leaf = authority.issue(new_key().public_key(), "CP1", Purpose.STATION, NOW, YEAR)
    chain = [leaf.certificate, *leaf.between]
    assert fault_of_chain(chain, [root.certificate], NOW) is None
    listed = authority.revocation_list([Revocation(7, NOW)], 1, NOW, YEAR)
    public = authority.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
    assert listed.is_signature_valid(public)
    serial = leaf.certificate.serial_number
    answer = answered(authority, lambda _: (leaf.certificate, None), serial, "SHA256", NOW)
    assert standing_in(answer, authority.certificate, NOW) is Standing.GOOD


def _content(key: PrivateKey) -> object:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.private_numbers()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.RSA2048])
def test_a_key_never_leaves_its_token(soft: SoftToken, token: Token, kind: KeyKind) -> None:
    _, key = token.make("station", kind)
    with pytest.raises(PkiFault, match="signs, and does nothing else"):
        _content(key)
    token.close()

    def look() -> list[tuple[bool, bool]]:
        found = pkcs11.lib(soft.module).get_token(token_label=soft.label)
        with found.open(user_pin=PIN) as session:
            private = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
            wanted = pkcs11.Attribute.SENSITIVE, pkcs11.Attribute.EXTRACTABLE
            return [(each[wanted[0]], each[wanted[1]]) for each in session.get_objects(private)]

    assert {*apart(look)} == {(True, False)}


def test_an_rsa_key_in_a_token_signs_as_certificates_are_signed_alone(token: Token) -> None:
    _, key = token.make("station", KeyKind.RSA2048)
    assert isinstance(key, rsa.RSAPrivateKey)
    with pytest.raises(PkiFault, match="SHA-256"):
        key.sign(b"x", padding.PKCS1v15(), hashes.SHA512())
    signature = key.sign(b"x", padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        key.public_key().verify(signature, b"y", padding.PKCS1v15(), hashes.SHA256())


def test_a_key_is_found_again_by_its_uri_and_has_to_fit(soft: SoftToken, token: Token) -> None:
    uri, key = token.make("station", KeyKind.P256)
    _, other = token.make("station", KeyKind.P256)
    assert uri.startswith("pkcs11:token=charge%20plane%3B1;id=%")
    assert PIN not in uri
    again = Token(soft.module, soft.label, PIN)  # beside the session that is open
    assert again.key(uri, key.public_key()).public_key() == key.public_key()
    with pytest.raises(PkiFault, match="not the key of its certificate"):
        again.key(uri, other.public_key())
    with pytest.raises(PkiFault, match="NoSuchKey"):
        again.key(uri.replace("id=%", "id=%00%"), key.public_key())
    with pytest.raises(PkiFault, match="not in the token"):
        again.key(uri.replace("charge", "other"), key.public_key())


@pytest.mark.parametrize("uri", ["", "pkcs11:", "file:x", "pkcs11:token=t;id=", "pkcs11:" * 100])
def test_what_names_no_key_is_refused(token: Token, uri: str) -> None:
    with pytest.raises(PkiFault):
        token.key(uri, new_key().public_key())


# The library says at the end of a search that the session is gone, to nobody who could hear it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_session_that_has_ended_is_opened_anew(soft: SoftToken, token: Token) -> None:
    uri, key = token.make("station", KeyKind.P256)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    apart(
        lambda: pkcs11.lib(soft.module).reinitialize()
    )  # as after a token was pulled out and put in again
    signature = key.sign(b"x", ec.ECDSA(hashes.SHA256()))
    key.public_key().verify(signature, b"x", ec.ECDSA(hashes.SHA256()))
    assert token.key(uri, key.public_key()).key_size == 256


def test_threads_share_a_token(token: Token) -> None:
    _, key = token.make("station", KeyKind.P256)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    made: list[bytes] = []

    def sign() -> None:
        for _ in range(20):
            made.append(key.sign(b"x", ec.ECDSA(hashes.SHA256())))

    threads = [threading.Thread(target=sign) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(made) == 80
    for signature in made:
        key.public_key().verify(signature, b"x", ec.ECDSA(hashes.SHA256()))


def test_a_library_that_fails_disturbs_no_tls(soft: SoftToken) -> None:
    with pytest.raises(PkiFault, match="does not take the PIN"):
        Token(soft.module, soft.label, "wrong-pin").make("station", KeyKind.P256)
    root = Authority.new("root", KeyKind.P256, NOW, YEAR)
    client_context([der_of(root.certificate)])  # it fails if OpenSSL has an error left here


def test_a_wrong_pin_is_tried_once(soft: SoftToken, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    found = apart(lambda: pkcs11.lib(soft.module).get_token(token_label=soft.label))
    kind = type(found)

    class Counting:
        def get_token(self, **_: object) -> Counting:
            return self

        def open(self, *, rw: bool, user_pin: str) -> object:
            tried.append(user_pin)
            return kind.open(found, rw=rw, user_pin=user_pin)

    monkeypatch.setattr(pkcs11, "lib", lambda _: Counting())
    wrong = Token(soft.module, soft.label, "wrong-pin")
    for _ in range(3):
        with pytest.raises(PkiFault, match="does not take the PIN"):
            wrong.make("station", KeyKind.P256)
    assert tried == ["wrong-pin"]


def test_what_is_missing_is_told(soft: SoftToken, tmp_path: Path) -> None:
    with pytest.raises(PkiFault, match="NoSuchToken"):
        Token(soft.module, "none", PIN).make("station", KeyKind.P256)
    with pytest.raises(PkiFault, match="nowhere"):
        Token(str(tmp_path / "nowhere.so"), soft.label, PIN).make("station", KeyKind.P256)


def test_a_vault_keeps_its_keys_in_a_token(token: Token, tmp_path: Path) -> None:
    vault = Vault(tmp_path, [b"x"], token)
    assert not Vault(tmp_path, [b"x"]).uses_token
    vault.init("Op", NOW, in_token=True)
    assert vault.uses_token
    assert not [*tmp_path.glob("*.key")]
    authority = vault.authority(Purpose.STATION)
    leaf = authority.issue(new_key().public_key(), "CP1", Purpose.STATION, NOW, YEAR)
    assert fault_of_chain([leaf.certificate, *leaf.between], [vault.root()], NOW) is None
    assert vault.place_of_key("station").startswith("pkcs11:")
    renewed = vault.renew(Purpose.STATION, NOW)
    assert renewed.certificate != authority.certificate
    assert vault.authority(Purpose.STATION).certificate == renewed.certificate
    assert not [*tmp_path.glob("*.key")]
    assert (vault.stale(), vault.reseal()) == ([], 0)  # no file is under a passphrase
    with pytest.raises(PkiFault, match="pkcs11_module"):
        Vault(tmp_path, [b"x"]).authority(Purpose.STATION)


def test_without_a_token_there_is_nothing_to_make_keys_in(tmp_path: Path) -> None:
    with pytest.raises(PkiFault, match="pkcs11_module"):
        Vault(tmp_path, [b"x"]).init("Op", NOW, in_token=True)
    assert not [*tmp_path.iterdir()]
