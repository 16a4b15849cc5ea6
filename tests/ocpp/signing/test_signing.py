"""Signed messages: what is signed comes out again, and nothing else is believed."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from chargeplane.ocpp import signing
from chargeplane.ocpp.errors import ErrorCode, RemoteError
from chargeplane.ocpp.signing import (
    Algorithm,
    PrivateKey,
    Signer,
    Verdict,
    is_signed,
    sign,
    signed_action,
    thumbprint_of,
    unwrap,
    verify,
)

PAYLOAD = b'{"seqNo":7, "custom":"\xc3\xa9"}'
ACTION = "TransactionEvent"


@cache
def a_key(algorithm: Algorithm) -> PrivateKey:
    if algorithm is Algorithm.ES256:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


@cache
def a_certificate(algorithm: Algorithm) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CS-1")])
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(a_key(algorithm).public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365))
        .sign(a_key(algorithm), hashes.SHA256())
    )


def signed(algorithm: Algorithm = Algorithm.ES256, message_type: int = 2) -> dict[str, Any]:
    signer = Signer(a_key(algorithm), a_certificate(algorithm), algorithm)
    payload: dict[str, Any] = json.loads(sign(ACTION, message_type, PAYLOAD, signer))
    return payload


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def header_of(payload: dict[str, Any]) -> dict[str, Any]:
    padded = payload["protected"] + "=" * (-len(payload["protected"]) % 4)
    header: dict[str, Any] = json.loads(base64.urlsafe_b64decode(padded))
    return header


def verdict(payload: object, algorithm: Algorithm = Algorithm.ES256, **more: Any) -> Verdict:
    return verify(unwrap(signed_action(ACTION), payload), a_key(algorithm).public_key(), **more)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_what_was_signed_is_unwrapped_byte_for_byte_and_verified(algorithm: Algorithm) -> None:
    unwrapped = unwrap("TransactionEvent-Signed", signed(algorithm))
    assert unwrapped.action == ACTION
    assert unwrapped.payload_json == PAYLOAD
    assert unwrapped.header.algorithm is algorithm
    assert unwrapped.header.message_type == 2
    assert unwrapped.header.thumbprint == thumbprint_of(a_certificate(algorithm))
    key = a_key(algorithm).public_key()
    assert verify(unwrapped, key, message_type=2) is Verdict.VALID
    assert verify(unwrapped, a_certificate(algorithm)) is Verdict.VALID


def test_the_header_has_the_names_that_the_standard_gives() -> None:
    assert header_of(signed()) == {
        "alg": "ES256",
        "OCPPAction": "TransactionEvent",
        "OCPPMessageTypedId": 2,
        "x5t#S256": thumbprint_of(a_certificate(Algorithm.ES256)),
    }
    assert signed().keys() == {"protected", "payload", "signature"}


def test_an_ecdsa_signature_is_two_numbers_of_32_bytes_and_not_der() -> None:
    for _ in range(20):
        assert len(unwrap(None, signed()).signature) == 64


def test_a_signature_can_be_made_without_a_certificate_and_the_key_chooses_the_algorithm() -> None:
    for algorithm, used in ((Algorithm.ES256, "ES256"), (Algorithm.RS384, "RS256")):
        payload = json.loads(sign(ACTION, 2, PAYLOAD, Signer(a_key(algorithm))))
        assert header_of(payload)["alg"] == used
        assert "x5t#S256" not in header_of(payload)
        certificate = a_certificate(algorithm)
        assert verify(unwrap("TransactionEvent-Signed", payload), certificate) is Verdict.VALID


def test_an_answer_has_its_action_in_the_header_alone() -> None:
    unwrapped = unwrap(None, signed(message_type=3))
    key = a_key(Algorithm.ES256).public_key()
    assert unwrapped.action == ACTION
    assert verify(unwrapped, key, message_type=3, action=ACTION) is Verdict.VALID
    assert verify(unwrapped, key, action="Authorize") is Verdict.ACTION_MISMATCH
    assert verify(unwrapped, key, message_type=2) is Verdict.TYPE_MISMATCH


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("part", ["protected", "payload", "signature"])
def test_a_change_of_any_part_is_noticed(part: str, algorithm: Algorithm) -> None:
    payload = signed(algorithm)
    if part == "protected":
        payload[part] = text(json.dumps(header_of(payload) | {"OCPPAction": "Heartbeat"}).encode())
    else:
        first = "A" if payload[part][0] != "A" else "B"
        payload[part] = first + payload[part][1:]
    assert verdict(payload, algorithm) is Verdict.INVALID_SIGNATURE


def test_a_signature_of_another_length_is_invalid_and_not_a_crash() -> None:
    for signature in (b"", b"\0" * 63, b"\0" * 64, b"\xff" * 64, b"\0" * 65):
        payload = signed() | {"signature": text(signature)}
        assert verdict(payload) is Verdict.INVALID_SIGNATURE
        payload = signed(Algorithm.RS256) | {"signature": text(signature)}
        assert verdict(payload, Algorithm.RS256) is Verdict.INVALID_SIGNATURE


def test_a_signature_for_one_action_does_not_serve_another() -> None:
    unwrapped = unwrap("Authorize-Signed", signed())
    assert unwrapped.action == "Authorize"
    assert verify(unwrapped, a_key(Algorithm.ES256).public_key()) is Verdict.ACTION_MISMATCH


def test_without_a_key_the_message_is_there_and_the_verdict_says_so() -> None:
    unwrapped = unwrap("TransactionEvent-Signed", signed())
    assert unwrapped.payload_json == PAYLOAD
    assert verify(unwrapped, None) is Verdict.UNKNOWN_KEY


def test_the_key_and_the_algorithm_must_fit() -> None:
    ecdsa = unwrap(None, signed(Algorithm.ES256))
    assert verify(ecdsa, a_key(Algorithm.RS256).public_key()) is Verdict.WRONG_ALGORITHM
    other_curve = ec.generate_private_key(ec.SECP384R1())
    assert verify(ecdsa, other_curve.public_key()) is Verdict.WRONG_ALGORITHM
    rsa_signed = unwrap(None, signed(Algorithm.RS256))
    assert verify(rsa_signed, a_key(Algorithm.ES256).public_key()) is Verdict.WRONG_ALGORITHM
    other_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert verify(ecdsa, other_key) is Verdict.INVALID_SIGNATURE


def test_another_certificate_than_the_one_named_is_said_to_be_wrong() -> None:
    unwrapped = unwrap(None, signed(Algorithm.ES256))
    assert verify(unwrapped, a_certificate(Algorithm.RS256)) is Verdict.WRONG_CERTIFICATE


def test_a_signer_needs_a_key_that_fits_and_is_strong_enough() -> None:
    weak = rsa.generate_private_key(65537, 1024)
    with pytest.raises(ValueError, match="2048"):
        Signer(weak)
    with pytest.raises(ValueError, match="P-256"):
        Signer(ec.generate_private_key(ec.SECP384R1()))
    with pytest.raises(ValueError, match="RSA"):
        Signer(a_key(Algorithm.ES256), algorithm=Algorithm.RS256)
    with pytest.raises(ValueError, match="not for this private key"):
        Signer(a_key(Algorithm.ES256), a_certificate(Algorithm.RS256))


def test_a_weak_key_verifies_nothing() -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key()
    assert verify(unwrap(None, signed(Algorithm.RS256)), weak) is Verdict.WRONG_ALGORITHM


@pytest.mark.parametrize(
    "name", ["none", "None", "HS256", "PS256", "ES384", "", 7, None, ["ES256"]]
)
def test_other_algorithms_are_refused_before_anything_else(name: object) -> None:
    payload = signed()
    payload["protected"] = text(json.dumps(header_of(payload) | {"alg": name}).encode())
    with pytest.raises(RemoteError, match="ES256, RS256, RS384") as refused:
        unwrap(None, payload)
    assert refused.value.code is ErrorCode.SECURITY_ERROR


BAD_HEADERS = {
    "not JSON": b"{",
    "not an object": b"[]",
    "not UTF-8": b'{"alg":"\xff"}',
    "too deep": b"[" * 4000,
    "a name twice": b'{"alg":"ES256","alg":"RS256"}',
    "critical extensions": b'{"alg":"ES256","crit":["b64"],"b64":false}',
    "a number too long": b'{"alg":' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("header", BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_bad_header_is_refused(header: bytes) -> None:
    with pytest.raises(RemoteError) as refused:
        unwrap(None, signed() | {"protected": text(header)})
    assert refused.value.code is ErrorCode.FORMAT_VIOLATION


def _other_last_bits(value: str) -> str:
    """Another text for the same bytes: the unused bits of the last character are set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return value[:-1] + alphabet[alphabet.index(value[-1]) ^ 1]


