"""Which keys the passwords of stations are under, while the secret key is rotated.

A password cannot be read, so it cannot be put under another key by us: it goes there when its
station logs in (``gateway.admission``), or is given a new one.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, func, or_, select

from chargeplane.csms.inventory import stations
from chargeplane.runtime.passwords import KEY_ID_CHARACTERS, KEY_ID_FROM
from chargeplane.runtime.store import tenants

__all__ = ["passwords_by_key", "stations_to_come"]

_OURS = stations.c.tenant_id.in_(select(tenants.tenants.c.tenant_id))
_HASHES = (stations.c.password_hash, stations.c.next_password_hash)


def passwords_by_key(connection: Connection) -> Counter[str]:
    """How many passwords are under each key, by the ids of ``Passwords``; old and next ones."""
    found: Counter[str] = Counter()
    for each in _HASHES:
        key_id = func.substr(each, KEY_ID_FROM, KEY_ID_CHARACTERS)
        query = select(key_id, func.count()).where(_OURS, each.is_not(None)).group_by(key_id)
        for name, count in connection.execute(query):
            found[name] += count
    return found


def stations_to_come(connection: Connection, key_id: str, count_max: int) -> list[str]:
    """Stations with a password that is not under a key, by id; the first ones."""
    is_old = or_(*(func.substr(each, KEY_ID_FROM, KEY_ID_CHARACTERS) != key_id for each in _HASHES))
    query = select(stations.c.id).where(_OURS, is_old).order_by(stations.c.id).limit(count_max)
    return list(connection.scalars(query))
