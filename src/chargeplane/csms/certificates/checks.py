"""Whether other authorities have revoked certificates of stations: their OCSP responders are asked.

Which responder knows of which authority an operator says; what certificates say of it is not asked.
A station does not wait for an answer. With a soft rule it is let in, and cut off if the answer is
that it is revoked; with a hard one it is refused until there is a good answer, and comes again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from cryptography import x509

from chargeplane.runtime.clock import Clock
from chargeplane.runtime.pki import (
    PkiFault,
    Standing,
    fingerprint,
    has_issued,
    question_about,
    standing_of,
)

__all__ = ["OcspChecks", "Responder"]

_log = logging.getLogger(__name__)
KEPT_S: Final = 3600.0
"""So long an answer counts, or less if it says so."""
AGAIN_S: Final = 300.0
"""After there was none."""
RESPONDERS_MAX: Final = 32
KEPT_MAX: Final = 20_000
AT_ONCE_MAX: Final = 50
"""Certificates that are asked about at a time; the others are at the next look."""


Ask = Callable[[str, bytes], Awaitable[bytes]]
"""Sends a request to an address; the answer in DER, or ``PkiFault`` if there is none."""


class Responder(NamedTuple):
    """Who knows of the certificates of an authority."""

    authority: x509.Certificate
    url: str


@dataclass(frozen=True, slots=True)
class _Entry:
    standing: Standing
    until_s: float


async def _nothing() -> None:
    """Nobody wants to know."""


class OcspChecks:
    """Asks, remembers, and says who is revoked."""

    def __init__(
        self,
        responders: Sequence[Responder],
        ask: Ask,
        clock: Clock,
        *,
        is_hard: bool = False,
    ) -> None:
        """Nothing is known yet. ``is_hard``: who is not known to be good is refused.

        Raises:
            PkiFault: there are too many responders.
        """
        if len(responders) > RESPONDERS_MAX:
            raise PkiFault(f"more than {RESPONDERS_MAX} OCSP responders")
        self._responders = responders
        self._send = ask
        self._clock = clock
        self._is_hard = is_hard
        self._known: OrderedDict[str, _Entry] = OrderedDict()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self.on_revoked: Callable[[], Awaitable[object]] = _nothing
        """Called when somebody is revoked of whom that was not known."""

    def is_revoked(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate is known to be revoked. Who was revoked stays so."""
        entry = self._known.get(fingerprint(certificate))
        return entry is not None and entry.standing is Standing.REVOKED

    def is_refused(self, certificate: x509.Certificate) -> bool:
        """Whether a station is refused by what is known; what is not known is asked for."""
        responder = self._of(certificate)
        if responder is None:
            return False
        entry = self._known.get(fingerprint(certificate))
        if entry is None or self._clock.monotonic_s() >= entry.until_s:
            self._begin(certificate, responder)
            entry = entry if self.is_revoked(certificate) else None
        standing = entry.standing if entry else Standing.UNKNOWN
        return standing is Standing.REVOKED or (self._is_hard and standing is not Standing.GOOD)

    def look(self, certificates: Iterable[x509.Certificate]) -> None:
        """Ask about those of whom nothing is known any more."""
        now_s = self._clock.monotonic_s()
        for each in certificates:
            entry = self._known.get(fingerprint(each))
            if entry is None or now_s >= entry.until_s:
                responder = self._of(each)
                if responder is not None:
                    self._begin(each, responder)

    async def settle(self) -> None:
        """Wait for the answers that are awaited."""
        while self._asking:
            await asyncio.wait([*self._asking.values()])

    async def stop(self) -> None:
        """Ask nobody any more."""
        tasks = [*self._asking.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _of(self, certificate: x509.Certificate) -> Responder | None:
        return next(
            (each for each in self._responders if has_issued(each.authority, certificate)), None
        )

    def _begin(self, certificate: x509.Certificate, responder: Responder) -> None:
        name = fingerprint(certificate)
        if name in self._asking or len(self._asking) >= AT_ONCE_MAX:
            return
        work = self._ask(name, certificate, responder)
        task = asyncio.get_running_loop().create_task(work)
        self._asking[name] = task
        task.add_done_callback(lambda _: self._asking.pop(name, None))

    async def _ask(self, name: str, certificate: x509.Certificate, responder: Responder) -> None:
        issuer, now = responder.authority, self._clock.now()
        before = self._known.get(name)
        try:
            answer = await self._send(responder.url, question_about(certificate, issuer))
            standing, until = standing_of(answer, certificate, issuer, now)
        except PkiFault as fault:
            _log.warning("the OCSP responder %s: %s", responder.url, fault)
            standing, until = Standing.UNKNOWN, None
        life_s = AGAIN_S if standing is Standing.UNKNOWN else KEPT_S
        if until is not None:
            life_s = min(life_s, max((until - now).total_seconds(), AGAIN_S))
        was_revoked = before is not None and before.standing is Standing.REVOKED
        if was_revoked and standing is Standing.UNKNOWN:
            standing = Standing.REVOKED
        self._known.pop(name, None)
        self._known[name] = _Entry(standing, self._clock.monotonic_s() + life_s)
        if len(self._known) > KEPT_MAX:
            self._known.popitem(last=False)
        if standing is Standing.REVOKED and not was_revoked:
            await self.on_revoked()
