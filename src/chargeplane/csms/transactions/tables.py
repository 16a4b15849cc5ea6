"""The tables of the block: the ledger, the sessions folded from it, and the ids we gave to 1.x.

``ledger`` is append-only and the truth. ``transactions`` is what the fold makes of it, one row for
each session, and can be made again from it at any time.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Index,
    Integer,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    text,
    union_all,
)

from chargeplane.csms.transactions.bodies import body_of, entry_of
from chargeplane.domain.ledger import LedgerEntry, RemarkKind
from chargeplane.domain.tokens import IdToken
from chargeplane.domain.transactions import SessionState
from chargeplane.runtime.store import (
    SCHEMA,
    Change,
    Exact,
    Id,
    Moment,
    Prepared,
    Removal,
    Row,
    Sink,
    Words,
)
from chargeplane.runtime.store.schema import KEPT, RISES, TENANT

__all__ = [
    "GOING_ON",
    "LEDGER_SINK",
    "TRANSACTION_REMOVAL",
    "TRANSACTION_SINK",
    "daybook",
    "daybook_row",
    "entry_columns",
    "ledger",
    "ledger_row",
    "posted",
    "transaction_ids",
    "transactions",
]

SCHEMA.contribute(Path(__file__).parent / "migrations")

_LOOSE = text("is_loose")
_ACTIVE = text("state = 'active'")
_OF_2X = text("family = 2")

posted = SCHEMA.table(
    "ledger",
    Column("station_id", Words, nullable=False),
    Column("transaction_id", Words, nullable=False),
    Column("frame_id", Id, nullable=False),
    Column("is_loose", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", Words, nullable=False),
    Index(
        "ix_ledger_loose",
        TENANT,
        "station_id",
        "at",
        sqlite_where=_LOOSE,
        postgresql_where=_LOOSE,
    ),
    key=["station_id", "transaction_id", "frame_id"],
    info=KEPT,
)
"""Rows lie in the order of arrival, so that many share a page; the key finds a transaction. Those
of messages that go on in an ordinary transaction are in ``daybook`` first (see ``posting``).
``transaction_id`` is the station's word for it, empty if it named none that it can know;
``is_loose``: no start was known for it when it came; ``at``: when it happened
(``domain.times.moment``); ``body``: what else the entry says, as JSON (``bodies``)."""

daybook = SCHEMA.table(
    "ledger_daybook",
    Column("frame_id", Id, nullable=False, info=RISES),
    Column("station_id", Words, nullable=False),
    Column("transaction_id", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", Words, nullable=False),
    key=["frame_id"],
    sqlite_with_rowid=False,
    info=KEPT,
)
"""Entries that are not posted yet, in the order of arrival; none of them is loose."""

ledger: Final = union_all(
    select(posted),
    select(
        *[
            false().label(each.name) if each.name == "is_loose" else daybook.c[each.name]
            for each in posted.columns
        ]
    ),
).subquery("whole_ledger")
"""All entries, with the columns of ``posted``. To be read; rows go to the tables."""


def entry_columns(book: FromClause) -> tuple[ColumnElement[Any], ...]:
    """What ``entry_of`` takes, of a table of entries."""
    names = TENANT, "station_id", "transaction_id", "frame_id", "body"
    return tuple(book.c[name] for name in names)


transactions = SCHEMA.table(
    "transactions",
    Column("station_id", Words, nullable=False),
    Column("session_key", Words, nullable=False),
    Column("id", Id, nullable=False),
    Column("family", Integer, nullable=False),
    Column("wire_id", Words),
    Column("evse_id", Integer),
    Column("connector_id", Integer),
    Column("id_token", Words),
    Column("id_token_key", Words),
    Column("id_token_type", Words),
    Column("state", Words, nullable=False),
    Column("charging_state", Words),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("meter_start_wh", Exact),
    Column("meter_stop_wh", Exact),
    Column("energy_wh", Exact, nullable=False),
    Column("stop_reason", Words),
    Column("is_complete", Boolean, nullable=False),
    Column("is_orphan", Boolean, nullable=False),
    Column("remarks", Words, nullable=False),
    Column("remote_start_id", Words),
    Column("updated_at", Moment, nullable=False),
    Index("ix_transactions_station", TENANT, "station_id", "started_at"),
    Index(
        "ix_transactions_active",
        TENANT,
        "id_token_key",
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
    Index(
        "ix_transactions_wire_id",
        TENANT,
        "wire_id",
        sqlite_where=_OF_2X,
        postgresql_where=_OF_2X,
    ),
    key=["station_id", "session_key"],
    unique=[["id"]],
    info=KEPT,
)

transaction_ids = SCHEMA.table(
    "transaction_ids",
    Column("wire_id", Integer, nullable=False),
    Column("station_id", Words, nullable=False),
    Column("start_key", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    key=["wire_id"],
    unique=[["station_id", "start_key"]],
)
"""The ids that 1.x stations were given: random, and unique in the installation's tenant, so that
knowing one tells nothing about another."""

LEDGER_SINK: Final = Sink(posted, [each.name for each in posted.columns])
DAYBOOK_SINK: Final = Sink(daybook, [each.name for each in daybook.columns])
_COLUMNS = [each.name for each in transactions.columns]
COLUMNS: Final = tuple(_COLUMNS)
TRANSACTION_SINK: Final = Sink(
    transactions,
    _COLUMNS,
    update=[n for n in _COLUMNS if n not in {TENANT, "station_id", "session_key", "id", "family"}],
)
GOING_ON: Final = Change(
    transactions,
    [TENANT, "station_id", "session_key", "charging_state", "energy_wh", "updated_at"],
)
"""For a transaction that goes on: what is not named stays, so that no index has to be touched."""
TRANSACTION_REMOVAL: Final = Removal(transactions)

Stored = dict[str, Any]
"""A row of ``transactions``, by column."""


def ledger_row(
    tenant_id: UUID, frame_id: UUID, entry: LedgerEntry, at: datetime, *, is_loose: bool
) -> Row:
    """An entry as a row. Its texts were made ``storable`` when they came in."""
    return LEDGER_SINK, (
        tenant_id,
        entry.station_id,
        entry.known_id or "",
        frame_id,
        is_loose,
        at,
        body_of(entry, entry.known_id),
    )


def daybook_row(tenant_id: UUID, frame_id: UUID, entry: LedgerEntry, at: datetime) -> Row:
    """An entry that goes on in an ordinary transaction; see ``ledger_row``."""
    return DAYBOOK_SINK, (
        tenant_id,
        frame_id,
        entry.station_id,
        entry.transaction_id,
        at,
        body_of(entry, entry.transaction_id),
    )


_MINE = (
    transactions.c.tenant_id == bindparam("of_tenant"),
    transactions.c.station_id == bindparam("of_station"),
)
_GOING_ON: Final = Prepared(
    select(*transactions.columns)
    .where(
        *_MINE,
        or_(
            transactions.c.ended_at.is_(None),
            transactions.c.ended_at >= bindparam("since"),
            transactions.c.wire_id == bindparam("named"),
            and_(
                transactions.c.started_at >= bindparam("ended_by_others_since"),
                transactions.c.remarks.like(bindparam("ended_by_others")),
            ),
        ),
    )
    .order_by(transactions.c.started_at)
)
_LAST_STARTS: Final = Prepared(
    select(transactions.c.evse_id, func.max(transactions.c.started_at))
    .where(*_MINE)
    .group_by(transactions.c.evse_id)
)
_LAST_LOOSE: Final = Prepared(
    select(func.max(posted.c.at)).where(
        posted.c.tenant_id == bindparam("of_tenant"),
        posted.c.station_id == bindparam("of_station"),
        posted.c.is_loose,
    )
)


def going_on_since(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    since: datetime,
    wire_id: str | None,
    ended_by_others_since: datetime | None = None,
) -> list[Stored]:
    """The sessions that went on at a time or later, and the one that a station calls so.

    ``ended_by_others_since``: those that ended because another began are there too if they began
    since then. What becomes of the later one may change their end.
    """
    rows = _GOING_ON.rows(
        connection,
        {
            "of_tenant": tenant_id,
            "of_station": station_id,
            "since": since,
            "named": wire_id,
            "ended_by_others_since": ended_by_others_since or since,
            "ended_by_others": f'%"{RemarkKind.SUPERSEDED}"%',
        },
    )
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def active_at(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    family: int,
    evse_id: int,
    at: datetime,
) -> str | None:
    """The station's id of the transaction that is active at an EVSE and had begun by a time."""
    return connection.scalar(
        select(transactions.c.wire_id)
        .where(
            transactions.c.tenant_id == tenant_id,
            transactions.c.station_id == station_id,
            transactions.c.family == family,
            transactions.c.evse_id == evse_id,
            transactions.c.state == SessionState.ACTIVE,
            transactions.c.started_at <= at,
            transactions.c.wire_id.is_not(None),
        )
        .order_by(transactions.c.started_at.desc())
        .limit(1)
    )


