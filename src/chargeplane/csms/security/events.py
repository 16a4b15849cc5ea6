"""Security events: what stations report, and what we notice ourselves, with how bad it is."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from chargeplane.csms.contract import Heard, Notice
from chargeplane.csms.security.tables import EVENT_SINK, SecurityEvent, prune_events
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Row, Rows, Store, StoreError, new_id, storable

__all__ = ["CRITICAL", "Recorder", "reported", "severity_of"]

_log = logging.getLogger(__name__)

INFO, WARNING, CRITICAL = "info", "warning", "critical"

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
        CredentialChangeFailed CertificateExpires
    """,
    CRITICAL: """
        SecurityLogWasCleared AttemptedReplayAttacks TamperDetectionActivated
        InvalidFirmwareSignature InvalidFirmwareSigningCertificate InvalidCsmsCertificate
        InvalidCentralSystemCertificate InvalidChargingStationCertificate
        InvalidChargePointCertificate IdentityContested RevokedCertificate InvalidSignature
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


def reported(heard: Heard, type_: str, timestamp: datetime, tech_info: str | None) -> Row:
    """The row of an event that a station has reported (A04)."""
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
        _log.warning("station %s reports %s: %s", station.id, type_, tech_info or "-")
    return EVENT_SINK, kept


class Recorder:
    """Takes notices (``contract.Notify``), and stores them a little later, counted.

    Ten thousand wrong log-ins in ten seconds are a handful of rows.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
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
            _log.warning("station %s: %s: %s", notice.station_id, notice.type, notice.detail or "-")
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
            await self._store.write(Rows(tuple((EVENT_SINK, row) for row in rows)))
            self._since_pruned += len(rows)
            if self._since_pruned >= PRUNED_EVERY:
                self._since_pruned = 0
                for tenant_id in {row.tenant_id for row in rows}:
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
