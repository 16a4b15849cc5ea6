"""The rules: what a message, an answer or the clock says about a reservation. No I/O.

What is known of a reservation comes in any order: the station may drop it before its answer to our
request is read, a transaction may use it after its time is over by our clock, and messages are
repeated. So states have a rank, and the greatest that anything speaks for is the state: the same
for every order and every repetition. That a transaction has used it counts most.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.commands import Accepted, NoAnswer, Outcome, Refused
from chargeplane.domain.events import (
    ConnectorStatusChanged,
    TransactionStarted,
    TransactionUpdated,
)
from chargeplane.domain.reservations import ReservationState
from chargeplane.domain.status import ConnectorStatus
from chargeplane.domain.tokens import IdToken

__all__ = [
    "Evidence",
    "Reservation",
    "after",
    "is_used_by",
    "may_take_the_place_of",
    "of_answer",
    "of_cancellation",
    "of_clock",
    "of_status",
    "of_use",
    "prolonged",
]

CLOCKS_DIFFER_MAX: Final = timedelta(seconds=60)
"""A station's clock may be so far from ours: a connector that is free again so shortly before the
end of its reservation has waited for it, and a start that seems so early has come after it."""

_S = ReservationState
_RANK: Final = {state: rank for rank, state in enumerate(ReservationState)}
_GONE: Final = frozenset({ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE})


class Reservation(NamedTuple):
    """A reservation as it is stored."""

    tenant_id: UUID
    id: UUID
    wire_id: int
    """The station's word for it, given by us."""
    station_id: str
    family: int
    """1 or 2: of OCPP."""
    evse_id: int | None
    """None: any."""
    connector_type: str | None
    id_token: str
    id_token_key: str
    id_token_type: str
    group_id: str | None
    expires_at: datetime
    requested_at: datetime
    state: ReservationState = _S.REQUESTED
    status: str | None = None
    """The station's own word when it was asked; None: it has not answered."""
    reason: str | None = None
    ended_at: datetime | None = None
    transaction_id: UUID | None = None

    @property
    def token(self) -> IdToken:
        """For whom it is."""
        return IdToken(self.id_token, self.id_token_type, self.group_id)

    @property
    def evse(self) -> EvseAddress | None:
        """What is kept free; None: any of the station."""
        return None if self.evse_id is None else EvseAddress(self.evse_id)


class Evidence(NamedTuple):
    """Something that speaks for a state."""

    state: ReservationState
    at: datetime
    status: str | None = None
    reason: str | None = None
    transaction_id: UUID | None = None


def after(known: Reservation, evidence: Evidence) -> Reservation:
    """The reservation with what was just learned of it; the same if that is nothing new."""
    rises = _RANK[evidence.state] > _RANK[known.state]
    ended_at = known.ended_at
    if rises:
        ended_at = None if evidence.state.is_open else evidence.at
    elif evidence.state is known.state and ended_at is not None:
        ended_at = min(ended_at, evidence.at)
    return known._replace(
        state=evidence.state if rises else known.state,
        status=known.status or evidence.status,
        reason=(evidence.reason or known.reason) if rises else (known.reason or evidence.reason),
        ended_at=ended_at,
        transaction_id=min(
            filter(None, (known.transaction_id, evidence.transaction_id)), default=None
        ),
    )


def may_take_the_place_of(known: Reservation, new: Reservation) -> bool:
    """Whether a wish under the id of a reservation is to change its time (H01.FR.02; 1.6, 5.13).

    The station then replaces it. Anything else under the same id is a mistake.
    """
    same = ("station_id", "family", "evse_id", "connector_type", "id_token_key", "group_id")
    return known.state.is_open and all(getattr(known, each) == getattr(new, each) for each in same)


def prolonged(known: Reservation, expires_at: datetime) -> Reservation:
    """The reservation after the station has taken it anew, until another time.

    It is held then, even if it was over for a moment; but what was used stays used.
    """
    if known.state is _S.USED:
        return known
    return known._replace(state=_S.HELD, expires_at=expires_at, ended_at=None, reason=None)


def of_answer(outcome: Outcome, at: datetime) -> Evidence:
    """What the answer to our request says (H01; 1.6, 5.13). No answer says nothing."""
    match outcome:
        case Accepted(status=status):
            return Evidence(_S.HELD, at, status)
        case Refused(status=status, reason=reason):
            return Evidence(_S.REFUSED, at, status, reason)
        case NoAnswer(reason=reason):
            return Evidence(_S.REQUESTED, at, reason=reason)
        case _:
            return Evidence(_S.REFUSED, at, reason=outcome.reason)


def of_cancellation(outcome: Outcome, at: datetime) -> Evidence | None:
    """What the answer to a cancellation says (H02; 1.6, 5.2); None: nothing.

    A station refuses to cancel what it does not know, so it does not hold it.
    """
    match outcome:
        case Accepted():
            return Evidence(_S.CANCELLED, at)
        case Refused(status="Rejected"):
            return Evidence(_S.REMOVED, at, reason="the station does not know of it")
        case _:
            return None


def of_clock(known: Reservation, now: datetime) -> Evidence | None:
    """What the time says: a reservation is over when it expires (H04; 1.6, 5.13)."""
    is_over = known.state.is_open and known.expires_at <= now
    return Evidence(_S.EXPIRED, known.expires_at) if is_over else None


def of_status(known: Reservation, event: ConnectorStatusChanged) -> Evidence | None:
    """What the status of a connector says in 1.x, which has no message for the end of one.

    It ends when its connector or the station is faulted or unavailable (1.6, 5.13), and has ended
    when its connector is reserved no more and free. In 2.x the station tells it.
    """
    at = event.received_at
    if known.family != 1 or not known.state.is_open or at < known.requested_at:
        return None
    is_mine = event.evse.evse_id == known.evse_id
    if event.status in _GONE and (is_mine or event.evse.is_station):
        return Evidence(_S.REMOVED, at, reason=f"{event.evse} is {event.status}")
    if not is_mine:
        return None
    if event.status is ConnectorStatus.RESERVED:
        return Evidence(_S.HELD, at)
    if event.status is ConnectorStatus.AVAILABLE and event.previous is ConnectorStatus.RESERVED:
        if at >= known.expires_at - CLOCKS_DIFFER_MAX:
            return Evidence(_S.EXPIRED, at)
        return Evidence(_S.REMOVED, at, reason=f"{event.evse} is {event.status}")
    return None


def is_used_by(known: Reservation, event: TransactionStarted | TransactionUpdated) -> bool:
    """Whether a transaction is the one that was reserved for.

    A station names the reservation (H03; 1.6, 4.8). If it names none, the start of the same token
    on the same EVSE within the time is it: that ends a reservation in any case.
    """
    if event.reservation_id is not None:
        return event.reservation_id == str(known.wire_id)
    if not isinstance(event, TransactionStarted) or event.id_token is None:
        return False
    if not (known.state.is_open or known.state is _S.EXPIRED):
        return False
    if known.evse_id is not None and (event.evse is None or event.evse.evse_id != known.evse_id):
        return False
    earliest = known.requested_at - CLOCKS_DIFFER_MAX
    is_in_time = earliest <= event.reported_at <= known.expires_at
    return is_in_time and event.id_token.same_as(known.token)


def of_use(event: TransactionStarted | TransactionUpdated) -> Evidence:
    """That a transaction has used it."""
    return Evidence(_S.USED, event.reported_at, transaction_id=UUID(event.transaction_id))
