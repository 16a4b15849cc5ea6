"""The secret keys of an installation while the program runs: a key that is added counts at once.

    keyring = Keyring(os.environ, settings.data / "secret.key")
    secrets = Secrets(keyring.keys, keyring.look)
    keyring.bind(secrets.use)

The file is looked at again by whoever calls ``look``: every few seconds, before something is put
under a key, and when something is under one that is not here. Keys of the environment stay as they
are: it cannot change.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from chargeplane.runtime.secrets import (
    KEY_VARIABLE,
    KEYS_MAX,
    SecretError,
    id_of_key,
    keys_of,
    load_keys,
)

__all__ = ["Keyring", "Use"]

_log = logging.getLogger(__name__)
FILE_BYTES_MAX: Final = 65_536

Use = Callable[[Sequence[bytes]], None]
"""Takes the keys, the first of which seals."""


class _Mark(NamedTuple):
    """Changes whenever the file is put in place or written."""

    inode: int
    modified_ns: int
    length_bytes: int


class Keyring:
    """Knows the keys, and tells those who use them. Threads may share it."""

    def __init__(self, environment: Mapping[str, str], file: Path) -> None:
        """Load the keys; a file with one is made if there is none.

        Raises:
            SecretError: they cannot be used.
            OSError: the file can be neither read nor made.
        """
        self._file = None if environment.get(KEY_VARIABLE, "").split() else file
        self._users: list[Use] = []
        self._lock = threading.Lock()
        self.keys: Sequence[bytes] = load_keys(environment, file)
        self._mark = _mark(file) if self._file else None

    def bind(self, use: Use) -> None:
        """Have somebody told of other keys from now on."""
        self._users.append(use)

    def look(self) -> bool:
        """Take the keys of the file if they have changed; whether they have.

        A file that is missing or cannot be used changes nothing. If it shares no key with those in
        use, these still open: it may be the wrong file, or two rotations in a row.
        """
        file = self._file
        if file is None:
            return False
        with self._lock:
            try:
                mark = _mark(file)
                if mark == self._mark:
                    return False
                self._mark = mark
                found = _read(file)
            except (SecretError, OSError) as error:
                _log.error("the secret keys stay as they are: %s", error)
                return False
            if found == [*self.keys]:
                return False
            if not {*found} & {*self.keys}:
                _log.warning("%s shares no key with those in use: they open until a restart", file)
                found = [*found, *self.keys][:KEYS_MAX]
            self.keys = found
            for use in self._users:
                use(found)
        names = ", ".join(id_of_key(each) for each in found)
        _log.info("the secret keys were read again, the first one in use: %s", names)
        return True


def _mark(file: Path) -> _Mark:
    found = file.stat()
    return _Mark(found.st_ino, found.st_mtime_ns, found.st_size)


def _read(file: Path) -> list[bytes]:
    """The keys of a file that is there: this never makes one."""
    with file.open("rb") as opened:
        raw = opened.read(FILE_BYTES_MAX)
    found = keys_of(raw.decode("ascii", errors="replace"), str(file))
    if len(found) > KEYS_MAX:
        raise SecretError(f"{file} holds more than {KEYS_MAX} keys")
    return found
