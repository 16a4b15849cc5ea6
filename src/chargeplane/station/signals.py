"""What happens in a station, and what its parts ask of each other.

Blocks never import each other; they tell the hub, and it tells whoever wants to know. What is a
``Happening`` the owner of the station sees as well. They stand in modules of their kinds, and can
all be had here, save those of certificates, files and screens:

* ``signal``: what every signal is, and why transactions change
* ``life_signals``: of the station as a whole: connection, registration, end and settings
* ``place_signals``: of EVSEs and the grid before them
* ``token_signals``: of id tokens: presented, asked about, decided, refused
* ``session_signals``: of transactions: how they begin, go on, are measured and end
* ``power_signals``: of power: who limits it, and who wants it at once
"""

from __future__ import annotations

from chargeplane.station.life_signals import (
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
from chargeplane.station.place_signals import (
    EvseChanged,
    FaultChanged,
    GridChanged,
    PluggedIn,
    StatusWanted,
    Unplugged,
)
from chargeplane.station.power_signals import (
    DutyWanted,
    ExternalLimitWanted,
    LimitWanted,
    NeedsWanted,
    PriorityTold,
    PriorityWanted,
    ProfileWanted,
    StationLimitChanged,
)
from chargeplane.station.session_signals import (
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
from chargeplane.station.signal import Cause, Happening, Signal
from chargeplane.station.token_signals import (
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
