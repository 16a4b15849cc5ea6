"""The way of a log to the central system's server, the same in all versions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from msgspec import Struct

from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    Connected,
    Disconnected,
    FaultChanged,
    Restarting,
    Signal,
    TransactionEnded,
    TransactionStarted,
)
from chargeplane.station.signals.files import LogStatusWanted, UploadWanted

__all__ = ["RETRY_S", "Job", "Uploading"]

RETRY_S = 30.0
LINES_MAX = 1_000
_TIMER = "log"

Tell = Callable[[str, int | None], None]


class Job(Struct):
    """One upload. ``status`` is the last one that was told."""

    location: str
    file_name: str
    tell: Tell
    request_id: int | None = None
    retries: int = 0
    retry_s: float = RETRY_S
    status: str = ""
    attempt: int = 0


class Uploading:
    """Writes down what happens, and uploads it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lines: deque[str] = deque(maxlen=LINES_MAX)
        self._job: Job | None = None
        self._count = 0
        for kind in (
            Connected,
            Disconnected,
            FaultChanged,
            Restarting,
            TransactionEnded,
            TransactionStarted,
        ):
            hub.hears(kind, self._note)
        hub.hears(LogStatusWanted, lambda _: self.tell_last())
        self.idle: Callable[[], None] = lambda: None
        """Tells that nothing is uploaded."""

    def _note(self, signal: Signal) -> None:
        self._lines.append(f"{self._hub.time().isoformat()} {signal}")

    def content(self) -> bytes:
        """The log: what the station is, and what happened last."""
        inventory = self._hub.inventory
        head = f"{inventory.vendor} {inventory.model} {inventory.firmware_version}"
        return "\n".join([head, *self._lines, ""]).encode()

    def begin(
        self,
        kind: str,
        location: str,
        tell: Tell,
        *,
        request_id: int | None = None,
        retries: int = 0,
        retry_s: float = RETRY_S,
    ) -> tuple[str, bool]:
        """Upload soon; the name of the file, and whether that cancels another one (N01.FR.12)."""
        self._count += 1
        stamp = f"{self._hub.time():%Y%m%dT%H%M%S}"
        file_name = f"{kind}-{self._hub.identity}-{stamp}-{self._count}.txt"
        old, cancels = self._job, False
        if old is not None and old.status == "Uploading":
            cancels = True
            self._hub.timers.drop(_TIMER)
            self._hub.afterwards(partial(old.tell, "AcceptedCanceled", old.request_id))
        self._job = job = Job(location, file_name, tell, request_id, retries, retry_s)
        self._hub.afterwards(partial(self._upload, job))
        return file_name, cancels

    def _upload(self, job: Job) -> None:
        if job is self._job:
            job.attempt += 1
            if job.attempt == 1:
                self._enter(job, "Uploading")  # N01.FR.08
            done = partial(self._on_done, job)
            location = job.location
            if location.endswith("/"):
                location += job.file_name  # N01.FR.21
            self._hub.tell(UploadWanted(location, job.file_name, self.content(), done))

    def _on_done(self, job: Job, status: str) -> None:
        if job is not self._job:
            return
        if status == "UploadFailure" and job.attempt <= job.retries:
            self._hub.after(job.retry_s, _TIMER, partial(self._upload, job))
        else:
            self._enter(job, status)

    def _enter(self, job: Job, status: str) -> None:
        job.status = status
        job.tell(status, job.request_id)

    def tell_last(self) -> None:
        """TriggerMessage (N01.FR.13)."""
        job = self._job
        if job is not None and job.status == "Uploading":
            job.tell(job.status, job.request_id)
        else:
            self.idle()
