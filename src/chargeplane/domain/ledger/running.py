"""The fold of the ordinary case, one message at a time.

Nearly every transaction is ordinary: its start comes first, then its messages in order, each once,
with a clock and a register that do what they should, then its end. The fold has nothing to decide
about such a transaction, and its figures can be carried from one message to the next. ``Running``
does that, in a time that does not depend on how long the transaction is.

It makes no rules of its own. It asks those of the fold (``registers``, ``measuring``,
``settling``), one message at a time, and says no to whatever the fold would remark on. It also says
no where it cannot be sure: better to fold once too often than to have two opinions. After a no it
is as it was, and the caller folds.

**What the caller has to know** is what one transaction does not show. These hold as long as a
``Running`` is used, or the caller folds:

* It began with the first message of its transaction that came, or was resumed from all of them.
* No other start on its EVSE, or on an EVSE that is not known, has a time as late as its own start.
* No message of the station that names no known transaction has a time as late as its start.
* Two entries never have one frame id.

Times are those of ``domain.times.moment``. It is enough to remember the latest such start of each
EVSE and the latest such message of each station.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final, Self

from msgspec import Struct

from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger.entry import EntryKind, LedgerEntry
from chargeplane.domain.ledger.measuring import UNTIMED_WH_MAX, follows, was_in_kwh
from chargeplane.domain.ledger.messages import Message, messages_of
from chargeplane.domain.ledger.registers import (
    Point,
    Role,
    place_of,
    points_in,
    power_w_of,
    put_in_place,
    read,
)
from chargeplane.domain.ledger.session import Session
from chargeplane.domain.ledger.settling import is_late_end, oddities_of_token
from chargeplane.domain.times import is_believed
from chargeplane.domain.transactions import SessionState, StopReason

__all__ = ["SAME_TIME_MAX", "Running"]

# So many messages may have one and the same time.
SAME_TIME_MAX: Final = 100
_ZERO: Final = Decimal(0)


class _Register(Struct, frozen=True, gc=False):
    """What is to be remembered of the points so far, and of the power beside them."""

    begin: Point
    last: Point
    in_wh: bool
    power_w_sum: Decimal
    powers: int

    @property
    def energy_wh(self) -> Decimal:
        energy_wh = self.last.value_wh - self.begin.value_wh
        return energy_wh if energy_wh > 0 else _ZERO

    @property
    def is_plausible(self) -> bool:
        """False if the power says that all values are in kWh."""
        if not (self.powers and self.in_wh):
            return True
        energy_wh = self.energy_wh
        if not energy_wh:
            return True
        elapsed_s = (self.last.at - self.begin.at).total_seconds()
        return not was_in_kwh(energy_wh, elapsed_s, self.power_w_sum / self.powers)


class Running:
    """An ordinary transaction, and what the fold would say of it.

    Read the attributes, and change them with ``extend`` alone. ``last_at`` is the time of the last
    message. Nothing that is kept grows with the number of messages.
    """

    __slots__ = (
        "_entries_of_now",
        "_register",
        "ended_at",
        "evse",
        "family",
        "id_token",
        "last_at",
        "seq_no",
        "started_at",
        "station_id",
        "stop_reason",
        "tenant_id",
        "wire_id",
    )

    def __init__(
        self, entry: LedgerEntry, wire_id: str, evse: EvseAddress, register: _Register
    ) -> None:
        self.tenant_id = entry.tenant_id
        self.station_id = entry.station_id
        self.family = entry.family
        self.wire_id = wire_id
        self.seq_no = entry.seq_no
        self.evse = evse
        self.id_token = entry.id_token
        self.started_at: datetime = entry.reported_at
        self.last_at: datetime = entry.reported_at
        self.ended_at: datetime | None = None
        self.stop_reason: StopReason | None = None
        self._register = register
        # A repetition in 1.x is known by its content; it has the time of what it repeats.
        self._entries_of_now = [entry]

    @classmethod
    def begin(cls, entry: LedgerEntry) -> Self | None:
        """The transaction of a start that nothing came before; None if that is not ordinary."""
        wire_id, evse = entry.known_id, entry.known_evse
        if entry.kind is not EntryKind.STARTED or wire_id is None or evse is None or entry.offline:
            return None
        if entry.family == 2 and entry.seq_no is None:
            return None
        # In 2.x the token may come later, in 1.x it is a part of the start.
        if entry.id_token is None and entry.family == 1:
            return None
        if entry.id_token is not None and oddities_of_token(entry.id_token):
            return None
        if not is_believed(entry.reported_at, entry.received_at):
            return None
        register = _after(None, Message(entry, [entry], entry.reported_at, True), Role.BEGIN)
        return None if register is None else cls(entry, wire_id, evse, register)

    @classmethod
    def resume(cls, entries: Iterable[LedgerEntry]) -> Self | None:
        """The transaction that all of these are of, in any order; None if it is not ordinary.

        This may succeed where ``extend`` said no, since late messages are in their places by now.
        """
        messages = messages_of(entries)
        if not messages or any(len(each.copies) > 1 for each in messages):
            return None
        running = cls.begin(messages[0].entry)
        if running is None or not all(running.extend(each.entry) for each in messages[1:]):
            return None
        return running

    def extend(self, entry: LedgerEntry) -> bool:
        """Take the next message; False, and nothing is changed, if that is not ordinary."""
        if self.ended_at is not None or not self._is_next(entry):
            return False
        at = entry.reported_at
        if at < self.last_at or not is_believed(at, entry.received_at):
            return False
        if at == self.last_at and not self._is_later_now(entry):
            return False
        ends = entry.kind is EntryKind.ENDED
        if ends and is_late_end(at, self.last_at):
            return False
        id_token = self.id_token
        if id_token is None and entry.id_token is not None:
            id_token = entry.id_token
            if oddities_of_token(id_token):
                return False
        register: _Register | None = self._register
        if entry.meter_values or ends:
            message = Message(entry, [entry], at, True)
            register = _after(register, message, Role.END if ends else Role.SAMPLE)
            if register is None:
                return False
            self._register = register
        if at > self.last_at:
            self._entries_of_now.clear()
        self._entries_of_now.append(entry)
        self.last_at = at
        if entry.kind is not EntryKind.METER:
            self.seq_no = entry.seq_no
        self.id_token = id_token
        if ends:
            self.ended_at = at
            self.stop_reason = entry.stop_reason
        return True

    def _is_next(self, entry: LedgerEntry) -> bool:
        """True if it is of this transaction, and the next by number."""
        if (
            entry.transaction_id != self.wire_id
            or entry.family != self.family
            or entry.station_id != self.station_id
            or entry.tenant_id != self.tenant_id
            or entry.kind is EntryKind.STARTED
            or entry.offline
        ):
            return False
        if self.family == 1 or entry.kind is EntryKind.METER:  # nothing numbers these
            return True
        return self.seq_no is not None and entry.seq_no == self.seq_no + 1

    def _is_later_now(self, entry: LedgerEntry) -> bool:
        """True if it has its place behind the last message, which is of the same time."""
        others = self._entries_of_now
        return (
            len(others) < SAME_TIME_MAX
            and _arrival(entry) > _arrival(others[-1])
            and all(entry.content_hash != each.content_hash for each in others)
        )

    @property
    def ended(self) -> bool:
        """Whether the end was taken. Nothing ordinary comes after it."""
        return self.ended_at is not None

    @property
    def state(self) -> SessionState:
        return SessionState.ACTIVE if self.ended_at is None else SessionState.ENDED

    @property
    def key(self) -> str:
        """The key of the session."""
        return f"{self.family}:{self.wire_id}"

    @property
    def energy_wh(self) -> Decimal:
        return self._register.energy_wh

    @property
    def meter_start_wh(self) -> Decimal:
        return self._register.begin.value_wh

    @property
    def meter_stop_wh(self) -> Decimal | None:
        """The register of the end; None before."""
        return None if self.ended_at is None else self._register.last.value_wh

    def session(self, frame_ids: tuple[str, ...] = ()) -> Session:
        """What ``fold`` says of all messages so far, whose frames are these: they are not kept."""
        return Session(
            tenant_id=self.tenant_id,
            station_id=self.station_id,
            key=self.key,
            family=self.family,
            wire_id=self.wire_id,
            evse=self.evse,
            id_token=self.id_token,
            state=self.state,
            started_at=self.started_at,
            ended_at=self.ended_at,
            meter_start_wh=self.meter_start_wh,
            meter_stop_wh=self.meter_stop_wh,
            energy_wh=self.energy_wh,
            stop_reason=self.stop_reason,
            is_complete=self.ended,
            is_orphan=False,
            remarks=(),
            frame_ids=frame_ids,
            repeats=0,
        )


def _arrival(entry: LedgerEntry) -> tuple[datetime, str, str]:
    return entry.received_at, entry.content_hash, entry.frame_id


def _after(before: _Register | None, message: Message, role: Role) -> _Register | None:
    """The register after one more message; None if anything about it is odd."""
    readings, says_nothing = read(message.entry)
    if says_nothing or (not readings and role is not Role.SAMPLE):
        return None
    points = points_in(message, role, readings)
    if len(points) > 1:
        put_in_place(points)
    if before is None:
        begin = last = points[0]
        in_wh, power_w_sum, powers = True, _ZERO, 0
    else:
        begin, last, in_wh = before.begin, before.last, before.in_wh
        power_w_sum, powers = before.power_w_sum, before.powers
    for point in points:
        if not point.timed or not (point is begin or _goes_on(last, point)):
            return None
        in_wh = in_wh and point.in_wh
        last = point
    power_w = power_w_of(message.entry)
    if power_w:
        power_w_sum, powers = sum(power_w, power_w_sum), powers + len(power_w)
    after = _Register(begin, last, in_wh, power_w_sum, powers)
    return after if after.is_plausible else None


def _goes_on(earlier: Point, later: Point) -> bool:
    """True if the later point comes later and the register behaves."""
    if later.at <= earlier.at:
        if place_of(later) < place_of(earlier):
            return False
        # Should the clock stand still throughout, the fold has no other measure.
        if later.value_wh - earlier.value_wh > UNTIMED_WH_MAX:
            return False
    return follows(earlier, later)
