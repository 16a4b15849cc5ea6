"""Who signs: the authority of the installation, or another one behind the same interface."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

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

T = TypeVar("T")
ROOT_RENEWED_BEFORE: Final = timedelta(days=3 * 365)
"""Stations need the new one in time, and some do not come for months."""
RENEWED_BEFORE: Final = timedelta(days=2 * 365)
"""What an authority issues must not end with it."""
WAITING_MAX: Final = 100
"""Signatures that a hardware token still has to make."""
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
    """Signs with the authorities in a vault.

    A hardware token takes its time, so whoever wants its signature waits in a thread's queue, and
    the stations are served meanwhile.
    """

    def __init__(self, vault: Vault, public_url: str = "") -> None:
        """``public_url``: of the REST interface; certificates say where to ask about them."""
        self._vault = vault
        self._public_url = public_url.rstrip("/")
        self._authorities: dict[Purpose, Authority] = {}
        self._thread = ThreadPoolExecutor(1, "token") if vault.uses_token else None
        self._waiting = 0

    async def issue(self, request: SigningRequest, purpose: Purpose, now: datetime) -> Issued:
        def sign(authority: Authority) -> Issued:
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

        return await self.use(purpose, sign)

    async def use(self, purpose: Purpose, work: Callable[[Authority], T]) -> T:
        """Do something with the authority of a purpose.

        Raises:
            PkiFault: there is none, or too many wait for the token.
        """
        if self._thread is None:
            return work(self._authority(purpose))
        if self._waiting >= WAITING_MAX:
            raise PkiFault(f"{WAITING_MAX} signatures wait for the token")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, lambda: work(self._authority(purpose)))
        finally:
            self._waiting -= 1

    async def renew_due(self, now: datetime) -> list[str]:
        """Renew the authorities that end soon, the root first; the names of those that were.

        Raises:
            PkiFault: one of them cannot be; those before it are done.
        """
        if self._thread is None:
            return await asyncio.to_thread(self._renew_due, now)
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._renew_due, now)

    def _renew_due(self, now: datetime) -> list[str]:
        done = []
        if self.root.not_valid_after_utc - now < ROOT_RENEWED_BEFORE:
            self._vault.renew_root(now)
            done.append("root")
        for purpose in Purpose:
            ends_at = self._vault.certificate(purpose).not_valid_after_utc
            if ends_at - now < RENEWED_BEFORE and ends_at < self.root.not_valid_after_utc:
                self._authorities[purpose] = self._vault.renew(purpose, now)
                done.append(str(purpose))
        return done

    def forget(self) -> None:
        """Read the authorities again: a command may have renewed them."""
        self._authorities = {}

    @property
    def old_root(self) -> x509.Certificate | None:
        """The certificate that the root had before; None if it was never renewed."""
        return next(iter(self._vault.old_roots()), None)

    def _at(self, path: str) -> str:
        return f"{self._public_url}/certificates/{path}" if self._public_url else ""

    def _authority(self, purpose: Purpose) -> Authority:
        """Decrypted once: a fleet that renews its certificates is not to wait for that."""
        if purpose not in self._authorities:
            self._authorities[purpose] = self._vault.authority(purpose)
        return self._authorities[purpose]

    @property
    def root(self) -> x509.Certificate:
        """What stations have to trust."""
        return self._vault.root()
