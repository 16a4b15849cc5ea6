"""Which keys the sealed secrets of the database are under."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from chargeplane.runtime.access.factors import Kind
from chargeplane.runtime.access.tables import challenges, factors
from chargeplane.runtime.store import tenants

__all__ = ["sealed_by_key"]

# Of "s1.4f2a90c1.q83v...", counted from 1 as SQL does.
_ID_FROM: Final = 4
_ID_CHARACTERS: Final = 8


def sealed_by_key(connection: Connection, now: datetime) -> Counter[str]:
    """How many secrets that still count are under each key, by ``id_of_key``."""
    ours = select(tenants.tenants.c.tenant_id)
    queries = (
        select(factors.c.content).where(
            factors.c.tenant_id.in_(ours), factors.c.kind == str(Kind.TOTP)
        ),
        select(challenges.c.content).where(
            challenges.c.tenant_id.in_(ours), challenges.c.expires_at > now
        ),
    )
    found: Counter[str] = Counter()
    for query in queries:
        content = query.subquery().c.content
        key_id = func.substr(content, _ID_FROM, _ID_CHARACTERS)
        for name, count in connection.execute(select(key_id, func.count()).group_by(key_id)):
            found[name] += count
    return found
