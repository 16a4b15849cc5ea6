"""Certificates, requests, lists and answers that somebody has bent: refused, and never an error.

``cryptography`` reads some parts only when they are asked for, and has errors of several kinds.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.pki import (
    Authority,
    KeyKind,
    PkiFault,
    Purpose,
    Revocation,
    answered,
    asked_for,
    between,
    certificates_of_pem,
    checked_request,
    contents_of,
    der_of,
    fault_of_chain,
    from_der,
    has_issued,
    hashes_of,
    names_of,
    new_key,
    new_request,
    question,
    standing_in,
    verified,
)
from tests.soak import cases

NOW = SystemClock().now()
DAY = timedelta(days=1)
ROOT = Authority.new("root", KeyKind.P256, NOW, 9 * DAY)
SUB = ROOT.sub("sub", KeyKind.P256, NOW, 8 * DAY)
KEY = new_key()
_ISSUED = SUB.issue(
    KEY.public_key(), "CP1", Purpose.STATION, NOW, 5 * DAY,
    names=["a.example", "127.0.0.1"], ocsp_url="http://a.example/", list_url="http://b.example/",
)  # fmt: skip
LEAF = _ISSUED.certificate
REQUEST = base64.b64decode("".join(new_request(KEY, "CP1", "Op").strip().splitlines()[1:-1]))
LIST = SUB.revocation_list([Revocation(7, NOW)], 1, NOW, DAY).public_bytes(Encoding.DER)
ANSWER = answered(SUB, lambda _: (LEAF, None), LEAF.serial_number, "SHA256", NOW)


def look_at_certificate(der: bytes) -> None:
    body = base64.encodebytes(der).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    (found,) = certificates_of_pem(pem)
    assert from_der(der) == found
    names_of(found)
    hashes_of(found, SUB.certificate)
    hashes_of(LEAF, found)
    between(found, [SUB.certificate])
    has_issued(found, LEAF)
    fault_of_chain([found, SUB.certificate], [ROOT.certificate], NOW)
    fault_of_chain([LEAF, found], [ROOT.certificate], NOW)


def look_at_request(der: bytes) -> None:
    checked_request(base64.b64encode(der).decode(), {"CP1"})


def look_at_list(der: bytes) -> None:
    for each in contents_of(der)[1]:
        verified(each, [ROOT.certificate, SUB.certificate], [ROOT.certificate], NOW)


def look_at_answer(der: bytes) -> None:
    standing_in(der, SUB.certificate, NOW)


def look_at_question(der: bytes) -> None:
    asked_for(der)


KINDS: Final[dict[str, tuple[bytes, Callable[[bytes], None]]]] = {
    "certificate": (der_of(LEAF), look_at_certificate),
    "authority": (der_of(SUB.certificate), look_at_certificate),
    "request": (REQUEST, look_at_request),
    "list": (LIST, look_at_list),
    "answer": (ANSWER, look_at_answer),
    "question": (question(hashes_of(LEAF, SUB.certificate)), look_at_question),
}


# A number that is not positive is no error yet.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=cases(2_000, 100), deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=3)
)
def test_bent_bytes_are_refused_or_read(kind: str, changes: list[tuple[int, int]]) -> None:
    der, look = KINDS[kind]
    bent = bytearray(der)
    for place, value in changes:
        bent[place % len(bent)] = value
    with suppress(PkiFault):
        look(bytes(bent))


@pytest.mark.parametrize(
    ("kind", "version"),
    [("certificate", "a003020102"), ("request", "020100"), ("list", "020101")],
)
def test_a_version_that_cannot_be_is_refused(kind: str, version: str) -> None:
    der, look = KINDS[kind]
    raw = bytes.fromhex(version)
    with pytest.raises(PkiFault, match="version"):
        look(der.replace(raw, raw[:-1] + b"\x07", 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [("2a8648ce3d0201", "2a8648ce3d0207"), ("2a8648ce3d030107", "2a8648ce3d030177")],
    ids=["key", "curve"],
)
def test_a_key_that_nobody_knows_is_refused(old: str, new: str) -> None:
    for kind in ("certificate", "request"):
        der, look = KINDS[kind]
        with pytest.raises(PkiFault):
            look(der.replace(bytes.fromhex(old), bytes.fromhex(new), 1))


def test_what_is_as_it_was_made_is_read() -> None:
    for der, look in KINDS.values():
        look(der)
