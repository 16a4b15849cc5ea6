"""What happens in a station, and what its parts ask of each other.

Blocks never import each other; they tell the hub, and it tells whoever wants to know. What is a
``Happening`` the owner of the station sees as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from chargeplane.domain.tokens import IdToken
from chargeplane.station.duty import Duty
from chargeplane.station.known_tokens import Known

__all__ = [
    "AuthorizationWanted",
    "BootWanted",
    "Cause",
    "CertificateWanted",
    "Connected",
    "Decision",
    "Disconnected",
    "DutyWanted",
    "EvseChanged",
    "ExternalLimitWanted",
    "FaultChanged",
    "GridChanged",
    "Happening",
    "HeartbeatWanted",
    "LimitWanted",
    "MessageDropped",
    "NeedsWanted",
    "NotReached",
    "Online",
    "PluggedIn",
    "PowerLost",
    "PriorityTold",
    "PriorityWanted",
    "ProfileWanted",
    "RedialWanted",
    "Registered",
    "ReservationUsed",
    "ResetWanted",
    "Restarting",
    "SampleDue",
    "SecurityEventWanted",
    "SettingChanged",
    "Signal",
    "StartWanted",
    "StatusWanted",
    "StopWanted",
    "Tapped",
    "TokenDecided",
    "TokenInfoHeard",
    "TokenRefused",
    "TransactionEnded",
    "TransactionResumed",
    "TransactionStarted",
    "Unplugged",
    "UpdateWanted",
]


class Cause(Enum):
    """Why something about a transaction was told; each family has its own word for it."""

    PLUGGED = auto()
    UNPLUGGED = auto()
    AUTHORIZED = auto()
    DEAUTHORIZED = auto()
    LOCAL_STOP = auto()
    REMOTE_START = auto()
    REMOTE_STOP = auto()
    RESET_HARD = auto()
    RESET_SOFT = auto()
    REBOOTED = auto()
    EV_TIMEOUT = auto()
    CHARGING_STATE = auto()
    RATE_CHANGED = auto()
    OPERATION_MODE = auto()
    TRANSFER_REJECTED = auto()
    LIMIT_SET = auto()
    COST_LIMIT = auto()
    ENERGY_LIMIT = auto()
    TIME_LIMIT = auto()
    SOC_LIMIT = auto()
    RUNNING_COST = auto()
    TARIFF_CHANGED = auto()
    POWER_LOST = auto()
    RESET_AND_RESUME = auto()
    RESUMED = auto()
    MASTER_PASS = auto()
    UNLOCKED = auto()
    FAULT = auto()
    PERIODIC = auto()
    CLOCK = auto()
    TRIGGERED = auto()


@dataclass(frozen=True, slots=True)
class Signal:
    """Anything that is told."""


@dataclass(frozen=True, slots=True)
class Happening(Signal):
    """What the owner of a station sees, too."""


# What happens: for the owner and for the blocks.


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
class PluggedIn(Happening):
    """A vehicle is connected."""

    evse_id: int


@dataclass(frozen=True, slots=True)
class Unplugged(Happening):
    """The cable was pulled."""

    evse_id: int


@dataclass(frozen=True, slots=True)
class GridChanged(Happening):
    """The grid has another voltage, frequency or load."""


@dataclass(frozen=True, slots=True)
class FaultChanged(Happening):
    """An EVSE broke, or works again."""

    evse_id: int
    fault: str
    """A 1.6 error code; empty: it works."""


@dataclass(frozen=True, slots=True)
class TokenDecided(Happening):
    """A token was presented, and this came of it."""

    token: IdToken
    accepted: bool
    status: str
    """The word of the central system, or of the station where it decided alone."""
    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class TransactionStarted(Happening):
    """A transaction is running."""

    evse_id: int
    transaction_id: str


@dataclass(frozen=True, slots=True)
class TransactionResumed(Happening):
    """A transaction goes on after the station, or the EVSE, was away."""

    evse_id: int
    transaction_id: str


@dataclass(frozen=True, slots=True)
class TransactionEnded(Happening):
    """A transaction is over; its last message is sent or waits."""

    evse_id: int
    transaction_id: str
    cause: Cause
    energy_wh: int


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


# What parts of the station ask of each other.


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a token may charge."""

    accepted: bool
    status: str
    group_id: str | None = None
    is_master: bool = False
    """Whether it is of the group that may end the transactions of all (C16)."""
    evse_ids: tuple[int, ...] = ()
    """Where alone it may charge; empty: everywhere."""


