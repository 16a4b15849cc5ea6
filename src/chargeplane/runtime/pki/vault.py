"""The built-in authority in files: a root, and an authority for each purpose below it.

    pki/root.pem  pki/root.key  pki/csms.pem  pki/csms.key  pki/station.pem  ...

Keys are encrypted, or lie in a hardware token: then ``station.pkcs11`` names the key. The root's is
only needed to make or renew the others: it may be taken away to another place, and everything else
goes on. ``root.old.pem`` has the certificates that it had before.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from chargeplane.runtime.pki.authority import Authority, Purpose
from chargeplane.runtime.pki.certificates import (
    certificates_of_pem,
    common_name,
    organization,
    pem_of,
)
from chargeplane.runtime.pki.keys import (
    KeyKind,
    PkiFault,
    PrivateKey,
    key_from_pem,
    pem_of_key,
    strong,
)
from chargeplane.runtime.pki.token import Token

__all__ = ["Vault", "roots_in", "write_private"]

ROOT: Final = "root"
ROOT_LIFE: Final = timedelta(days=20 * 365)
SUB_LIFE: Final = timedelta(days=10 * 365)
OLD_ROOTS_MAX: Final = 4
_OLD_ROOTS: Final = "root.old.pem"


class Vault:
    """The files of one installation."""

    def __init__(
        self,
        folder: Path,
        passphrases: Sequence[bytes],
        token: Token | None = None,
        look: Callable[[], bool] = lambda: False,
    ) -> None:
        """Read nothing yet. The first passphrase encrypts, any one opens.

        Args:
            folder: of the files.
            passphrases: of the keys.
            token: where keys are that lie in none of the files.
            look: called when no passphrase opens; says whether there are others, by ``use``.
        """
        self._look = look
        self.folder = folder
        self._passphrases = passphrases
        self._token = token

    def use(self, passphrases: Sequence[bytes]) -> None:
        """Take other passphrases."""
        self._passphrases = passphrases

    @property
    def exists(self) -> bool:
        """Whether there is an authority."""
        return (self.folder / f"{ROOT}.pem").is_file()

    def init(
        self,
        organization: str,
        now: datetime,
        kind: KeyKind = KeyKind.P256,
        *,
        in_token: bool = False,
    ) -> None:
        """Make the root and the authorities of all purposes; their keys in files or in the token.

        Raises:
            PkiFault: there is an authority already, the files cannot be written, or the token
                cannot be used.
        """
        if self.exists:
            raise PkiFault(f"{self.folder} holds an authority already")
        uri, key = self._made(ROOT, kind) if in_token else ("", None)
        root = Authority.new(f"{organization} root", kind, now, ROOT_LIFE, organization, key)
        for purpose in Purpose:
            name = f"{organization} {purpose}"
            of_sub, key = self._made(str(purpose), kind) if in_token else ("", None)
            self._save(str(purpose), root.sub(name, kind, now, SUB_LIFE, key=key), of_sub)
        self._save(ROOT, root, uri)  # last: as soon as it is there, all of them are

    def root(self) -> x509.Certificate:
        """What stations and others have to trust.

        Raises:
            PkiFault: there is none.
        """
        return self._certificates(ROOT)[0]

    def certificate(self, purpose: Purpose) -> x509.Certificate:
        """That of the authority of a purpose, without its key.

        Raises:
            PkiFault: there is none.
        """
        return self._certificates(str(purpose))[0]

    def authority(self, purpose: Purpose) -> Authority:
        """The authority of a purpose.

        Raises:
            PkiFault: there is none, or the passphrase is wrong.
        """
        return self._load(str(purpose))

    def renew(self, purpose: Purpose, now: datetime) -> Authority:
        """Give an authority a new certificate for the same key and name.

        What it has issued leads over the old and the new one alike, and it answers for that on.

        Raises:
            PkiFault: as ``authority``, for it and for the root.
        """
        root, old = self._load(ROOT), self._load(str(purpose))
        name, whose = common_name(old.certificate.subject), organization(old.certificate.subject)
        authority = root.sub(name, KeyKind.P256, now, SUB_LIFE, whose, old.key)
        self._save_chain(str(purpose), authority)
        return authority

    def renew_root(self, now: datetime) -> Authority:
        """Give the root a new certificate for the same key and name; the old one is kept beside.

        Stations that have either trust all authorities below. They need the new one before the old
        one ends.

        Raises:
            PkiFault: the key of the root is not here, or the files cannot be written.
        """
        old = self._load(ROOT)
        name, whose = common_name(old.certificate.subject), organization(old.certificate.subject)
        root = Authority.new(name, KeyKind.P256, now, ROOT_LIFE, whose, old.key)
        kept = [old.certificate, *self.old_roots()][:OLD_ROOTS_MAX]
        try:
            write_private(self.folder / _OLD_ROOTS, pem_of(kept).encode())
        except OSError as error:
            raise PkiFault(f"{error.filename}: {error.strerror}") from error
        self._save_chain(ROOT, root)
        return root

    def old_roots(self) -> list[x509.Certificate]:
        """The certificates that the root had before, the latest first."""
        with suppress(FileNotFoundError):
            return certificates_of_pem((self.folder / _OLD_ROOTS).read_bytes())
        return []

    @property
    def uses_token(self) -> bool:
        """Whether a key lies in a hardware token, which takes its time."""
        return any(self.folder.glob("*.pkcs11"))

    def place_of_key(self, name: str) -> str:
        """Where the key of an authority is, for people: file, its URI in a token, or elsewhere."""
        with suppress(FileNotFoundError):
            return self._uri_file(name).read_text(encoding="ascii", errors="replace").strip()
        return "file" if (self.folder / f"{name}.key").exists() else "elsewhere"

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
        if not self.folder.is_dir():
            return 0
        try:
            with (self.folder / ".lock").open("a") as lock:
                # A server and a command may do this at the same time, in the same files.
                fcntl.flock(lock, fcntl.LOCK_EX)
                return self._reseal()
        except OSError as error:
            raise PkiFault(f"{error.filename}: {error.strerror}") from error

    def _reseal(self) -> int:
        stale = [path for path in self._keys() if not self._is_first(path)]
        for path in stale:
            try:
                key = self._opened(path.read_bytes())
            except PkiFault as fault:
                raise PkiFault(f"{path}: {fault}") from fault
            write_private(path, pem_of_key(key, self._passphrases[0]))
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
        public = strong(certificate.public_key())
        try:
            if self._uri_file(name).exists():
                key = self._token_or_fault().key(self.place_of_key(name), public)
            else:
                key = self._opened((self.folder / f"{name}.key").read_bytes())
        except OSError as error:
            raise PkiFault(f"{error.filename}: {error.strerror}") from error
        if key.public_key() != public:
            raise PkiFault(f"{self.folder / name}.key is not the key of its certificate")
        chain = () if name == ROOT else (certificate, *between)
        return Authority(certificate, key, tuple(chain))

    def _made(self, name: str, kind: KeyKind) -> tuple[str, PrivateKey]:
        return self._token_or_fault().make(name, kind)

    def _token_or_fault(self) -> Token:
        if self._token is None:
            raise PkiFault("keys in a token want the settings pkcs11_module and pkcs11_token")
        return self._token

    def _uri_file(self, name: str) -> Path:
        return self.folder / f"{name}.pkcs11"

    def _opened(self, pem: bytes) -> PrivateKey:
        try:
            return self._opened_by_these(pem)
        except PkiFault:
            if not self._look():
                raise
            return self._opened_by_these(pem)

    def _opened_by_these(self, pem: bytes) -> PrivateKey:
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

    def _save(self, name: str, authority: Authority, uri: str) -> None:
        """``uri``: of its key in the token; empty: the key goes into a file."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if uri:
                write_private(self._uri_file(name), f"{uri}\n".encode())
            else:
                sealed = pem_of_key(authority.key, self._passphrases[0])
                write_private(self.folder / f"{name}.key", sealed)
        except OSError as error:
            raise PkiFault(f"{error.filename}: {error.strerror}") from error
        self._save_chain(name, authority)

    def _save_chain(self, name: str, authority: Authority) -> None:
        chain = authority.between or (authority.certificate,)
        try:
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
