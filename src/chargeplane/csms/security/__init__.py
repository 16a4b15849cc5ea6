"""Security: events of stations and our own, new passwords, and higher security profiles.

    a wrong log-in, a contested identity, a bad request ... -> ``Recorder`` -> /security-events
                            critical ones -> the audit log, the overview; all -> the bus
    rotate-password, upgrade-security-profile -> ``Changes``: both count until the station returns

Who may connect is decided in ``gateway.credentials``; certificates have a block of their own.

Requirements: A01.FR.01 to .12, A04, A05.FR.01 to .07, A00.FR.005, B09; the security whitepaper of
1.6, edition 3.
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.security import v1, v2
from chargeplane.csms.security.api import routes
from chargeplane.csms.security.changes import ChangeFault, Changes
from chargeplane.csms.security.events import Recorder
from chargeplane.csms.security.foreign import ForeignTransactions
from chargeplane.csms.security.signing import Signatures
from chargeplane.csms.security.signing_api import signing_routes
from chargeplane.csms.security.tables import alerts
from chargeplane.csms.security.trail import Trail
from chargeplane.ocpp import v16, v21

__all__ = [
    "ChangeFault",
    "Changes",
    "ForeignTransactions",
    "Recorder",
    "Signatures",
    "Trail",
    "alerts",
    "block",
]


def block(changes: Changes, signatures: Signatures) -> Block:
    """The block."""
    return Block(
        "security",
        v1={v16.SecurityEventNotificationRequest: v1.security_event},
        v2={v21.SecurityEventNotificationRequest: v2.security_event},
        routes=(routes(changes), signing_routes(signatures)),
    )
