"""Passwords of stations: how they are made, kept and compared."""

from __future__ import annotations

import hashlib
import hmac
import secrets

__all__ = ["CHARACTERS_MAX", "CHARACTERS_MIN", "hashed_password", "is_right", "new_password"]

CHARACTERS_MIN = 16
"""A00.FR.205."""
CHARACTERS_MAX = 64
"""2.1; 1.6 and 2.0.1 have room for 40, which ours keep to."""


def new_password() -> str:
    """24 random characters that every station can store and everybody can type."""
    return secrets.token_urlsafe(18)


def hashed_password(password: bytes, salt: bytes | None = None) -> str:
    """A password as it is stored.

    Station passwords are long and random (A00.FR.205: 16 characters at least), so that a slow hash
    would protect nothing and would cost minutes when all stations come back at once.
    """
    salt = salt or secrets.token_bytes(16)
    digest = hashlib.sha256(salt + password).hexdigest()
    return f"sha256${salt.hex()}${digest}"


def is_right(password: bytes, stored: str) -> bool:
    """Whether a password is the stored one. Takes as long for a wrong one."""
    _, salt, _ = stored.split("$")
    return hmac.compare_digest(hashed_password(password, bytes.fromhex(salt)), stored)
