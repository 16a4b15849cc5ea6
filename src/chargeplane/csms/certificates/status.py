"""Whether certificates still count: for stations (M06, M07), and for all who ask about ours.

What our own authority has issued is answered here. For others the responder that the certificate
names is asked, if an operator allows its host: the address comes from a station, and nobody shall
have us call what they like.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx
from cryptography import x509
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
KEPT_S: Final = 3600.0
"""How long a signed answer or list is given again, if nothing was revoked since."""
KEPT_MAX: Final = 1_000
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
        self._kept: OrderedDict[Hashable, tuple[bytes, float]] = OrderedDict()

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
        local = self._service.local
        if local is None:
            raise PkiFault("there is no certificate authority")
        found: list[Revocation] = []
        for tenant_id in await self._service.store.read(tenants.known):
            rows = await self._service.store.read(partial(tables.revoked, tenant_id=tenant_id))
            found += [
                Revocation(int(each.serial_number, 16), each.revoked_at)
                for each in rows
                if each.purpose == purpose and each.revoked_at is not None
            ]
        content = purpose, *sorted(found, key=lambda each: each.serial_number)

        def sign(authority: Authority) -> bytes:
            number = int(now.timestamp())
            listed = authority.revocation_list(found, number, now, LIST_LIFE)
            return listed.public_bytes(Encoding.DER)

        return await self._signed(content, purpose, sign)

    async def _own(self, hashes: CertificateHashes) -> bytes | None:
        """The answer about a certificate of ours; None if it is somebody else's."""
        local = self._service.local
        if local is None:
            return None
        serial = hashes.serial_number.lower().lstrip("0")
        rows = await self._service.store.read(partial(tables.find_serial, serial_number=serial))
        for row in rows:
            certificate, *between = certificates_of_pem(row.chain)
            algorithm = hashes.algorithm.upper()
            if between and hashes_of(certificate, between[0], algorithm).key == hashes.key:
                return await self._answered(certificate, row, algorithm)
        return None

    async def _answered(
        self, certificate: x509.Certificate, row: Certificate, algorithm: str
    ) -> bytes:
        now = self._service.clock.now()

        def sign(authority: Authority) -> bytes:
            found = certificate, row.revoked_at
            number = certificate.serial_number
            return answered(authority, lambda _: found, number, algorithm, now)

        content = row.fingerprint, row.revoked_at, algorithm
        return await self._signed(content, Purpose(row.purpose), sign)

    async def _signed(
        self, content: Hashable, purpose: Purpose, sign: Callable[[Authority], bytes]
    ) -> bytes:
        """What was signed lately counts again: everybody may ask, and each signature costs."""
        assert self._service.local is not None  # whoever calls this has looked
        now_s = self._service.clock.monotonic_s()
        body, since_s = self._kept.get(content, (b"", 0.0))
        if body and now_s - since_s < KEPT_S:
            return body
        body = await self._service.local.use(purpose, sign)
        self._kept.pop(content, None)
        self._kept[content] = body, now_s
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return body
