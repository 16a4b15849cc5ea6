"""What a demonstration is furnished with: its virtual stations, and the tokens of their drivers."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from chargeplane.csms.authorization import tables as tokens
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.runtime.store import tenants
from chargeplane.station import DEMONSTRATION

__all__ = ["MEMBERS", "SPEED", "TOKENS", "furnish"]

MEMBERS: Final = DEMONSTRATION
TOKENS: Final = tuple(f"DRIVER{number:02d}" for number in range(1, 61))
SPEED: Final = 30.0


def furnish(connection: Connection, now: datetime) -> None:
    """Register the stations and the tokens, unless they are there."""
    tenant_id = tenants.DEFAULT_TENANT_ID
    tenants.ensure(connection, tenant_id, "Demonstration", now)
    for member in MEMBERS:
        known = Known(tenant_id, member.identity, 0, None, Registration.ACCEPTED, 0)
        register(connection, known, now)
    for value in TOKENS:
        token = {
            "key": IdToken(value).key,
            "value": value,
            "type": "",
            "transactions_max": 3,  # a driver drawn twice is not turned away
            "status": TokenStatus.ACCEPTED,
            "created_at": now,
        }
        tokens.add(connection, tenant_id, token)
