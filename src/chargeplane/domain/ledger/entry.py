"""One row of the ledger: a transaction message as it was received, in neutral words.

An entry has a ``key``, the same for every repetition of one message, and a ``content_hash`` of what
the station said in it. The key is worked out once and stored with the entry; the hash follows from
what is stored, and is worked out where it is asked for, which an ordinary message never needs:

* same key, same content: the station has repeated itself, and it counts once;
* same key, other content: a contradiction; both are kept and the session is flagged.

What is not content: when and in which frame it arrived, whether it was called offline (a station
that repeats a message after an outage says so the second time only), and the transaction id of a
1.x start, which is our answer and not its question.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Final, Literal

from msgspec import Struct
from msgspec.json import Encoder
from msgspec.structs import force_setattr

from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.metering import BEGIN, END, MeterValue
from chargeplane.domain.times import moment
from chargeplane.domain.tokens import IdToken
from chargeplane.domain.transactions import StopReason

__all__ = ["UNKNOWN_IDS", "EntryKind", "LedgerEntry"]

_encoded = Encoder().encode

# Transaction ids that mean "I do not know": of stations that started offline, and what -1 becomes
# in 32 and 64 bits and in the largest integer of other languages.
UNKNOWN_IDS: Final = frozenset(
    {"", "0", "-1", "4294967295", "9223372036854775807", "18446744073709551615"}
)


class EntryKind(StrEnum):
    """``updated`` is 2.x's event, ``meter`` a MeterValues message."""

    STARTED = "started"
    UPDATED = "updated"
    METER = "meter"
    ENDED = "ended"


class LedgerEntry(Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """A transaction message as received. Leave ``key`` empty for a new one.

    ``meter_start`` and ``meter_stop`` of 1.x are meter values with the contexts Transaction.Begin
    and Transaction.End, before those of ``transactionData``. A register of -1, which stands for
    one that is not known, may be among them. ``transaction_id`` of a 1.x start is the id that we
    answered.
    """

    tenant_id: str
    station_id: str
    family: Literal[1, 2]
    kind: EntryKind
    reported_at: datetime
    received_at: datetime
    frame_id: str
    transaction_id: str | None = None
    seq_no: int | None = None
    evse: EvseAddress | None = None
    id_token: IdToken | None = None
    meter_values: tuple[MeterValue, ...] = ()
    offline: bool = False
    stop_reason: StopReason | None = None
    reservation_id: str | None = None
    key: str = ""

    def __post_init__(self) -> None:
        if not self.key:
            force_setattr(self, "key", _key(self))

    @cached_property
    def content_hash(self) -> str:
        """Of what the station said."""
        return _content_hash(self)

    @property
    def known_id(self) -> str | None:
        """The transaction id, if the station has one to tell."""
        return None if self.transaction_id in UNKNOWN_IDS else self.transaction_id

    @property
    def known_evse(self) -> EvseAddress | None:
        """The EVSE; None for the station as a whole."""
        return None if self.evse is None or self.evse.is_station else self.evse


def _in_utc(at: datetime) -> datetime:
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def _content_hash(entry: LedgerEntry) -> str:
    said = (
        entry.kind,
        _in_utc(entry.reported_at),
        None if entry.kind is EntryKind.STARTED and entry.family == 1 else entry.transaction_id,
        entry.seq_no,
        entry.evse,
        entry.id_token,
        entry.meter_values,
        entry.stop_reason,
        entry.reservation_id,
    )
    return sha256(_encoded(said)).hexdigest()[:32]


def _key(entry: LedgerEntry) -> str:
    """The idempotency key, unique per station."""
    known_id = entry.known_id
    if entry.family == 2 and known_id is not None and entry.seq_no is not None:
        return f"2/{known_id}/{entry.seq_no}"
    if entry.kind is EntryKind.STARTED and entry.family == 1:
        evse = entry.evse.connector_1x if entry.evse else 0
        return f"start/{evse}/{_token(entry)}/{_time_in_key(entry)}/{_register(entry, BEGIN)}"
    if entry.kind is not EntryKind.ENDED:
        # Nothing numbers these, and two of the same second may both be right.
        return f"{entry.kind}/{entry.content_hash}"
    if known_id is not None:
        return f"stop/{known_id}"
    return f"stop/?/{_token(entry)}/{_time_in_key(entry)}/{_register(entry, END)}"


def _token(entry: LedgerEntry) -> str:
    return entry.id_token.key if entry.id_token else ""


def _time_in_key(entry: LedgerEntry) -> str:
    """The station's time. If it cannot be, the hour of arrival beside it.

    A station without a clock and with a register per session starts every session of a driver with
    the same words; only the arrival tells a repetition from the next session.
    """
    at = _in_utc(entry.reported_at).isoformat()
    if moment(entry.reported_at, entry.received_at).by_station:
        return at
    return f"{at}@{_in_utc(entry.received_at).isoformat()[:13]}"


def _register(entry: LedgerEntry, context: str) -> str:
    for each in entry.meter_values:
        if each.context == context:
            return f"{each.value.normalize():f}" if each.value.is_finite() else "?"
    return ""
