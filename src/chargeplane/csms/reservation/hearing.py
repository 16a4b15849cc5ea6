"""What the events of other blocks say of reservations, and what a reservation tells of itself."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.contract import Station
from chargeplane.csms.reservation import service, tables
from chargeplane.csms.reservation.service import Evidence, Reservation
from chargeplane.domain.commands import Reserve
from chargeplane.domain.events import (
    ConnectorStatusChanged,
    ReservationChanged,
    TransactionStarted,
    TransactionUpdated,
)
from chargeplane.domain.status import ConnectorStatus
from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.store import storable

__all__ = ["HEARD", "Hint", "Said", "event_of", "may_say", "new_reservation", "said_by"]

Hint: TypeAlias = ConnectorStatusChanged | TransactionStarted | TransactionUpdated
HEARD: Final = (ConnectorStatusChanged, TransactionStarted, TransactionUpdated)
"""The events of other blocks that say something of reservations."""

_S = ConnectorStatus
_TELLING: Final = frozenset({_S.FAULTED, _S.UNAVAILABLE, _S.RESERVED})


class Said(NamedTuple):
    """What an event says of one reservation."""

    reservation: Reservation
    evidence: Evidence


def may_say(event: Hint, *, is_any: bool) -> bool:
    """Whether an event is worth a look into the store; ``is_any``: some reservation may be open."""
    if isinstance(event, ConnectorStatusChanged):
        return is_any and (event.status in _TELLING or event.previous is _S.RESERVED)
    if event.reservation_id is not None:
        return True
    return is_any and isinstance(event, TransactionStarted)


def said_by(
    connection: Connection,
    event: Hint,
) -> list[Said]:
    """All that an event says of the reservations of its station."""
    tenant_id, at = UUID(event.tenant_id), event.received_at
    if isinstance(event, ConnectorStatusChanged):
        open_ones = tables.at_station(connection, tenant_id, event.station_id, at)
        said = [(each, service.of_status(each, event)) for each in open_ones]
        return [Said(each, evidence) for each, evidence in said if evidence is not None]
    if event.reservation_id is None:
        known = tables.at_station(connection, tenant_id, event.station_id, event.reported_at)
    else:
        wire_id = int(event.reservation_id)
        named = tables.named(connection, tenant_id, event.station_id, wire_id)
        known = [] if named is None else [named]
    used = (each for each in known if service.is_used_by(each, event))
    return [Said(each, service.of_use(event)) for each in used][:1]


def new_reservation(station: Station, command: Reserve, id_: UUID, now: datetime) -> Reservation:
    """A reservation that its station is about to be asked for."""
    token = command.id_token
    value = storable(token.value)
    return Reservation(
        tenant_id=station.tenant_id,
        id=id_,
        wire_id=0,  # it is drawn when it is stored
        station_id=storable(station.id),
        family=1 if station.version.newest_of_family is Version.V1_6 else 2,
        evse_id=command.evse_id,
        connector_type=storable(command.connector_type) if command.connector_type else None,
        id_token=value,
        id_token_key=IdToken(value).key,
        id_token_type=storable(token.type),
        group_id=storable(token.group_id) if token.group_id else None,
        expires_at=command.expires_at,
        requested_at=now,
    )


def event_of(reservation: Reservation, now: datetime) -> ReservationChanged:
    """What is told of a reservation that has changed."""
    used_by = reservation.transaction_id
    return ReservationChanged(
        tenant_id=str(reservation.tenant_id),
        station_id=reservation.station_id,
        reported_at=now,
        received_at=now,
        reservation_id=str(reservation.id),
        state=reservation.state,
        evse=reservation.evse,
        id_token=reservation.token,
        expires_at=reservation.expires_at,
        transaction_id=None if used_by is None else str(used_by),
    )
