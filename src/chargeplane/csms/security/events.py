"""Security events: what stations report, and what we notice ourselves, with how bad it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from chargeplane.csms.contract import Heard, Notice
from chargeplane.csms.security.tables import (
    CRITICAL,
    EVENT_SINK,
    INFO,
    WARNING,
    SecurityEvent,
    prune_events,
)
from chargeplane.domain.events import Event, SecurityEventNoted
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Row, Rows, Store, StoreError, new_id, storable

__all__ = ["Recorder", "Tell", "reported", "severity_of"]

_log = logging.getLogger(__name__)

Tell = Callable[[UUID, tuple[Row, ...], tuple[Event, ...]], Awaitable[None]]
"""Makes rows and events of a tenant durable together, and then tells the events."""

# By the names of the standard (2.1, appendix 1; 1.6 whitepaper, annex), and our own ones.
_SEVERITY: Final = {
    INFO: """
        FirmwareUpdated SettingSystemTime StartupOfTheDevice ResetOrReboot
        MaintenanceLoginAccepted ReconfigurationOfSecurityParameters
        DiscardedRenewedClientCertificate CredentialsChanged
    """,
    WARNING: """
        FailedToAuthenticateAtCsms FailedToAuthenticateAtCentralSystem CsmsFailedToAuthenticate
        CentralSystemFailedToAuthenticate InvalidMessages MemoryExhaustion MaintenanceLoginFailed
        InvalidTLSVersion InvalidTLSCipherSuite FailedLogIn InvalidCertificateRequest
        CredentialChangeFailed CertificateExpires CertificateNotIssued FileAddressReplayed
        FirmwareNotProven
    """,
    CRITICAL: """
        SecurityLogWasCleared AttemptedReplayAttacks TamperDetectionActivated
        InvalidFirmwareSignature InvalidFirmwareSigningCertificate InvalidCsmsCertificate
        InvalidCentralSystemCertificate InvalidChargingStationCertificate
        InvalidChargePointCertificate IdentityContested RevokedCertificate InvalidSignature
        ForeignTransaction
    """,
}
_BY_TYPE: Final = {
    name: severity for severity, names in _SEVERITY.items() for name in names.split()
}
GATHERED_S: Final = 1.0
"""So long the same notices are counted into one event."""
GATHERED_MAX: Final = 1_000
"""Different notices that are counted at a time; what is beyond is counted as one."""
PRUNED_EVERY: Final = 1_000


def severity_of(type_: str) -> str:
    """How bad an event is; those that nobody knows are worth a look."""
    return _BY_TYPE.get(type_, WARNING)


def reported(
    heard: Heard, type_: str, timestamp: datetime, tech_info: str | None
) -> tuple[Row, SecurityEventNoted]:
    """An event that a station has reported (A04): for the table, and for the bus."""
    station = heard.station
    kept = SecurityEvent(
        station.tenant_id,
        new_id(),
        station.id,
        storable(type_),
        "station",
        severity_of(type_),
        tech_info and storable(tech_info),
        station.remote_host or None,
        1,
        timestamp,
        heard.received_at,
        heard.frame_id,
    )
    if kept.severity == CRITICAL:
        _log.warning(
            "the station reports %s: %s", type_, tech_info or "-", extra={"station_id": station.id}
        )
    return (EVENT_SINK, kept), _noted(kept)


class Recorder:
    """Takes notices (``contract.Notify``), and stores them a little later, counted.

    Ten thousand wrong log-ins in ten seconds are a handful of rows.
    """

    def __init__(self, store: Store, clock: Clock, tell: Tell | None = None) -> None:
        """``tell``: without it, events are stored and nobody is told."""
        self._store = store
        self._tell = tell or self._keep
        self._clock = clock
        self._gathered: dict[Notice, tuple[int, datetime]] = {}
        self._task: asyncio.Task[None] | None = None
        self._since_pruned = PRUNED_EVERY
        self._writing = asyncio.Lock()

    def __call__(self, notice: Notice) -> None:
        """Take a notice."""
        known = self._gathered.get(notice)
        if known is None and len(self._gathered) >= GATHERED_MAX:
            notice = Notice(notice.tenant_id, "", notice.type, detail="and at other stations")
            known = self._gathered.get(notice)
        count, since = known or (0, self._clock.now())
        self._gathered[notice] = count + 1, since
        if severity_of(notice.type) == CRITICAL and count == 0:
            _log.warning(
                "%s: %s", notice.type, notice.detail or "-", extra={"station_id": notice.station_id}
            )
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._later())

    async def flush(self) -> None:
        """Store what was gathered."""
        async with self._writing:
            await self._write()

    async def _write(self) -> None:
        gathered, self._gathered = self._gathered, {}
        rows = [_row(notice, *facts) for notice, facts in gathered.items()]
        if not rows:
            return
        try:
            for tenant_id in {row.tenant_id for row in rows}:
                mine = [row for row in rows if row.tenant_id == tenant_id]
                kept = tuple((EVENT_SINK, row) for row in mine)
                await self._tell(tenant_id, kept, tuple(map(_noted, mine)))
                self._since_pruned += len(mine)
                if self._since_pruned >= PRUNED_EVERY:
                    self._since_pruned = 0
                    await self._prune(tenant_id)
        except StoreError as error:
            _log.warning("%d security events were not stored: %s", len(rows), error)

    async def stop(self) -> None:
        """Store what is left."""
        async with self._writing:  # what is being written is not given up
            if self._task is not None:
                self._task.cancel()
            await self._write()

    async def _later(self) -> None:
        while self._gathered:
            await self._clock.sleep(GATHERED_S)
            await self.flush()
        self._task = None

    async def _keep(
        self, tenant_id: UUID, rows: tuple[Row, ...], events: tuple[Event, ...]
    ) -> None:
        await self._store.write(Rows(rows))

    async def _prune(self, tenant_id: UUID) -> None:
        await self._store.write(Function(partial(prune_events, tenant_id=tenant_id)))


def _row(notice: Notice, count: int, since: datetime) -> SecurityEvent:
    return SecurityEvent(
        notice.tenant_id,
        new_id(),
        storable(notice.station_id),
        notice.type,
        "central-system",
        severity_of(notice.type),
        (notice.detail and storable(notice.detail)) or None,
        notice.source or None,
        count,
        since,
        since,
    )


def _noted(event: SecurityEvent) -> SecurityEventNoted:
    return SecurityEventNoted(
        tenant_id=str(event.tenant_id),
        station_id=event.station_id,
        reported_at=event.reported_at,
        received_at=event.received_at,
        frame_id=None if event.frame_id is None else str(event.frame_id),
        event_id=str(event.id),
        type=event.type,
        severity=event.severity,
        origin=event.origin,
        detail=event.detail,
        remote_host=event.remote_host,
        occurrences=event.occurrences,
    )
