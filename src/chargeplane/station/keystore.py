"""The keys and certificates of a station: what it trusts, and how it proves who it is.

They are real ones, and they are in the station's memory: a key never leaves it.
"""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from chargeplane.runtime.links import ServerCertificate, client_context
from chargeplane.runtime.pki import (
    CertificateHashes,
    PkiFault,
    PrivateKey,
    certificates_of_pem,
    der_of,
    fault_of_chain,
    fingerprint,
    hashes_of,
    key_from_pem,
    new_key,
    new_request,
    pem_of,
    pem_of_key,
)
from chargeplane.station.memory import Memory

__all__ = ["Kept", "KeyStore"]

ENTRIES_MAX: Final = 20
"""Roots that there is room for (CertificateEntries)."""
_ROOTS, _OWN = "roots", "own-certificates"
CSMS: Final = "CSMSRootCertificate"
MANUFACTURER: Final = "ManufacturerRootCertificate"
STATION: Final = "ChargingStationCertificate"


@dataclass(frozen=True, slots=True)
class Kept:
    """A certificate in the store, by the standard's word for its use."""

    use: str
    certificate: x509.Certificate
    hashes: CertificateHashes


class KeyStore:
    """Of one station. Its drawers: roots by fingerprint, own chains with their keys by use."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._roots: dict[str, tuple[str, x509.Certificate]] = {}
        self._own: dict[str, tuple[list[x509.Certificate], PrivateKey]] = {}
        self._asked: dict[str, PrivateKey] = {}
        for print_, (use, pem) in memory.take_all(_ROOTS, tuple[str, str]).items():
            self._roots[print_] = use, certificates_of_pem(pem)[0]
        for use, (chain, key) in memory.take_all(_OWN, tuple[str, str]).items():
            self._own[use] = certificates_of_pem(chain), key_from_pem(key.encode())

    def __len__(self) -> int:
        return len(self._roots)

    # Roots (M03 to M05) ---------------------------------------------------------------------

    def install(self, use: str, pem: str, now: datetime) -> bool:
        """Trust a root; False if there is no room.

        Raises:
            PkiFault: it is no certificate that could be one.
        """
        root = certificates_of_pem(pem)[0]
        if fault := fault_of_chain([root], [root], now):
            raise PkiFault(fault)
        print_ = fingerprint(root)
        if print_ not in self._roots and len(self._roots) >= ENTRIES_MAX:
            return False
        self._roots[print_] = use, root
        self._memory.put(_ROOTS, print_, (use, pem_of([root])))
        return True

    def listed(self, algorithm: str = "SHA256") -> list[Kept]:
        """All roots."""
        return [
            Kept(use, root, hashes_of(root, root, algorithm)) for use, root in self._roots.values()
        ]

    def roots(self, use: str) -> list[x509.Certificate]:
        """The roots for one use."""
        return [root for each, root in self._roots.values() if each == use]

    def delete(self, hashes: CertificateHashes) -> bool:
        """Stop trusting a root; False if there is none with these hashes."""
        for each in self.listed(hashes.algorithm):
            if each.hashes.key == hashes.key:
                print_ = fingerprint(each.certificate)
                del self._roots[print_]
                self._memory.drop(_ROOTS, print_)
                return True
        return False

    # Its own (A02, A03) ---------------------------------------------------------------------

    def request(self, use: str, name: str, organization: str) -> str:
        """A signing request with a new key, which waits for its certificate."""
        key = new_key()
        self._asked[use] = key
        return new_request(key, name, organization)

    def accept(self, use: str, pem: str, now: datetime) -> None:
        """Take the certificate that was asked for into use (A02.FR.08 to .10).

        Raises:
            PkiFault: it does not fit the key, is not valid, or leads to no root that is trusted.
        """
        chain = certificates_of_pem(pem)
        key = self._asked.get(use)
        if key is None or key.public_key() != chain[0].public_key():
            raise PkiFault("nobody has asked for a certificate of this key")
        roots = [root for _, root in self._roots.values()]
        if roots and (fault := fault_of_chain(chain, roots, now)):
            raise PkiFault(fault)
        self.give(use, chain, key)
        del self._asked[use]

    def give(self, use: str, chain: list[x509.Certificate], key: PrivateKey) -> None:
        """Put a certificate and its key in, as the factory does."""
        self._own[use] = chain, key
        self._memory.put(_OWN, use, (pem_of(chain), pem_of_key(key).decode()))

    def own(self, use: str = STATION) -> list[x509.Certificate]:
        """The chain that is in use; empty: none."""
        return self._own[use][0] if use in self._own else []

    # TLS ------------------------------------------------------------------------------------

    def context(self) -> ssl.SSLContext:
        """What to dial with: trust in the CSMS roots alone, and the own certificate."""
        trusted = [der_of(root) for use, root in self._roots.values() if use == CSMS]
        if STATION not in self._own:
            return client_context(trusted)
        chain, key = self._own[STATION]
        # Python's TLS reads keys from files alone; nobody else may read this one, and it is gone
        # again at once.
        with tempfile.TemporaryDirectory(prefix="chargeplane-") as folder:
            paths = Path(folder) / "chain.pem", Path(folder) / "key.pem"
            for path, content in zip(paths, (pem_of(chain).encode(), pem_of_key(key)), strict=True):
                path.touch(mode=0o600)
                path.write_bytes(content)
            return client_context(trusted, ServerCertificate(*paths))