@pytest.mark.parametrize(
    "signature",
    [
        "a",
        "a===",
        "YWI=",
        "YWI\n",
        "Y WI",
        "YW+/",
        "YWé",
        _other_last_bits("YWI"),
        None,
        5,
        ["YWI"],
    ],
)
def test_base64url_is_read_strictly(signature: object) -> None:
    for part in ("protected", "payload", "signature"):
        with pytest.raises(RemoteError):
            unwrap(None, signed() | {part: signature})


def test_parts_are_bounded() -> None:
    for part, length_max in (
        ("protected", signing.HEADER_LENGTH_MAX),
        ("payload", signing.PAYLOAD_LENGTH_MAX),
        ("signature", signing.SIGNATURE_LENGTH_MAX),
    ):
        with pytest.raises(RemoteError, match=f"longer than {length_max}"):
            unwrap(None, signed() | {part: "A" * (length_max + 1)})
    exactly = signed() | {"payload": "A" * signing.PAYLOAD_LENGTH_MAX}
    assert len(unwrap(None, exactly).payload_json) == signing.PAYLOAD_LENGTH_MAX * 3 // 4


def test_only_the_flattened_form_is_read() -> None:
    with pytest.raises(RemoteError, match="general form"):
        unwrap(None, signed() | {"signatures": []})
    headers: tuple[object, ...] = ([], {"alg": "none"}, {"crit": ["x"]})
    for header in headers:
        with pytest.raises(RemoteError):
            unwrap(None, signed() | {"header": header})
    assert verdict(signed() | {"header": {"kid": "7"}, "customData": 1}) is Verdict.VALID


