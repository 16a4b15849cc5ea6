"""Who signs: the authority of the installation, or another one behind the same interface."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from cryptography import x509

from chargeplane.runtime.pki import (
    Authority,
    Issued,
    PkiFault,
    Purpose,
    SigningRequest,
    Vault,
)

__all__ = ["Issuer", "Issuers", "LocalIssuer"]

LIVES: Final = {
    Purpose.STATION: timedelta(days=365),
    Purpose.V2G: timedelta(days=60),
    Purpose.CONTRACT: timedelta(days=730),
}


class Issuer(Protocol):
    """Signs requests that were checked."""

    async def issue(self, request: SigningRequest, purpose: Purpose, now: datetime) -> Issued:
        """The certificate and its chain; raises ``PkiFault`` if there will be none."""
        ...


class Issuers:
    """Another issuer for some purposes, and one for all others."""

    def __init__(self, issuers: Mapping[Purpose, Issuer], other: Issuer | None) -> None:
        self._issuers = issuers
        self._other = other

    async def issue(self, request: SigningRequest, purpose: Purpose, now: datetime) -> Issued:
        issuer = self._issuers.get(purpose, self._other)
        if issuer is None:
            raise PkiFault(f"there is no authority for {purpose}")
        return await issuer.issue(request, purpose, now)


class LocalIssuer:
    """Signs with the authorities in a vault."""

    def __init__(self, vault: Vault, public_url: str = "") -> None:
        """``public_url``: of the REST interface; certificates say where to ask about them."""
        self._vault = vault
        self._public_url = public_url.rstrip("/")
        self._authorities: dict[Purpose, Authority] = {}

    async def issue(self, request: SigningRequest, purpose: Purpose, now: datetime) -> Issued:
        authority = self.authority(purpose)
        # The operator is ours to say, whatever the station believes (A00.FR.507).
        return authority.issue(
            request.key,
            request.common_name,
            purpose,
            now,
            LIVES[purpose],
            ocsp_url=self._at("ocsp"),
            list_url=self._at(f"lists/{purpose}"),
        )

    def _at(self, path: str) -> str:
        return f"{self._public_url}/certificates/{path}" if self._public_url else ""

    def authority(self, purpose: Purpose) -> Authority:
        """Decrypted once: a fleet that renews its certificates is not to wait for that.

        Raises:
            PkiFault: there is none.
        """
        if purpose not in self._authorities:
            self._authorities[purpose] = self._vault.authority(purpose)
        return self._authorities[purpose]

    @property
    def root(self) -> x509.Certificate:
        """What stations have to trust."""
        return self._vault.root()
