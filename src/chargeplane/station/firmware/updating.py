"""The way of a firmware update, the same in all versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from datetime import datetime
from functools import partial

from msgspec import Struct

from chargeplane.station.firmware.images import is_signed_by, version_of
from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    EvseChanged,
    Online,
    Restarting,
    SecurityEventWanted,
    TransactionEnded,
)
from chargeplane.station.signals.files import (
    DownloadWanted,
    FirmwareFaultWanted,
    FirmwareStatusWanted,
)

__all__ = ["RETRY_S", "Job", "Tell", "Updating"]

RETRY_S = 30.0
"""Between two attempts where the central system names no time."""
INSTALL_S = 5.0
PAUSE_S = 5.0
_DRAWER, _KEY, _TIMER = "firmware", "job", "firmware"


class Job(Struct):
    """One update."""

    location: str
    retrieve_at: datetime
    request_id: int | None = None
    install_at: datetime | None = None
    retries: int = 0
    retry_s: float = RETRY_S
    certificate: str = ""
    signature: str = ""
    status: str = ""
    """The last one that was told."""
    version: str = ""
    """In the image, once that is known to be good."""


Tell = Callable[[str, int | None], None]
"""Tells a status, in the words of 2.x, with the id of the request."""


class Updating:
    """Follows one update after the other; each status is told when it is entered (L01.FR.01)."""

    def __init__(self, hub: Hub, tell: Tell) -> None:
        """Recall an update that the last reboot interrupted."""
        self._hub = hub
        self._tell_status = tell
        self._job = hub.memory.take(_DRAWER, _KEY, Job)
        self._attempt = 0
        self._fails_at = ""
        self.version = hub.inventory.firmware_version
        installed = hub.memory.take(_DRAWER, "version", str)
        if installed is not None:
            self._activate(installed)
        hub.hears(Online, lambda _: self._resume())
        hub.hears(TransactionEnded, lambda _: self._on_idle())
        hub.hears(FirmwareFaultWanted, self._on_fault_wanted)
        hub.hears(FirmwareStatusWanted, lambda _: self._tell_last())

    @property
    def is_busy(self) -> bool:
        """Whether an update is on its way."""
        return self._job is not None and self._job.status not in _ENDS

    def begin(self, job: Job) -> bool:
        """Take an update; whether it cancelled another one (L01.FR.24)."""
        cancels = self.is_busy
        self._hub.timers.drop(_TIMER)
        self._set_closed(False)
        self._job, self._attempt = job, 0
        self._hub.afterwards(self._schedule)
        return cancels

    # The way.

    def _schedule(self) -> None:
        job = self._must()
        delay_s = (job.retrieve_at - self._hub.time()).total_seconds()
        if delay_s > 0:
            self._enter("DownloadScheduled")  # L01.FR.13
            self._hub.after(delay_s, _TIMER, self._download)
        else:
            self._download()

    def _download(self) -> None:
        job = self._must()
        self._enter("Downloading")
        if self._is_failing("DownloadPaused"):
            self._enter("DownloadPaused")  # L01.FR.14
            self._hub.after(PAUSE_S, _TIMER, self._download)
        elif self._is_failing("Downloading"):
            self._enter("DownloadFailed")
        else:
            self._attempt += 1
            self._hub.tell(DownloadWanted(job.location, partial(self._on_download, job)))

    def _on_download(self, job: Job, data: bytes | str) -> None:
        if job is not self._job:
            return  # cancelled meanwhile
        if isinstance(data, str):
            if self._attempt <= job.retries:
                self._hub.after(job.retry_s, _TIMER, self._download)
            else:
                self._enter("DownloadFailed")  # L01.FR.30
            return
        self._enter("Downloaded")
        if job.certificate:
            good = is_signed_by(data, job.signature, job.certificate)
            if not good or self._is_failing("Downloaded"):
                self._enter("InvalidSignature")
                self._hub.tell(SecurityEventWanted("InvalidFirmwareSignature", job.location))
                return
            self._enter("SignatureVerified")
        version = version_of(data)
        if version is None or self._is_failing("SignatureVerified"):
            self._enter("InstallVerificationFailed")  # L01.FR.29
            return
        job.version = version
        self._await_install()

    def _await_install(self) -> None:
        """Not before its time, and not while somebody charges (L01.FR.06, L01.FR.16)."""
        job = self._must()
        now = self._hub.time()
        delay_s = (job.install_at - now).total_seconds() if job.install_at else 0.0
        if delay_s > 0 or self._hub.is_busy:
            if job.status != "InstallScheduled":
                self._enter("InstallScheduled")
            if delay_s > 0:
                self._hub.after(delay_s, _TIMER, self._await_install)
            else:
                self._close_evses()
        else:
            self._install()

    def _close_evses(self) -> None:
        """While transactions are waited for, no other may begin (L01.FR.07)."""
        may = self._hub.variables.flag("ChargingStation", "AllowNewSessionsPendingFirmwareUpdate")
        self._set_closed(not may)

    def _set_closed(self, closed: bool) -> None:
        if self._hub.awaits_install != closed:
            self._hub.awaits_install = closed
            self._hub.tell(EvseChanged(0))

    def _on_idle(self) -> None:
        if self._job is not None and self._job.status == "InstallScheduled":
            self._hub.after(1.0, _TIMER, self._await_install)

    def _install(self) -> None:
        self._set_closed(True)
        self._enter("Installing")
        self._hub.after(INSTALL_S, _TIMER, self._reboot)

    def _reboot(self) -> None:
        if self._is_failing("Installing"):
            self._enter("InstallationFailed")
            return
        self._enter("InstallRebooting")  # L01.FR.15
        self._hub.after(1.0, _TIMER, self._restart)

    def _restart(self) -> None:
        """It is the new firmware that boots, unless that is to fail."""
        if self._fails_at != "InstallRebooting":
            self._activate(self._must().version)
            self._hub.memory.put(_DRAWER, "version", self._must().version)
        self._hub.awaits_install = False  # what boots tells of every connector anyway
        self._hub.tell(Restarting("FirmwareUpdate"))

    def _resume(self) -> None:
        """After a reboot the update goes on where it was (L01.FR.32)."""
        job = self._job
        if job is None or job.status in _ENDS:
            return
        if job.status == "InstallRebooting":
            if self._is_failing("InstallRebooting"):
                self._enter("InstallationFailed")
                return
            self._enter("Installed")  # L01.FR.28
            self._hub.tell(SecurityEventWanted("FirmwareUpdated", job.version))  # L01.FR.31
        elif _TIMER in self._hub.timers:
            return  # only the connection was lost
        elif job.status in {"DownloadScheduled", "Downloading", "DownloadPaused"}:
            self._schedule()
        elif job.version:
            self._await_install()
        else:
            self._download()

    def _activate(self, version: str) -> None:
        self.version = version
        self._hub.inventory = changed(self._hub.inventory, firmware_version=version)

    # What is told.

    def _must(self) -> Job:
        assert self._job is not None
        return self._job

    def _enter(self, status: str) -> None:
        job = self._must()
        job.status = status
        if status in _ENDS:
            self._set_closed(False)
        self._hub.memory.put(_DRAWER, _KEY, job)
        self._tell_status(status, job.request_id)

    def _tell_last(self) -> None:
        """TriggerMessage (L01.FR.25, L01.FR.26)."""
        job = self._job
        if job is None or job.status in {"", "Installed"}:
            self._tell_status("Idle", None)
        else:
            self._tell_status(job.status, job.request_id)

    def _on_fault_wanted(self, wanted: FirmwareFaultWanted) -> None:
        self._fails_at = wanted.status

    def _is_failing(self, status: str) -> bool:
        """Whether somebody wants it to fail here; once."""
        if self._fails_at != status:
            return False
        self._fails_at = ""
        return True


_ENDS = frozenset(
    {
        "Installed",
        "DownloadFailed",
        "InstallationFailed",
        "InstallVerificationFailed",
        "InvalidSignature",
    }
)