@dataclass(frozen=True, slots=True)
class AuthorizationWanted(Signal):
    """Find out about a token, and tell."""

    token: IdToken
    decided: Callable[[Decision], None]
    group_id: str | None = None
    """Of the transaction that it could end: if the station knows it to be of this group, it need
    not ask (C09.FR.07)."""


@dataclass(frozen=True, slots=True)
class TokenInfoHeard(Signal):
    """The central system said something of a token in an answer about a transaction."""

    known: Known


@dataclass(frozen=True, slots=True)
class TokenRefused(Signal):
    """The central system refuses the token of a transaction that is going on."""

    evse_id: int


@dataclass(frozen=True, slots=True)
class ReservationUsed(Signal):
    """The one for whom an EVSE was reserved has come (H03.FR.09)."""

    evse_id: int
    reservation_id: int


@dataclass(frozen=True, slots=True)
class Tapped(Signal):
    """A driver holds a token to the reader."""

    token: IdToken
    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class StartWanted(Signal):
    """The central system wants a transaction."""

    evse_id: int
    token: IdToken
    remote_start_id: int | None = None
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class StopWanted(Signal):
    """A transaction has to end."""

    evse_id: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class ResetWanted(Signal):
    """Interrupt the transaction of an EVSE for a reset; it goes on afterwards (2.1 B13)."""

    evse_id: int
    with_station: bool
    """Whether the whole station reboots."""


@dataclass(frozen=True, slots=True)
class LimitWanted(Signal):
    """Offer the vehicle at most so much; None: what the hardware can."""

    evse_id: int
    limit_w: float | None
    phases: int | None = None
    """At most so many; None: all."""
    by_profiles: bool = False
    """Whether charging profiles want it, and not the owner; the lower one holds."""
    setpoint_w: float | None = None
    """Of profiles: what shall flow, negative to give energy back; None: as much as is offered."""


@dataclass(frozen=True, slots=True)
class DutyWanted(Signal):
    """Let an EVSE do what controls of the grid want."""

    evse_id: int
    duty: Duty


@dataclass(frozen=True, slots=True)
class ExternalLimitWanted(Signal):
    """An energy manager on the site limits an EVSE, or with 0 the station (K11-K14, Q06)."""

    evse_id: int
    limit_w: float | None = None
    """None, with no setpoint: it limits no more."""
    setpoint_w: float | None = None
    source: str = "EMS"
    is_generation: bool = False
    """Whether it is local capacity on top of everything (K27)."""


@dataclass(frozen=True, slots=True)
class UpdateWanted(Signal):
    """Tell of a transaction for this cause, if there is one."""

    evse_id: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class ProfileWanted(Signal):
    """A remote start brings a charging profile (K05; 1.6 section 5.11)."""

    evse_id: int
    token: IdToken
    profile: object
    """As it stands in the request."""
    refused: Callable[[str], None]
    """Told at once why it is not good, a reason code of 2.x."""


@dataclass(frozen=True, slots=True)
class PriorityWanted(Signal):
    """A driver wants to charge at once, or no longer (K22)."""

    evse_id: int
    activate: bool


@dataclass(frozen=True, slots=True)
class PriorityTold(Happening):
    """What the station says to that driver."""

    evse_id: int
    activated: bool


@dataclass(frozen=True, slots=True)
class NeedsWanted(Signal):
    """Ask the vehicle again what it needs (Q02.FR.06)."""

    evse_id: int


@dataclass(frozen=True, slots=True)
class EvseChanged(Signal):
    """The status of a connector may be another one; 0 for the station."""

    evse_id: int


@dataclass(frozen=True, slots=True)
class CertificateWanted(Signal):
    """Ask for a certificate: ChargingStationCertificate or V2GCertificate."""

    use: str


@dataclass(frozen=True, slots=True)
class SecurityEventWanted(Signal):
    """Report that something touched security, in the standard's word."""

    type: str
    tech_info: str = ""


@dataclass(frozen=True, slots=True)
class StatusWanted(Signal):
    """Report the status, changed or not; None for all."""

    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class BootWanted(Signal):
    """Send BootNotification now, accepted or not."""


@dataclass(frozen=True, slots=True)
class RedialWanted(Signal):
    """Hang up, and connect again by the network profile that is to be used now."""


@dataclass(frozen=True, slots=True)
class HeartbeatWanted(Signal):
    """Send a heartbeat now."""


@dataclass(frozen=True, slots=True)
class SampleDue(Signal):
    """Report meter values of an EVSE now."""

    evse_id: int
    cause: Cause
    in_transaction: bool = True
    """False: as values that belong to no transaction, even if there is one (2.x MeterValues)."""


@dataclass(frozen=True, slots=True)
class SettingChanged(Happening):
    """A variable of the device model has another value."""

    component: str
    variable: str
