"""Codes that change every 30 seconds (RFC 6238): SHA-1 and six digits, as every app makes them."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

__all__ = ["code_at", "is_code", "new_secret", "step_of", "uri"]

DIGITS = 6
STEP_S = 30
DRIFT_STEPS_MAX = 1
"""So far may the clock of a phone be off."""
SECRET_BYTES = 20


def new_secret() -> bytes:
    """A random secret, as long as the hash (RFC 4226 section 4)."""
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """The code of one step of time."""
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: bytes, code: str, now: datetime, after: int = -1) -> int | None:
    """The step that a code belongs to; None if it is wrong, or not newer than ``after``.

    A code that was used once is not taken again (RFC 6238 section 5.2).
    """
    if not is_code(code):
        return None
    current = int(now.timestamp()) // STEP_S
    found = None
    for step in range(max(0, current - DRIFT_STEPS_MAX), current + DRIFT_STEPS_MAX + 1):
        if hmac.compare_digest(code_at(secret, step), code) and step > after:
            found = step
    return found


def is_code(text: str) -> bool:
    """Whether it looks like a code."""
    return len(text) == DIGITS and text.isascii() and text.isdigit()


def uri(secret: bytes, issuer: str, account: str) -> str:
    """What an app reads from a QR code."""
    shown = base64.b32encode(secret).decode().rstrip("=")
    label = quote(f"{issuer}:{account}", safe="")
    query = urlencode({"secret": shown, "issuer": issuer, "digits": DIGITS, "period": STEP_S})
    return f"otpauth://totp/{label}?{query}"
