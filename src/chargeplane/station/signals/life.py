"""Of the station as a whole: its connection, its registration, its end and its settings."""

from __future__ import annotations

from dataclasses import dataclass

from chargeplane.station.signals.signal import Cause, Happening, Signal

__all__ = [
    "AlertWanted",
    "BootWanted",
    "CertificateWanted",
    "Connected",
    "Disconnected",
    "HeartbeatWanted",
    "MessageDropped",
    "NotReached",
    "Online",
    "PowerLost",
    "RedialWanted",
    "Registered",
    "Restarting",
    "SecurityEventWanted",
    "SettingChanged",
]


@dataclass(frozen=True, slots=True)
class Connected(Happening):
    """There is a connection to the central system."""


@dataclass(frozen=True, slots=True)
class Disconnected(Happening):
    """The connection is gone."""

    reason: str = ""
    """Why; empty: the station itself has hung up."""


@dataclass(frozen=True, slots=True)
class NotReached(Happening):
    """The central system was dialled in vain."""

    reason: str
    status: int = 0
    """Of its HTTP answer; 0: it gave none, or it was no refusal."""


@dataclass(frozen=True, slots=True)
class Registered(Happening):
    """The central system answered BootNotification."""

    status: str
    interval_s: int


@dataclass(frozen=True, slots=True)
class Online(Happening):
    """Connected and accepted: everything may be sent."""


@dataclass(frozen=True, slots=True)
class Restarting(Happening):
    """The station goes down, and will boot again."""

    reason: str
    """A boot reason of 2.x."""


@dataclass(frozen=True, slots=True)
class PowerLost(Happening):
    """The station stopped without a warning; ``Restarting`` follows."""

    cause: Cause
    """Why its transactions end, if they do."""


@dataclass(frozen=True, slots=True)
class MessageDropped(Happening):
    """A transaction message was given up: tried too often, or pushed out of a full queue."""

    action: str


@dataclass(frozen=True, slots=True)
class SettingChanged(Happening):
    """A variable of the device model has another value."""

    component: str
    variable: str


@dataclass(frozen=True, slots=True)
class BootWanted(Signal):
    """Send BootNotification now, accepted or not."""


@dataclass(frozen=True, slots=True)
class HeartbeatWanted(Signal):
    """Send a heartbeat now."""


@dataclass(frozen=True, slots=True)
class RedialWanted(Signal):
    """Hang up, and connect again by the network profile that is to be used now."""


@dataclass(frozen=True, slots=True)
class CertificateWanted(Signal):
    """Ask for a certificate: ChargingStationCertificate or V2GCertificate."""

    use: str


@dataclass(frozen=True, slots=True)
class AlertWanted(Signal):
    """Report a variable that the station itself watches, unless a Delta monitor does it."""

    component: str
    variable: str
    tech_code: str = ""
    """Why, in a word; empty: what was wrong is over."""


@dataclass(frozen=True, slots=True)
class SecurityEventWanted(Signal):
    """Report that something touched security, in the standard's word."""

    type: str
    tech_info: str = ""
