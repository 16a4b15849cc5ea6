"""Codes that change: as the standard computes them, once each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.runtime.access.totp import STEP_S, code_at, new_secret, step_of, uri

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


# RFC 6238, appendix B, of which six digits are shown.
@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(second: int, code: str) -> None:
    assert code_at(SECRET, second // STEP_S) == code
    assert step_of(SECRET, code, datetime.fromtimestamp(second, UTC)) == second // STEP_S


@given(st.integers(-5, 5))
def test_a_phone_may_be_half_a_minute_wrong_and_no_more(steps: int) -> None:
    shown = code_at(SECRET, int(NOW.timestamp()) // STEP_S + steps)
    assert (step_of(SECRET, shown, NOW) is not None) == (abs(steps) <= 1)


def test_a_code_is_taken_once_and_none_before_it() -> None:
    current = int(NOW.timestamp()) // STEP_S
    used = step_of(SECRET, code_at(SECRET, current), NOW)
    assert used == current
    for step in (current - 1, current):
        assert step_of(SECRET, code_at(SECRET, step), NOW, after=used) is None
    later = NOW + timedelta(seconds=STEP_S)
    assert step_of(SECRET, code_at(SECRET, current + 1), later, after=used) == current + 1


@pytest.mark.parametrize(
    "text",
    ["", "12345", "1234567", "12345a", "\uff11\uff12\uff13\uff14\uff15\uff16", " 12345", "-12345"],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    assert step_of(SECRET, text, NOW) is None


def test_a_qr_code_says_whose_account_it_is() -> None:
    parts = urlsplit(uri(SECRET, "chargeplane", "ada: über/alles?"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/chargeplane%3Aada%3A%20%C3%BCber%2Falles%3F"
    assert parse_qs(parts.query)["secret"] == ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]


def test_secrets_are_as_long_as_the_hash_and_differ() -> None:
    assert len(new_secret()) == 20
    assert new_secret() != new_secret()
