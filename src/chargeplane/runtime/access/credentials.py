"""Secrets: how tokens and passwords are made, kept and compared."""

from __future__ import annotations

import asyncio
import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chargeplane.runtime.store import storable

__all__ = [
    "NAME_CHARACTERS_MAX",
    "PASSWORD_CHARACTERS_MAX",
    "PASSWORD_CHARACTERS_MIN",
    "Passwords",
    "digest_of",
    "fault_of_name",
    "fault_of_password",
    "fault_of_token",
    "hint_of",
    "new_password",
    "new_token",
    "new_word",
]

TOKEN_PREFIX = "cp_"
HINT_CHARACTERS_MAX = 8
"""So much of a token is kept readable, to tell tokens apart in a list."""
NAME_CHARACTERS_MAX = 100
PASSWORD_CHARACTERS_MIN = 12
PASSWORD_CHARACTERS_MAX = 256
GIVEN_TOKEN_CHARACTERS_MIN = 8
TOKEN_CHARACTERS_MAX = 512


def new_token() -> str:
    """A token of 32 random bytes, with a prefix by which scanners find it in a leak."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def new_word() -> str:
    """32 random bytes that are nobody's token."""
    return secrets.token_urlsafe(32)


def new_password() -> str:
    """A password of 15 random bytes, short enough to be typed once."""
    return secrets.token_urlsafe(15)


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def hint_of(token: str) -> str:
    """The beginning of one of our tokens; nothing of one that somebody else made."""
    return token[:HINT_CHARACTERS_MAX] if token.startswith(TOKEN_PREFIX) else ""


def fault_of_token(token: str) -> str | None:
    """Why a token that somebody chose cannot be used; None if it can."""
    if not GIVEN_TOKEN_CHARACTERS_MIN <= len(token) <= TOKEN_CHARACTERS_MAX:
        return f"it must have {GIVEN_TOKEN_CHARACTERS_MIN} to {TOKEN_CHARACTERS_MAX} characters"
    if not token.isascii() or not token.isprintable() or " " in token:
        return "it must be printable ASCII without spaces"
    return None


def fault_of_name(name: str) -> str | None:
    """Why a user or a token cannot have this name; None if it can."""
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        return f"a name has 1 to {NAME_CHARACTERS_MAX} printable characters"
    return None


def fault_of_password(password: str) -> str | None:
    """Why a password cannot be used; None if it can."""
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        return f"a password has {PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} characters"
    if storable(password) != password:
        return "a password has no NUL characters and no lone surrogates"
    return None


class Passwords:
    """Argon2id, off the event loop and only so many at once: each takes 64 MiB for 50 ms."""

    def __init__(self, hasher: PasswordHasher | None = None, at_once_max: int = 2) -> None:
        self._hasher = hasher or PasswordHasher()
        self._room = asyncio.Semaphore(at_once_max)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        async with self._room:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether it is the password; None, for a user that does not exist, takes as long."""
        if kept is None and self._nobody is None:
            self._nobody = await self.hash(secrets.token_urlsafe())
        async with self._room:
            matches = await asyncio.to_thread(self._matches, kept or self._nobody or "", password)
        return matches and kept is not None

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
