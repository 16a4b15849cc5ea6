"""What happens in a station, and what its parts ask of each other.

Blocks never import each other; they tell the hub, and it tells whoever wants to know. What is a
``Happening`` the owner of the station sees as well. They stand in modules of their kinds, and most
can be had here:

* ``signal``: what every signal is, and why transactions change
* ``life``: of the station as a whole: connection, registration, end and settings
* ``places``: of EVSEs and the grid before them
* ``tokens``: of id tokens: presented, asked about, decided, refused
* ``sessions``: of transactions: how they begin, go on, are measured and end
* ``power``: of power: who limits it, and who wants it at once

Had from their own modules only, since few want them:

* ``certificates``: of certificates that are asked for
* ``files``: of firmware and logs, downloaded and uploaded
* ``screens``: of what people and machines see and do: messages, costs, payments, battery slots
* ``traffic``: of what is said on the wire, to be counted
"""

from __future__ import annotations

from chargeplane.station.signals.life import (
    AlertWanted,
    BootWanted,
    CertificateWanted,
    Connected,
    Disconnected,
    HeartbeatWanted,
    MessageDropped,
    NotReached,
    Online,
    PowerLost,
    RedialWanted,
    Registered,
    Restarting,
    SecurityEventWanted,
    SettingChanged,
)
from chargeplane.station.signals.places import (
    EvseChanged,
    FaultChanged,
    GridChanged,
    PluggedIn,
    StatusWanted,
    Unplugged,
)
from chargeplane.station.signals.power import (
    DutyWanted,
    ExternalLimitWanted,
    LimitWanted,
    NeedsWanted,
    PriorityTold,
    PriorityWanted,
    ProfileWanted,
    StationLimitChanged,
)
from chargeplane.station.signals.sessions import (
    CostAsked,
    LimitKind,
    LimitsWanted,
    ResetWanted,
    SampleDue,
    StartWanted,
    StopWanted,
    TariffRefused,
    TransactionEnded,
    TransactionResumed,
    TransactionStarted,
    UpdateWanted,
)
from chargeplane.station.signals.signal import Cause, Happening, Signal
from chargeplane.station.signals.tokens import (
    AuthorizationWanted,
    Decision,
    DriverTariffHeard,
    ReservationUsed,
    Tapped,
    TokenDecided,
    TokenInfoHeard,
    TokenRefused,
)

__all__ = [
    "AlertWanted",
    "AuthorizationWanted",
    "BootWanted",
    "Cause",
    "CertificateWanted",
    "Connected",
    "CostAsked",
    "Decision",
    "Disconnected",
    "DriverTariffHeard",
    "DutyWanted",
    "EvseChanged",
    "ExternalLimitWanted",
    "FaultChanged",
    "GridChanged",
    "Happening",
    "HeartbeatWanted",
    "LimitKind",
    "LimitWanted",
    "LimitsWanted",
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
    "StationLimitChanged",
    "StatusWanted",
    "StopWanted",
    "Tapped",
    "TariffRefused",
    "TokenDecided",
    "TokenInfoHeard",
    "TokenRefused",
    "TransactionEnded",
    "TransactionResumed",
    "TransactionStarted",
    "Unplugged",
    "UpdateWanted",
]
