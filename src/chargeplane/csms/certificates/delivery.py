"""The way of a certificate to its station, after the request was answered (A02, A03)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from chargeplane.csms.certificates.service import Certificates
from chargeplane.csms.contract import Asker, NotConnected, Station
from chargeplane.ocpp.wire import Request, Response
from chargeplane.runtime.pki import PkiFault, Purpose, SigningRequest

__all__ = ["Delivery"]

_log = logging.getLogger(__name__)


class Delivery:
    """Signs, and hands over."""

    def __init__(self, service: Certificates, ask: Asker) -> None:
        self._service = service
        self._ask = ask

    def begin(
        self,
        station: Station,
        request: SigningRequest,
        purpose: Purpose,
        say: Callable[[str], Request],
    ) -> None:
        """Do it when the answer is out. ``say`` makes the message of a chain."""
        self._service.later(self._carry_out(station, request, purpose, say))

    async def _carry_out(
        self,
        station: Station,
        request: SigningRequest,
        purpose: Purpose,
        say: Callable[[str], Request],
    ) -> None:
        try:
            kept, issued = await self._service.sign(station, request, purpose)
        except PkiFault as fault:
            _log.error(
                "no certificate for the station: %s", fault, extra={"station_id": station.id}
            )
            return
        try:
            found = await self._ask(station, say(issued.pem.decode()))
        except NotConnected:
            await self._service.settle(kept, "unanswered", "the station has gone")
            return
        if not isinstance(found, Response):
            await self._service.settle(kept, "unanswered", getattr(found, "reason", None))
            return
        answer: Any = found  # CertificateSignedResponse of either family
        status = str(answer.status)
        await self._service.settle(kept, "installed" if status == "Accepted" else "refused", status)
