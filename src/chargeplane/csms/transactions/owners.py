"""Whose transactions are they: looked up by what stations call them, in the whole tenant.

Everything else about a transaction is looked up by its station as well. This is for noticing that
a station speaks of one that is another's, and gives nothing away but who that is.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select, text

from chargeplane.csms.transactions.tables import transaction_ids, transactions

__all__ = ["FOUND_MAX", "Owner", "owners"]

FOUND_MAX: Final = 5_000
"""Transactions that are looked at for one question: an id that every station uses has many."""
_GIVEN_MAX: Final = 2**31 - 1


class Owner(NamedTuple):
    """A station, and a transaction of its."""

    wire_id: str
    station_id: str
    transaction_id: UUID | None
    """Ours, which are in the order of their beginning; None if the wire id was given by us."""


def owners(
    connection: Connection, tenant_id: UUID, wire_ids: Collection[str], characters_min: int
) -> list[Owner]:
    """Who has transactions of these names: those that we have given out, then those of 2.x.

    Args:
        connection: of the store.
        tenant_id: whose stations.
        wire_ids: what a station calls transactions.
        characters_min: shorter names are only looked for among those that we have given out.
    """
    numbers = [number for each in wire_ids if (number := _number(each)) is not None]
    found = _given(connection, tenant_id, numbers) if numbers else []
    settled = {each.wire_id for each in found}
    left = [each for each in wire_ids if len(each) >= characters_min and each not in settled]
    return found + (_chosen(connection, tenant_id, left) if left else [])


def _number(wire_id: str) -> int | None:
    """An id that we may have given out, in our spelling."""
    if not (wire_id.isascii() and wire_id.isdecimal()) or wire_id[0] == "0" or len(wire_id) > 10:
        return None
    number = int(wire_id)
    return number if number <= _GIVEN_MAX else None


def _given(connection: Connection, tenant_id: UUID, numbers: list[int]) -> list[Owner]:
    ids = transaction_ids.c
    query = select(ids.wire_id, ids.station_id).where(
        ids.tenant_id == tenant_id, ids.wire_id.in_(numbers)
    )
    return [Owner(str(row.wire_id), row.station_id, None) for row in connection.execute(query)]


def _chosen(connection: Connection, tenant_id: UUID, wire_ids: list[str]) -> list[Owner]:
    each = transactions.c
    query = (
        select(each.wire_id, each.station_id, each.id)
        .where(
            each.tenant_id == tenant_id,
            text("family = 2"),  # as the index has it: with a parameter it would not be used
            each.wire_id.in_(wire_ids),
        )
        .limit(FOUND_MAX)
    )
    return [Owner(*row) for row in connection.execute(query)]
