"""Passwords of stations: how they are made, kept and compared.

They are kept as HMAC-SHA-256 under a key that is not in the database (decision 0008). They are long
and random, so that a slow hash would protect nothing, and would cost minutes of CPU when all
stations come back at once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from typing import Final

__all__ = [
    "CHARACTERS_MAX",
    "CHARACTERS_MIN",
    "KEY_ID_CHARACTERS",
    "KEY_ID_FROM",
    "Passwords",
    "hashed_password",
    "is_right",
    "new_password",
    "weakness_of_password",
]

CHARACTERS_MIN: Final = 16
"""A00.FR.205."""
CHARACTERS_MAX: Final = 64
"""2.1; 2.0.1 has room for 40, and 1.6 for 20 bytes, which ours keep to."""
DISTINCT_MIN: Final = 8
"""Fewer different characters in 16 are a pattern: chance makes that once in ten million."""
_SCHEME: Final = "hmac-sha256"
KEY_ID_CHARACTERS: Final = 8
KEY_ID_FROM: Final = len(_SCHEME) + 2
"""Where the id of the key begins in what is stored, counted from 1 as SQL does."""
_NO_SALT: Final = "00" * 16
_RUNS: Final = "abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop asdfghjkl zxcvbnm".split()
_RUN_CHARACTERS: Final = 6
_COMMON: Final = (
    "password",
    "passwort",
    "changeme",
    "admin",
    "ocpp",
    "charge",
    "secret",
    "welcome",
)


class Passwords:
    """Keeps and compares passwords under the keys of an installation."""

    def __init__(
        self, keys: Sequence[bytes] = (), look: Callable[[], object] = lambda: None
    ) -> None:
        """The first key hashes, all compare; without keys (tests) a fixed one does both.

        ``look``: called before one is hashed, and when one is under another key; it may call
        ``use``.
        """
        self._look = look
        self.use(keys)

    def use(self, keys: Sequence[bytes]) -> None:
        """Take other keys."""
        derived = [_derived(key) for key in keys] or [_derived(b"")]
        self._keys = {_key_id(key): key for key in derived}  # at once: threads share this

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Of the keys, as they stand in what is stored; the one that hashes first."""
        return tuple(self._keys)

    def hashed(self, password: bytes) -> str:
        """A password as it is stored."""
        self._look()
        salt, (key_id, key) = secrets.token_hex(16), next(iter(self._keys.items()))
        return "$".join((_SCHEME, key_id, salt, _digest(key, salt, password)))

    def is_right(self, password: bytes, stored: str) -> bool:
        """Whether a password is the stored one. Takes as long for a wrong one.

        1.6 writes the bytes of a key in hexadecimal, and some stations send the digits where the
        bytes belong, or the other way round; all spellings of the right key are right.
        """
        return self._found(password, stored) is not None

    def renewed(self, password: bytes, stored: str) -> str | None:
        """The same password under the first key, in the spelling that is stored.

        None if it is under that key already, or is not the stored one.
        """
        if stored.startswith(f"{_SCHEME}${self.key_ids[0]}$"):
            return None
        found = self._found(password, stored)
        return None if found is None else self.hashed(found)

    def _found(self, password: bytes, stored: str) -> bytes | None:
        """The spelling that is stored; looks at all of them, whichever it is."""
        scheme, _, rest = stored.partition("$")
        key_id, _, rest = rest.partition("$")
        salt, _, digest = rest.partition("$")
        if scheme != _SCHEME:
            return None
        if key_id not in self._keys:
            self._look()
        keys = self._keys
        key = keys.get(key_id)
        if key is None:  # no password is right under one that has gone: it takes as long to say
            key, salt, digest = next(iter(keys.values())), _NO_SALT, ""
        right = [
            each
            for each in _spellings(password)
            if hmac.compare_digest(_digest(key, salt, each), digest)
        ]
        return right[0] if right else None


def _digest(key: bytes, salt: str, password: bytes) -> str:
    return hmac.digest(key, bytes.fromhex(salt) + password, "sha256").hex()


def _derived(key: bytes) -> bytes:
    return hmac.digest(key, b"chargeplane station passwords", "sha256")


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"id" + key).hexdigest()[:KEY_ID_CHARACTERS]


def _spellings(password: bytes) -> list[bytes]:
    digits = password.hex()
    spellings = [password, digits.encode(), digits.upper().encode()]
    try:
        spellings.append(bytes.fromhex(password.decode("ascii")))
    except ValueError:
        spellings.append(password)  # as many comparisons as ever
    return spellings


_UNKEYED: Final = Passwords()
hashed_password = _UNKEYED.hashed
"""For tests and tools without an installation: under no secret key."""
is_right = _UNKEYED.is_right


def new_password() -> str:
    """20 random characters (120 bits), which stations of every version can store."""
    return secrets.token_urlsafe(15)


def weakness_of_password(password: str, identity: str = "") -> str | None:
    """Why a password that somebody chose is refused; None if it is good enough."""
    if not CHARACTERS_MIN <= len(password) <= CHARACTERS_MAX:
        return f"{CHARACTERS_MIN} to {CHARACTERS_MAX} characters are wanted"
    if not password.isprintable():
        return "it holds characters that cannot be printed"
    plain = password.casefold()
    if len(set(plain)) < DISTINCT_MIN:
        return f"it has fewer than {DISTINCT_MIN} different characters"
    if len(identity) >= 4 and identity.casefold() in plain:
        return "it contains the identity of the station"
    if any(word in plain for word in _COMMON):
        return "it contains a word that is tried first"
    half = len(plain) // 2
    if any(
        plain == plain[:n] * (len(plain) // n) + plain[: len(plain) % n] for n in range(1, half)
    ):
        return "it repeats itself"
    if any(_has_run(plain, run) or _has_run(plain, run[::-1]) for run in _RUNS):
        return "it follows the alphabet, the numbers or the keyboard"
    return None


def _has_run(plain: str, run: str) -> bool:
    ends = range(_RUN_CHARACTERS, len(run) + 1)
    return any(run[end - _RUN_CHARACTERS : end] in plain for end in ends)
