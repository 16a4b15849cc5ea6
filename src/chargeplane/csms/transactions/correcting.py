"""REST: correcting a transaction, with a reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import Connection

from chargeplane.csms.transactions import corrections, listing
from chargeplane.csms.transactions.corrections import Changes, Correction
from chargeplane.csms.transactions.tables import Stored
from chargeplane.csms.transactions.views import TransactionView, view
from chargeplane.domain.events import Event, TransactionRepaired
from chargeplane.domain.transactions import SessionState
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import Injected, Principal, Problem, requires
from chargeplane.runtime.store import Row, Store, new_id, storable

__all__ = ["Corrector", "NewCorrection", "Tell", "correct_transaction"]

ENERGY_WH_MAX = 1e9

Tell = Callable[[UUID, tuple[Row, ...], tuple[Event, ...]], Awaitable[None]]
"""Makes rows and events durable together, and then tells the events."""

EnergyWh = Annotated[float, Meta(ge=0, le=ENERGY_WH_MAX)]
Time = Annotated[datetime, Meta(tz=True)]
TokenText = Annotated[str, Meta(min_length=1, max_length=255)]


class NewCorrection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts instead of what was measured; at least one thing, and why."""

    reason: Annotated[str, Meta(min_length=3, max_length=2_000, pattern=r"\S")]
    energy_wh: EnergyWh | UnsetType = UNSET
    started_at: Time | UnsetType = UNSET
    ended_at: Time | UnsetType = UNSET
    id_token: TokenText | UnsetType = UNSET


class Corrector:
    """Adds corrections to transactions."""

    def __init__(self, store: Store, clock: Clock, tell: Tell) -> None:
        self._store = store
        self._clock = clock
        self._tell = tell

    async def correct(
        self, principal: Principal, transaction_id: UUID, wanted: NewCorrection
    ) -> Stored:
        """The transaction as it counts from now on.

        Raises:
            Problem: there is no such transaction, it goes on, or it cannot be so.
        """
        changes = _changes(wanted)
        look = partial(_both, tenant_id=principal.tenant_id, transaction_id=transaction_id)
        found = await self._store.read(look)
        if found is None:
            raise Problem.not_found("transaction", str(transaction_id))
        stored, entries = found
        if stored["state"] == SessionState.ACTIVE:
            raise Problem.conflict("transaction-active", "it goes on; stop it first")
        if len(entries) >= corrections.CORRECTIONS_MAX:
            raise Problem.conflict("too-many-corrections", "no more can be added")
        correction = Correction(
            principal.tenant_id,
            transaction_id,
            new_id(),
            principal.id,
            storable(principal.name),
            self._clock.now(),
            storable(wanted.reason),
            changes,
        )
        before = corrections.corrected(stored, entries)
        after = corrections.corrected(stored, [*entries, correction])
        if after["ended_at"] < after["started_at"]:
            raise Problem.of_field("ended_at", "it cannot end before it starts")
        event = _event(correction, before, after)
        await self._tell(principal.tenant_id, (corrections.row(correction),), (event,))
        return after


@post(
    "/transactions/{transaction_id:uuid}/corrections",
    guards=[requires("transactions:write")],
    summary="Correct a transaction",
)
async def correct_transaction(
    transaction_id: FromPath[UUID],
    data: JSONBody[NewCorrection],
    corrector: Injected[Corrector],
    principal: Injected[Principal],
) -> TransactionView:
    """Say what counts instead, and why. An entry is added to the ledger; none is ever changed."""
    return view(await corrector.correct(principal, transaction_id, data))


def _changes(wanted: NewCorrection) -> Changes:
    energy_wh = wanted.energy_wh
    changes = Changes(
        energy_wh=UNSET if isinstance(energy_wh, UnsetType) else Decimal(repr(energy_wh)),
        started_at=wanted.started_at,
        ended_at=wanted.ended_at,
        id_token=UNSET if isinstance(wanted.id_token, UnsetType) else storable(wanted.id_token),
    )
    if changes == Changes():
        raise Problem.of_field("body", "name at least one thing that is to be corrected")
    return changes


def _both(
    connection: Connection, tenant_id: UUID, transaction_id: UUID
) -> tuple[Stored, list[Correction]] | None:
    stored = listing.one(connection, tenant_id, transaction_id)
    if stored is None:
        return None
    found = corrections.of(connection, tenant_id, [transaction_id])
    return stored, found.get(transaction_id, [])


def _event(correction: Correction, before: Stored, after: Stored) -> TransactionRepaired:
    return TransactionRepaired(
        tenant_id=str(correction.tenant_id),
        station_id=before["station_id"],
        reported_at=correction.at,
        received_at=correction.at,
        transaction_id=str(correction.transaction_id),
        energy_wh=after["energy_wh"],
        previous_energy_wh=before["energy_wh"],
    )
