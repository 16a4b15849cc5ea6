"""What stations list of their certificates is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from chargeplane.csms.certificates import tables
from chargeplane.csms.certificates.service import Certificates
from chargeplane.csms.certificates.tables import Installed
from chargeplane.csms.contract import Station
from chargeplane.csms.outcomes import outcome_of
from chargeplane.domain.commands import CertificateUse, Outcome
from chargeplane.runtime.store import Function, storable

__all__ = ["Listed", "Listing"]


class Listed(NamedTuple):
    """A certificate as a station names it."""

    use: CertificateUse
    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


class Listing:
    """Keeps them."""

    def __init__(self, service: Certificates) -> None:
        self._service = service

    def reads(
        self,
        station: Station,
        uses: Iterable[CertificateUse],
        found: Callable[[Any], list[Listed]],
    ) -> Callable[[Any], Outcome]:
        """Read an answer, and keep what it lists in place of what was listed before."""

        def read(response: Any) -> Outcome:
            # NotFound says that there are none, which is an answer.
            outcome = outcome_of(response, {"Accepted", "NotFound"})
            self._service.later(self._keep(station, tuple(uses), found(response)))
            return outcome

        return read

    async def _keep(
        self, station: Station, uses: tuple[CertificateUse, ...], listed: list[Listed]
    ) -> None:
        now = self._service.clock.now()
        rows = [
            Installed(
                station.tenant_id,
                station.id,
                str(each.use),
                each.hash_algorithm,
                storable(each.issuer_name_hash),
                storable(each.issuer_key_hash),
                storable(each.serial_number),
                now,
            )
            for each in listed[: tables.INSTALLED_MAX]
        ]
        work = partial(
            tables.replace_installed,
            tenant_id=station.tenant_id,
            station_id=station.id,
            uses=[str(use) for use in uses or CertificateUse],
            rows=rows,
        )
        await self._service.store.write(Function(work))
