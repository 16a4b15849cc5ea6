"""Hostile input: every bound is reached, nothing is fetched, and all ends in one RemoteError."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.ocpp.errors import ErrorCode, LocalError, RemoteError
from chargeplane.ocpp.soap import (
    EnvelopeError,
    Limits,
    Service,
    compress,
    fault_envelope,
    inflate,
    parse_envelope,
    request_envelope,
)
from chargeplane.ocpp.versions import Version
from tests.ocpp.soap.envelopes import HEADERS, from_station
from tests.ocpp.soap.samples import OPERATIONS, request_of, sample

CODINGS = [None, "gzip", "deflate", "br", "gzip, gzip"]
VALID = [
    request_envelope(
        request_of(version, name, sample(version, f"{name}Request", full=True)),
        service=service,
        charge_box_identity="CB 1",
        message_id="urn:uuid:1",
        to="http://csms/",
        from_address="http://10.0.0.9/",
    )
    for version, service, name in OPERATIONS
    if name in {"MeterValues", "GetConfiguration", "RemoteStartTransaction", "SendLocalList"}
]


def survive(body: bytes, coding: str | None = None) -> None:
    """Read as a server would; anything but a RemoteError is a failure."""
    try:
        parse_envelope(body, coding).message()
    except RemoteError as error:
        answer = fault_envelope(error, relates_to=None, message_id="1")
        assert parse_envelope(answer).fault is not None


@given(st.binary(max_size=300), st.sampled_from(CODINGS))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_envelope_or_a_remote_error(body: bytes, coding: str | None) -> None:
    survive(body, coding)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid envelope with pieces replaced, removed, or repeated elsewhere."""
    body = bytearray(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 60)))
        piece = draw(
            st.one_of(
                st.binary(max_size=8),
                st.just(bytes(body[start:end]) * 2),
                st.sampled_from(
                    [b"<", b">", b"&#x0;", b"&a;", b"<!DOCTYPE a>", b"<![CDATA[", b"1e99"]
                ),
                st.text(max_size=8).map(lambda t: t.encode(errors="replace")),
            )
        )
        body[start:end] = piece
    return bytes(body)


@given(mutated())
@settings(max_examples=300, deadline=None)
def test_a_mutated_envelope_is_an_envelope_or_a_remote_error(body: bytes) -> None:
    survive(body)


