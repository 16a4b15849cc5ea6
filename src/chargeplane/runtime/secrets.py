"""Secrets at rest: what must be readable again is stored encrypted; the key is elsewhere.

    secrets = Secrets(load_keys(environment, settings.data / "secret.key"))
    stored = secrets.seal(b"...", "totp", str(user_id))
    secrets.open(stored, "totp", str(user_id))

A sealed secret is text such as ``s1.4f2a90c1.q83v...``: the format, the id of the key, and the
AES-256-GCM nonce, ciphertext and tag. It belongs to a place, which is authenticated with it and not
stored: sealed for one user or column, it opens for no other, so rows cannot be swapped.

Keys are 32 random bytes in URL-safe base64, one a line. The first one seals; all of them open. To
rotate: put a new key on top (``add_key``) and seal anew what is stored, which the program also does
at each start. The keys of the authority are encrypted under keys derived from these, and go along.
Passwords of stations are kept under such keys too: each moves when its station logs in, so the old
key stays until all have, or were given new ones.

The REST interface never gives a secret back: it is written, replaced or removed. What need not be
readable again, such as a password, is hashed instead and has no place here.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import secrets as random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = [
    "KEYS_MAX",
    "KEY_VARIABLE",
    "SecretError",
    "Secrets",
    "add_key",
    "id_of_key",
    "keep_keys",
    "keys_of",
    "load_keys",
    "new_key",
]

KEY_VARIABLE = "CHARGEPLANE_SECRET_KEY"
"""The environment variable that holds the keys; several are separated by blanks."""
KEY_BYTES = 32
KEYS_MAX = 16
SECRET_BYTES_MAX = 65_536
_FORMAT = "s1"
_NONCE_BYTES = 12
_ID_CHARACTERS = 8


class SecretError(Exception):
    """A key cannot be used, or a secret cannot be opened. The text never holds either."""


class Secrets:
    """Seals and opens secrets. It has no state but its keys; threads may share it."""

    def __init__(self, keys: Sequence[bytes], look: Callable[[], object] = lambda: None) -> None:
        """Take the keys, the one that seals first.

        ``look``: called before one is sealed, and when one is under another key; it may call
        ``use``.

        Raises:
            SecretError: there is none, there are too many, or one has another length.
        """
        self._look = look
        self.use(keys)

    def use(self, keys: Sequence[bytes]) -> None:
        """Take other keys.

        Raises:
            SecretError: as the constructor; then everything stays.
        """
        if not 0 < len(keys) <= KEYS_MAX:
            raise SecretError(f"there must be 1 to {KEYS_MAX} keys")
        if any(len(key) != KEY_BYTES for key in keys):
            raise SecretError(f"a key must have {KEY_BYTES} bytes")
        # Threads share this: whoever sees the new first key finds its cipher.
        self._ciphers = {id_of_key(key): AESGCM(key) for key in keys}

    @property
    def key_id(self) -> str:
        """Of the key that seals."""
        return next(iter(self._ciphers))

    def seal(self, secret: bytes, *place: str) -> str:
        """A secret as it is stored.

        Args:
            secret: up to 64 KiB.
            place: what it is and whose, such as ``("totp", str(user_id))``.

        Raises:
            SecretError: it is too long.
        """
        if len(secret) > SECRET_BYTES_MAX:
            raise SecretError(f"a secret has {SECRET_BYTES_MAX} bytes at most")
        self._look()
        nonce = random.token_bytes(_NONCE_BYTES)
        key_id, cipher = next(iter(self._ciphers.items()))
        sealed = cipher.encrypt(nonce, secret, _place(key_id, place))
        return f"{_FORMAT}.{key_id}.{_text(nonce + sealed)}"

    def open(self, stored: str, *place: str) -> bytes:
        """The secret, if it was sealed for this place.

        Raises:
            SecretError: its key is not here, it was changed, or it belongs to another place.
        """
        key_id, raw = _parts(stored)
        if key_id not in self._ciphers:
            self._look()
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SecretError(f"the key {key_id} that a secret was sealed with is not here")
        try:
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _place(key_id, place))
        except (InvalidTag, ValueError) as error:
            raise SecretError("a secret was changed, or is not where it belongs") from error

    def is_current(self, stored: str) -> bool:
        """Whether it was sealed with the first key."""
        return _parts(stored)[0] == self.key_id

    def reseal(self, stored: str, *place: str) -> str:
        """The same secret under the first key; what is under it already stays as it is.

        Raises:
            SecretError: it cannot be opened.
        """
        return stored if self.is_current(stored) else self.seal(self.open(stored, *place), *place)


def new_key() -> str:
    """A key, as a line of a key file."""
    return _text(random.token_bytes(KEY_BYTES))


def id_of_key(key: bytes) -> str:
    """Tells keys apart and tells nothing of them."""
    return hashlib.sha256(b"chargeplane key id\0" + key).hexdigest()[:_ID_CHARACTERS]


def load_keys(environment: Mapping[str, str], file: Path) -> list[bytes]:
    """The keys of the environment if it has some, otherwise those of the file.

    A file that is missing is made, readable by its owner alone. Several nodes on one database need
    the same keys: give them in the environment, or put the same file in place.

    Raises:
        SecretError: a key is not what ``new_key`` makes.
        OSError: the file can be neither read nor made.
    """
    if given := environment.get(KEY_VARIABLE, "").split():
        return [_key(text, KEY_VARIABLE) for text in given]
    if not file.exists():
        _make(file)
    return keys_of(file.read_text(encoding="ascii", errors="replace"), str(file))


def keys_of(text: str, source: str) -> list[bytes]:
    """The keys of a text, one a line.

    Raises:
        SecretError: there is none, or one is not what ``new_key`` makes.
    """
    lines = text.split()
    if not lines:
        raise SecretError(f"{source} holds no key")
    return [_key(each, source) for each in lines]


def add_key(file: Path) -> list[bytes]:
    """Put a new key on top of those of a file; all of them, the new one first.

    The file holds either the old keys or all of them, whenever this is interrupted.

    Raises:
        SecretError: the file cannot be used, or holds as many keys as it may.
        OSError: it can be neither read nor written.
    """
    with _alone(file):
        lines = file.read_text(encoding="ascii", errors="replace").split()
        if len(lines) >= KEYS_MAX:
            raise SecretError(f"{file} holds {len(lines)} keys; let old ones go first")
        return _rewrite(file, [new_key(), *lines])


def keep_keys(file: Path, ids: Collection[str]) -> list[bytes]:
    """Let the other keys of a file go; the first one always stays. Those that are left.

    Raises:
        SecretError: the file holds no key, or something that is none.
        OSError: it can be neither read nor written.
    """
    with _alone(file):
        lines = file.read_text(encoding="ascii", errors="replace").split()
        if not lines:
            raise SecretError(f"{file} holds no key")
        first, *others = lines
        left = [text for text in others if id_of_key(_key(text, str(file))) in ids]
        return _rewrite(file, [first, *left])


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Of two commands that change the file, the second one waits for the first."""
    with file.with_name(f"{file.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # it ends with the file, or with the process
        yield


def _rewrite(file: Path, lines: Sequence[str]) -> list[bytes]:
    keys = [_key(text, str(file)) for text in lines]
    draft = file.with_name(f"{file.name}.draft")
    _write(draft, lines, os.O_TRUNC)
    draft.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # nothing is sealed under a key that a power cut takes away again
    finally:
        os.close(folder)
    return keys


def _write(draft: Path, lines: Sequence[str], flag: int) -> None:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | flag, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as made:
        made.write("".join(f"{line}\n" for line in lines))
        made.flush()
        os.fsync(made.fileno())


def _make(file: Path) -> None:
    """The whole file appears at once, and of two programs that start together one makes it."""
    draft = file.with_name(f"{file.name}.{random.token_hex(4)}")
    try:
        _write(draft, [new_key()], os.O_EXCL)
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()


def _key(text: str, source: str) -> bytes:
    try:
        key = _bytes(text)
    except ValueError as error:
        raise SecretError(f"{source}: a key is not URL-safe base64") from error
    if len(key) != KEY_BYTES:
        raise SecretError(f"{source}: a key must have {KEY_BYTES} bytes, this one has {len(key)}")
    return key


def _place(key_id: str, place: Sequence[str]) -> bytes:
    """Each part with its length: ("ab", "c") is not ("a", "bc")."""
    parts = [_FORMAT, key_id, *place]
    return b"".join(len(raw).to_bytes(4) + raw for raw in (part.encode() for part in parts))


def _parts(stored: str) -> tuple[str, bytes]:
    kind, _, rest = stored.partition(".")
    key_id, _, text = rest.partition(".")
    if kind != _FORMAT:
        raise SecretError("this is no sealed secret")
    try:
        return key_id, _bytes(text)
    except ValueError as error:
        raise SecretError("this is no sealed secret") from error


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
