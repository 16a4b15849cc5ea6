"""What parts of a station ask of each other about firmware, logs and other files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chargeplane.station.signals.signal import Signal

__all__ = [
    "DownloadWanted",
    "FirmwareFaultWanted",
    "FirmwareStatusWanted",
    "LogStatusWanted",
    "PublishStatusWanted",
    "PublishWanted",
    "UnpublishWanted",
    "UploadWanted",
]


@dataclass(frozen=True, slots=True)
class DownloadWanted(Signal):
    """Fetch a file; ``done`` gets its bytes, or why there are none."""

    location: str
    done: Callable[[bytes | str], None]


@dataclass(frozen=True, slots=True)
class UploadWanted(Signal):
    """Send a file; ``done`` gets a status of LogStatusNotification of 2.x."""

    location: str
    file_name: str
    content: bytes
    done: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PublishWanted(Signal):
    """Serve a file in the local network; ``done`` gets its addresses, none if that failed."""

    name: str
    content: bytes
    done: Callable[[list[str]], None]


@dataclass(frozen=True, slots=True)
class UnpublishWanted(Signal):
    """Serve a file no longer."""

    name: str


@dataclass(frozen=True, slots=True)
class FirmwareFaultWanted(Signal):
    """Let the next update fail in this status, a word of 2.x; ``DownloadPaused`` only pauses."""

    status: str


@dataclass(frozen=True, slots=True)
class FirmwareStatusWanted(Signal):
    """Tell the status of firmware."""


@dataclass(frozen=True, slots=True)
class PublishStatusWanted(Signal):
    """Tell the status of published firmware."""


@dataclass(frozen=True, slots=True)
class LogStatusWanted(Signal):
    """Tell the status of logs."""
