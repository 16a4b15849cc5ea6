"""Another authority that signs: Enrollment over Secure Transport (RFC 7030, with RFC 8951).

    POST https://ca.example/.well-known/est/stations/simpleenroll    a request of a station
    GET  https://ca.example/.well-known/est/stations/cacerts         who stands above

We pass on what a station has asked for and what we have checked, so to the authority we are a
registration authority: it knows us by a password, a certificate of ours, or both. What it answers
is checked like anything from outside; a certificate that would not open our TLS port is refused
here, and not first by a station that is locked out.
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64decode, encodebytes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

from chargeplane.runtime.clock import Clock
from chargeplane.runtime.pki import (
    UNREADABLE,
    Issued,
    PkiFault,
    PublicKey,
    Purpose,
    SigningRequest,
    between,
    fault_of_chain,
    names_of,
    organization,
    readable,
)

__all__ = ["EstIssuer", "EstService"]

ANSWER_BYTES_MAX: Final = 65_536
CERTIFICATES_MAX: Final = 16
"""Of one answer."""
TIMEOUT_S: Final = 10.0
AT_ONCE_MAX: Final = 8
"""Requests at a time; a fleet that renews its certificates waits in line."""
WAITS_MAX: Final = 10
"""An authority may say "not yet" so often."""
WAIT_S: Final = 10.0
WAIT_S_MAX: Final = 60.0
ABOVE_KEPT_S: Final = 3600.0
_ENROLL: Final = {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}


@dataclass(frozen=True)
class EstService:
    """Where an authority is, and as whom it knows us."""

    url: str
    """``https://HOST/.well-known/est``, and a label if the authority has several."""
    context: ssl.SSLContext
    """Whom we trust, and the certificate that we show."""
    user: str = ""
    """For HTTP Basic; empty: the certificate is enough."""
    password: str = field(default="", repr=False)


class EstIssuer:
    """Has an authority sign."""

    def __init__(
        self,
        service: EstService,
        clock: Clock,
        roots: Callable[[], Sequence[x509.Certificate]],
        organization: str = "",
    ) -> None:
        """For one label of one authority.

        Args:
            service: where it is.
            clock: what time it is.
            roots: to one of these a certificate has to lead.
            organization: the operator, whom certificates must name; empty: anybody.
        """
        self._service = service
        self._clock = clock
        self._roots = roots
        self._organization = organization
        self._line = asyncio.Semaphore(AT_ONCE_MAX)
        self._above: tuple[Sequence[x509.Certificate], float] | None = None

    async def issue(self, request: SigningRequest, purpose: Purpose, now: datetime) -> Issued:
        """The certificate for a request; raises ``PkiFault`` if there will be none, or a bad one.

        An authority that has people look at requests is asked again, for up to ten minutes.
        """
        body = encodebytes(request.der)
        status, wait_s, answer = await self._asked("POST", "simpleenroll", body)
        for _ in range(WAITS_MAX):
            if status != httpx.codes.ACCEPTED:
                break
            await self._clock.sleep(wait_s)
            status, wait_s, answer = await self._asked("POST", "simpleenroll", body)
        if status != httpx.codes.OK:
            raise PkiFault(_refusal(status, answer))
        return await self._checked(_certificates(answer), request, purpose)

    async def authorities(self) -> Sequence[x509.Certificate]:
        """Who stands above the certificates that are issued, among them the root.

        Raises:
            PkiFault: the authority cannot be asked.
        """
        now_s = self._clock.monotonic_s()
        if self._above is None or now_s - self._above[1] > ABOVE_KEPT_S:
            status, _, answer = await self._asked("GET", "cacerts", b"")
            if status != httpx.codes.OK:
                raise PkiFault(_refusal(status, answer))
            self._above = _certificates(answer), now_s
        return self._above[0]

    async def _checked(
        self, found: Sequence[x509.Certificate], request: SigningRequest, purpose: Purpose
    ) -> Issued:
        leaf = next((each for each in found if _has_key(each, request.key)), None)
        if leaf is None:
            raise PkiFault("the authority has issued a certificate for another key")
        if _is_authority(leaf):
            raise PkiFault("the authority has made an authority of the station")
        if request.common_name not in names_of(leaf):
            raise PkiFault(f"the authority has issued a certificate without {request.common_name}")
        named = organization(leaf.subject)
        if purpose is Purpose.STATION and self._organization not in {"", named}:
            raise PkiFault(f"the certificate names {named!r} and not {self._organization!r}")
        others = [each for each in found if each is not leaf]
        chain = between(leaf, [*others, *await self.authorities()])
        fault = fault_of_chain([leaf, *chain], self._roots(), self._clock.now())
        if fault is not None:
            raise PkiFault(f"the authority's certificate cannot be used: {fault}")
        return Issued(leaf, chain)

    async def _asked(self, method: str, path: str, body: bytes) -> tuple[int, float, bytes]:
        """The status, how long to wait if it is "not yet", and the body."""
        service = self._service
        auth = httpx.BasicAuth(service.user, service.password) if service.user else None
        async with self._line:
            try:
                async with (
                    asyncio.timeout(TIMEOUT_S),
                    httpx.AsyncClient(
                        verify=service.context, auth=auth, timeout=TIMEOUT_S, trust_env=False
                    ) as client,
                    client.stream(
                        method,
                        f"{service.url.rstrip('/')}/{path}",
                        content=body or None,
                        headers=_ENROLL if body else None,
                    ) as response,
                ):
                    answer = b""
                    async for chunk in response.aiter_bytes():
                        answer += chunk
                        if len(answer) > ANSWER_BYTES_MAX:
                            raise PkiFault("the answer of the authority is too long")
            except (httpx.HTTPError, TimeoutError) as error:
                why = str(error) or "it does not answer"
                raise PkiFault(f"the authority cannot be asked: {why}") from error
        return response.status_code, _wait_s(response.headers.get("Retry-After", "")), answer


def _wait_s(text: str) -> float:
    """What Retry-After says in seconds; a date is rare, and not worth more than a usual wait."""
    return min(float(text), WAIT_S_MAX) if text.isascii() and text.isdecimal() else WAIT_S


def _refusal(status: int, answer: bytes) -> str:
    words = " ".join(answer[:200].decode("utf-8", "replace").split())
    shown = "".join(each for each in words if each.isprintable())
    why = "says not yet for too long" if status == httpx.codes.ACCEPTED else f"answers {status}"
    return f"the authority {why}" + (f": {shown}" if shown else "")


def _certificates(answer: bytes) -> Sequence[x509.Certificate]:
    """Those of a "certs-only" answer, which is base64 whatever its head says (RFC 8951, 3.2)."""
    try:
        der = b64decode(b"".join(answer.split()), validate=True)
        found = [readable(each) for each in load_der_pkcs7_certificates(der)]
    except UNREADABLE as error:
        raise PkiFault(f"the authority's answer cannot be read: {error}") from error
    if len(found) > CERTIFICATES_MAX:
        raise PkiFault(f"more than {CERTIFICATES_MAX} certificates in an answer")
    return found


def _has_key(certificate: x509.Certificate, key: PublicKey) -> bool:
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    try:
        return certificate.public_key().public_bytes(*form) == key.public_bytes(*form)
    except UNREADABLE:
        return False


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    except UNREADABLE as error:
        raise PkiFault(f"the certificate cannot be read: {error}") from error
    return found.value.ca
