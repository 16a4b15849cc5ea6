"""The built-in authority in files: a root, and an authority for each purpose below it.

    pki/root.pem  pki/root.key  pki/csms.pem  pki/csms.key  pki/station.pem  ...

Keys are encrypted. The root's is only needed to make or renew the others: it may be taken away to
another place, and everything else goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from chargeplane.runtime.pki.authority import Authority, Purpose
from chargeplane.runtime.pki.certificates import certificates_of_pem, pem_of
from chargeplane.runtime.pki.keys import KeyKind, PkiFault, PrivateKey, key_from_pem, pem_of_key

__all__ = ["Vault", "roots_in", "write_private"]

ROOT: Final = "root"
ROOT_LIFE: Final = timedelta(days=20 * 365)
SUB_LIFE: Final = timedelta(days=10 * 365)


class Vault:
    """The files of one installation."""

    def __init__(self, folder: Path, passphrases: Sequence[bytes]) -> None:
        """Read nothing yet. The first passphrase encrypts, any one opens."""
        self.folder = folder
        self._passphrases = passphrases

    @property
    def exists(self) -> bool:
        """Whether there is an authority."""
        return (self.folder / f"{ROOT}.pem").is_file()

    def init(self, organization: str, now: datetime, kind: KeyKind = KeyKind.P256) -> None:
        """Make the root and the authorities of all purposes.

        Raises:
            PkiFault: there is an authority already, or the files cannot be written.
        """
        if self.exists:
            raise PkiFault(f"{self.folder} holds an authority already")
        root = Authority.new(f"{organization} root", kind, now, ROOT_LIFE, organization)
        for purpose in Purpose:
            name = f"{organization} {purpose}"
            self._save(str(purpose), root.sub(name, kind, now, SUB_LIFE))
        self._save(ROOT, root)  # last: as soon as it is there, all of them are

    def root(self) -> x509.Certificate:
        """What stations and others have to trust.

        Raises:
            PkiFault: there is none.
        """
        return self._certificates(ROOT)[0]

    def authority(self, purpose: Purpose) -> Authority:
        """The authority of a purpose.

        Raises:
            PkiFault: there is none, or the passphrase is wrong.
        """
        return self._load(str(purpose))

    def renew(self, purpose: Purpose, now: datetime, kind: KeyKind = KeyKind.P256) -> Authority:
        """Put a new authority in the place of one; what the old one has issued stays valid.

        Raises:
            PkiFault: as ``authority``, for the root.
        """
        root = self._load(ROOT)
        name = f"{root.certificate.subject.rfc4514_string()} {purpose}"[:64]
        authority = root.sub(name, kind, now, SUB_LIFE)
        self._save(str(purpose), authority)
        return authority

    def stale(self) -> list[str]:
        """The keys in the folder that the first passphrase does not open, by name."""
        return [path.stem for path in self._keys() if not self._is_first(path)]

    def reseal(self) -> int:
        """Encrypt all keys in the folder under the first passphrase; how many were not.

        Each file holds its key under the one or the other, whenever this is interrupted. What
        somebody has put elsewhere, such as the key of the root, keeps its passphrase.

        Raises:
            PkiFault: one of them cannot be opened or written; those before it are done.
        """
        stale = [path for path in self._keys() if not self._is_first(path)]
        for path in stale:
            try:
                key = self._opened(path.read_bytes())
                write_private(path, pem_of_key(key, self._passphrases[0]))
            except PkiFault as fault:
                raise PkiFault(f"{path}: {fault}") from fault
            except OSError as error:
                raise PkiFault(f"{error.filename}: {error.strerror}") from error
        return len(stale)

    def _keys(self) -> list[Path]:
        return sorted(self.folder.glob("*.key"))

    def _is_first(self, path: Path) -> bool:
        with suppress(PkiFault):
            key_from_pem(path.read_bytes(), self._passphrases[0])
            return True
        return False

    def _load(self, name: str) -> Authority:
        certificate, *between = self._certificates(name)
        try:
            key = self._opened((self.folder / f"{name}.key").read_bytes())
        except OSError as error:
            raise PkiFault(f"{error.filename}: {error.strerror}") from error
        chain = () if name == ROOT else (certificate, *between)
        return Authority(certificate, key, tuple(chain))

    def _opened(self, pem: bytes) -> PrivateKey:
        for passphrase in self._passphrases[1:]:
            with suppress(PkiFault):
                return key_from_pem(pem, passphrase)
        return key_from_pem(pem, self._passphrases[0])

    def _certificates(self, name: str) -> list[x509.Certificate]:
        path = self.folder / f"{name}.pem"
        try:
            return certificates_of_pem(path.read_bytes())
        except FileNotFoundError as error:
            raise PkiFault(f"{path} is missing; `chargeplane pki init` makes it") from error
        except OSError as error:
            raise PkiFault(f"{path}: {error.strerror}") from error

    def _save(self, name: str, authority: Authority) -> None:
        chain = authority.between or (authority.certificate,)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(
                self.folder / f"{name}.key", pem_of_key(authority.key, self._passphrases[0])
            )
            write_private(self.folder / f"{name}.pem", pem_of(chain).encode())
        except OSError as error:
            raise PkiFault(f"{error.filename}: {error.strerror}") from error


def write_private(path: Path, content: bytes) -> None:
    """Write a file that is whole or not there, and that nobody else may read."""
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def roots_in(folder: Path) -> Iterable[x509.Certificate]:
    """All certificates of the PEM files of a folder; none if there is no folder.

    Raises:
        PkiFault: one of them cannot be read.
    """
    for path in sorted(folder.glob("*.pem")):
        yield from certificates_of_pem(path.read_bytes())