@given(st.text(max_size=40), st.sampled_from(["connectorId", "idTag", "timestamp", "meterStart"]))
@settings(max_examples=200, deadline=None)
def test_any_text_in_a_field_is_a_value_or_a_remote_error(text: str, field: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    name = "cs:startTransactionRequest"
    body = f"<{name}><cs:{field}>{escaped}</cs:{field}></{name}>".encode(errors="replace")
    survive(from_station().replace(b"<cs:heartbeatRequest/>", body))


@given(st.sampled_from(VALID), st.integers(0, 400), st.sampled_from(["gzip", "deflate"]))
@settings(max_examples=60, deadline=None)
def test_a_cut_or_damaged_compressed_body_is_a_remote_error(
    body: bytes, at: int, coding: str
) -> None:
    packed = compress(body, coding)
    at %= len(packed)
    with pytest.raises(RemoteError):
        parse_envelope(packed[:at], coding)
    survive(packed[:at] + bytes([packed[at] ^ 0xFF]) + packed[at + 1 :], coding)


LAUGHS = (
    "<!DOCTYPE s [<!ENTITY a 'ha'>"
    + "".join(
        f"<!ENTITY {n} '{f'&{m};' * 10}'>" for m, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


def test_a_billion_laughs_end_at_the_first() -> None:
    body = from_station("<cs:authorizeRequest><cs:idTag>&i;</cs:idTag></cs:authorizeRequest>")
    with pytest.raises(EnvelopeError, match="document type declaration is not allowed"):
        parse_envelope(LAUGHS.encode() + body)


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE s [<!ENTITY i SYSTEM '{uri}'>]>",
        "<!DOCTYPE s SYSTEM '{uri}'>",
        "<!DOCTYPE s PUBLIC 'x' '{uri}'>",
        "<!DOCTYPE s [<!ENTITY % i SYSTEM '{uri}'> %i;]>",
    ],
)
def test_an_external_entity_is_never_read(tmp_path: Path, declaration: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    start = declaration.replace("{uri}", secret.as_uri())
    body = from_station("<cs:authorizeRequest><cs:idTag>&i;</cs:idTag></cs:authorizeRequest>")
    with pytest.raises(EnvelopeError, match="not allowed") as caught:
        parse_envelope(start.encode() + body)
    assert "the secret" not in caught.value.description


def test_an_unknown_entity_is_no_text() -> None:
    body = from_station("<cs:authorizeRequest><cs:idTag>&nbsp;</cs:idTag></cs:authorizeRequest>")
    with pytest.raises(EnvelopeError, match="nbsp"):
        parse_envelope(body)


def test_nesting_ends_at_depth_max() -> None:
    with pytest.raises(EnvelopeError, match="deeper than 32"):
        parse_envelope(b"<a>" * 100_000)
    nested = from_station(
        "<cs:heartbeatRequest>" + "<a>" * 3 + "</a>" * 3 + "</cs:heartbeatRequest>"
    )
    parse_envelope(nested, limits=Limits(depth_max=6))
    with pytest.raises(EnvelopeError, match="deeper than 5"):
        parse_envelope(nested, limits=Limits(depth_max=5))


def test_elements_end_at_elements_max() -> None:
    many = from_station("<cs:heartbeatRequest>" + "<a/>" * 60_000 + "</cs:heartbeatRequest>")
    with pytest.raises(EnvelopeError, match="more than 50000 elements"):
        parse_envelope(many)


def test_a_field_that_is_repeated_very_often_costs_little() -> None:
    many = "<cs:idTag>A</cs:idTag>" * 45_000
    body = from_station(f"<cs:authorizeRequest>{many}</cs:authorizeRequest>")
    with pytest.raises(RemoteError, match=r"`\$\.idTag` is not a string"):
        parse_envelope(body).message()


def test_a_body_ends_at_body_bytes_max() -> None:
    limits = Limits(body_bytes_max=100)
    assert inflate(b"x" * 100, None, limits) == b"x" * 100
    for coding in CODINGS:
        with pytest.raises(EnvelopeError, match="more than 100 bytes"):
            inflate(b"x" * 101, coding, limits)


@pytest.mark.parametrize(("coding", "bits"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_a_bomb_ends_at_inflated_bytes_max(coding: str, bits: int) -> None:
    zipper = zlib.compressobj(9, wbits=bits)
    bomb = b"".join(zipper.compress(bytes(1 << 20)) for _ in range(64)) + zipper.flush()
    assert len(bomb) < 100_000
    with pytest.raises(EnvelopeError, match="more than 4194304 bytes inflated"):
        parse_envelope(bomb, coding)
    limits = Limits(inflated_bytes_max=1000)
    assert inflate(compress(bytes(1000), coding), coding, limits) == bytes(1000)
    with pytest.raises(EnvelopeError, match="inflated"):
        inflate(compress(bytes(1001), coding), coding, limits)
    with pytest.raises(EnvelopeError, match="inflated"):
        inflate(bytes(1001), None, limits)


def test_bytes_after_a_compressed_body_are_refused() -> None:
    with pytest.raises(EnvelopeError, match="bytes follow"):
        parse_envelope(compress(from_station(), "gzip") + b"more", "gzip")


def test_an_unknown_content_coding_is_not_supported() -> None:
    with pytest.raises(EnvelopeError) as caught:
        parse_envelope(from_station(), "br")
    assert caught.value.code is ErrorCode.NOT_SUPPORTED
    with pytest.raises(LocalError):
        compress(b"", "br")


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_ends_at_header_length_max(name: str) -> None:
    long = HEADERS[name].replace("</", "x" * 2001 + "</", 1)
    with pytest.raises(EnvelopeError, match="more than 2000 characters"):
        parse_envelope(from_station(**{name: long}))


def test_the_samples_cover_both_services_of_every_version() -> None:
    found = {(e.version, e.service) for e in map(parse_envelope, VALID)}
    assert {version for version, _ in found} == {Version.V1_2, Version.V1_5, Version.V1_6}
    assert {service for _, service in found} == set(Service)