def entries_of(
    connection: Connection, tenant_id: UUID, station_id: str, wire_ids: list[str]
) -> list[LedgerEntry]:
    """All entries of some transactions, by the station's words for them."""
    found = connection.execute(
        select(*entry_columns(ledger)).where(
            ledger.c.tenant_id == tenant_id,
            ledger.c.station_id == station_id,
            ledger.c.transaction_id.in_(wire_ids),
        )
    )
    # By frame: a commit that nobody knew the end of, run again after its entries were posted,
    # leaves them in both places until they are posted again.
    return [entry_of(*row) for row in {row.frame_id: row for row in found}.values()]


def loose_entries_since(
    connection: Connection, tenant_id: UUID, station_id: str, since: datetime
) -> list[LedgerEntry]:
    """The entries that named no known transaction, from a time on."""
    found = connection.execute(
        select(*entry_columns(posted)).where(
            posted.c.tenant_id == tenant_id,
            posted.c.station_id == station_id,
            posted.c.is_loose,
            posted.c.at >= since,
        )
    )
    return [entry_of(*row) for row in found]


def last_loose_at(connection: Connection, tenant_id: UUID, station_id: str) -> datetime | None:
    """The time of the latest message of a station that named no known transaction."""
    values = {"of_tenant": tenant_id, "of_station": station_id}
    found: datetime | None = _LAST_LOOSE.rows(connection, values)[0][0]
    return found


def last_starts(
    connection: Connection, tenant_id: UUID, station_id: str
) -> dict[int | None, datetime]:
    """The time of the latest start on each EVSE; None: on one that is not known."""
    values = {"of_tenant": tenant_id, "of_station": station_id}
    return dict(_LAST_STARTS.rows(connection, values))


def active_count(
    connection: Connection, tenant_id: UUID, id_token: IdToken, besides: tuple[str, str] | None
) -> int:
    """How many active sessions a token has, but for one, named by station and wire id."""
    query = select(transactions.c.station_id, transactions.c.wire_id).where(
        transactions.c.tenant_id == tenant_id,
        transactions.c.id_token_key == id_token.key,
        transactions.c.state == SessionState.ACTIVE,
    )
    return sum(tuple(row) != besides for row in connection.execute(query))