@pytest.mark.parametrize("action", ["TransactionEvent", "-Signed", "", "TransactionEvent-signed"])
def test_an_action_without_the_suffix_is_not_signed(action: str) -> None:
    with pytest.raises(RemoteError, match="-Signed"):
        unwrap(action, signed())


def test_a_message_type_as_text_is_understood() -> None:
    header = header_of(signed()) | {"OCPPMessageTypedId": "2"}
    unwrapped = unwrap(None, signed() | {"protected": text(json.dumps(header).encode())})
    assert unwrapped.header.message_type == 2


def test_a_signed_payload_is_told_by_its_members() -> None:
    assert is_signed(signed())
    assert not is_signed({"payload": "x"})
    assert not is_signed([])


def test_the_ecdsa_example_of_the_standard_for_signatures_is_good() -> None:
    """RFC 7515, A.3. It has no OCPP action; the verdict on that comes after the signature's."""
    payload = {
        "protected": "eyJhbGciOiJFUzI1NiJ9",
        "payload": "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"
        "c19yb290Ijp0cnVlfQ",
        "signature": "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqP"
        "P3-Kg6NU1Q",
    }
    x, y = (
        int.from_bytes(base64.urlsafe_b64decode(f"{number}="), "big")
        for number in (
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        )
    )
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    assert verify(unwrap(None, payload), key) is Verdict.ACTION_MISMATCH
    assert json.loads(unwrap(None, payload).payload_json)["iss"] == "joe"
    tampered = unwrap(None, payload | {"payload": payload["payload"].replace("qb", "qc", 1)})
    assert verify(tampered, key) is Verdict.INVALID_SIGNATURE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PART = st.text() | st.binary().map(text) | JSON.map(lambda v: text(json.dumps(v).encode())) | JSON


@given(
    action=st.none() | st.text() | st.text().map(signed_action),
    payload=JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(signed(), PART)),
)
@example(action="\ud800-Signed", payload={"protected": "\ud800"})
def test_unwrap_raises_nothing_but_a_remote_error(action: str | None, payload: object) -> None:
    try:
        unwrapped = unwrap(action, payload)
    except RemoteError:
        return
    assert verify(unwrapped, a_key(Algorithm.ES256).public_key()) is not Verdict.VALID


@given(
    part=st.sampled_from(["protected", "payload", "signature"]),
    position=st.integers(0, 10_000),
    character=st.sampled_from("AZaz09-_="),
)
def test_no_changed_character_goes_unnoticed(part: str, position: int, character: str) -> None:
    payload = signed()
    value = payload[part]
    position %= len(value)
    payload[part] = value[:position] + character + value[position + 1 :]
    if payload[part] == value:
        return
    try:
        found = verdict(payload)
    except RemoteError:
        return
    assert found is not Verdict.VALID
