"""Whether certificates still count: for stations (M06, M07), and for all who ask about ours.

What our own authority has issued is answered here. For others the responder that the certificate
names is asked, if an operator allows its host: the address comes from a station, and nobody shall
have us call what they like.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.serialization import Encoding

from chargeplane.csms.certificates import tables
from chargeplane.csms.certificates.service import Certificates
from chargeplane.csms.certificates.tables import Certificate
from chargeplane.runtime.pki import (
    Authority,
    CertificateHashes,
    PkiFault,
    Purpose,
    Revocation,
    Standing,
    answered,
    asked_for,
    certificates_of_pem,
    hashes_of,
    question,
    standing_in,
)
from chargeplane.runtime.store import tenants

__all__ = ["HttpResponders", "Responders", "StatusDesk"]

_log = logging.getLogger(__name__)
ANSWER_BYTES_MAX: Final = 13_000
"""2.1 has room for 18,000 characters of base64."""
TIMEOUT_S: Final = 5.0
LIST_LIFE: Final = timedelta(days=7)
_TYPE: Final = {"Content-Type": "application/ocsp-request"}


class Responders(Protocol):
    """Asks the responder of another authority."""

    async def ask(self, url: str, request: bytes) -> bytes:
        """Its answer in DER; raises ``PkiFault`` if there is none."""
        ...


class HttpResponders:
    """Over HTTP, and only at hosts that an operator allows."""

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._hosts = frozenset(hosts)

    async def ask(self, url: str, request: bytes) -> bytes:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or parts.netloc not in self._hosts:
            raise PkiFault(f"the responder {parts.netloc!r} is not among those that may be asked")
        try:
            async with (
                httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client,
                client.stream("POST", url, content=request, headers=_TYPE) as response,
            ):
                body = b""
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > ANSWER_BYTES_MAX:
                        raise PkiFault("the answer of the responder is too long")
        except httpx.HTTPError as error:
            raise PkiFault(f"the responder {parts.netloc!r} cannot be asked: {error}") from error
        if response.status_code != httpx.codes.OK:
            raise PkiFault(f"the responder answers {response.status_code}")
        return body


class StatusDesk:
    """Answers questions about certificates."""

    def __init__(self, service: Certificates, responders: Responders | None = None) -> None:
        self._service = service
        self._responders = responders or HttpResponders()

    async def status(self, hashes: CertificateHashes, url: str) -> bytes:
        """An OCSP answer for a station to check (M06).

        Raises:
            PkiFault: there is none.
        """
        asked = question(hashes)
        own = await self._own(hashes)
        if own is not None:
            return own
        found = await self._responders.ask(url, asked)
        standing_in(found, None, self._service.clock.now())  # it is one, whatever it says
        return found

    async def standing(self, hashes: CertificateHashes, url: str) -> Standing:
        """The same in one word (M07).

        Raises:
            PkiFault: nobody knows.
        """
        return standing_in(await self.status(hashes, url), None, self._service.clock.now())

    async def respond(self, request: bytes) -> bytes:
        """The OCSP responder of our own authorities.

        Raises:
            PkiFault: the question cannot be read, or is about no certificate of ours.
        """
        own = await self._own(asked_for(request))
        if own is None:
            raise PkiFault("the certificate is none of ours")
        return own

    async def revocation_list(self, purpose: Purpose, now: datetime) -> bytes:
        """The list of an authority in DER.

        Raises:
            PkiFault: there is no such authority.
        """
        authority = self._authority(purpose)
        found: list[Revocation] = []
        for tenant_id in await self._service.store.read(tenants.known):
            rows = await self._service.store.read(partial(tables.revoked, tenant_id=tenant_id))
            found += [
                Revocation(int(each.serial_number, 16), each.revoked_at)
                for each in rows
                if each.purpose == purpose and each.revoked_at is not None
            ]
        number = int(now.timestamp())
        return authority.revocation_list(found, number, now, LIST_LIFE).public_bytes(Encoding.DER)

    def _authority(self, purpose: Purpose) -> Authority:
        if self._service.local is None:
            raise PkiFault("there is no certificate authority")
        return self._service.local.authority(purpose)

    async def _own(self, hashes: CertificateHashes) -> bytes | None:
        """The answer about a certificate of ours; None if it is somebody else's."""
        if self._service.local is None:
            return None
        serial = hashes.serial_number.lower().lstrip("0")
        rows = await self._service.store.read(partial(tables.find_serial, serial_number=serial))
        for row in rows:
            authority = self._authority(Purpose(row.purpose))
            certificate = certificates_of_pem(row.chain)[0]
            algorithm = hashes.algorithm.upper()
            try:
                own = hashes_of(certificate, authority.certificate, algorithm)
            except KeyError:
                continue
            if own.key == hashes.key:
                return self._answered(authority, row, algorithm)
        return None

    def _answered(self, authority: Authority, row: Certificate, algorithm: str) -> bytes:
        certificate = certificates_of_pem(row.chain)[0]
        return answered(
            authority,
            lambda _: (certificate, row.revoked_at),
            certificate.serial_number,
            algorithm,
            self._service.clock.now(),
        )
