"""What stations tell: ledger entries in one line each, for both families.

Times are minutes after 09:00 of an ordinary day; ``late`` is the delay of arrival in minutes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger import EntryKind, LedgerEntry, RemarkKind, Session, fold
from chargeplane.domain.metering import BEGIN, END, PERIODIC, POWER, MeterValue
from chargeplane.domain.tokens import IdToken
from chargeplane.domain.transactions import StopReason

DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
Number = int | str | float | Decimal


def at(minutes: float) -> datetime:
    return DAY + timedelta(minutes=minutes)


def register(
    minutes: float, value: Number, *, context: str = PERIODIC, unit: str = "Wh", **more: Any
) -> MeterValue:
    return MeterValue(
        sampled_at=at(minutes), value=Decimal(str(value)), unit=unit, context=context, **more
    )


def power(minutes: float, value_w: Number) -> MeterValue:
    return MeterValue(
        sampled_at=at(minutes), value=Decimal(str(value_w)), unit="W", measurand=POWER
    )


class Station:
    """Tells of one station, and numbers its frames."""

    def __init__(self, family: int, name: str = "CP-1") -> None:
        self.family = family
        self.name = name
        self.frames = 0

    def entry(
        self,
        kind: EntryKind,
        minutes: float,
        *values: MeterValue,
        late: float = 0.01,
        clock: datetime | None = None,
        **more: Any,
    ) -> LedgerEntry:
        self.frames += 1
        return LedgerEntry(
            tenant_id="t1",
            station_id=self.name,
            family=2 if self.family == 2 else 1,
            kind=kind,
            reported_at=clock or at(minutes),
            received_at=at(minutes + late),
            frame_id=f"{self.name}-{self.frames:04}",
            meter_values=values,
            **more,
        )

    def start(
        self,
        minutes: float,
        wire_id: str | int | None,
        meter: Number | None = None,
        *,
        evse: int = 1,
        tag: str | None = "TAG",
        clock: datetime | None = None,
        **more: Any,
    ) -> LedgerEntry:
        if self.family == 2:
            more.setdefault("seq_no", 0)
        values = [] if meter is None else [register(minutes, meter, context=BEGIN)]
        if clock:
            values = [replace(each, sampled_at=clock) for each in values]
        return self.entry(
            EntryKind.STARTED,
            minutes,
            *values,
            transaction_id=_text(wire_id),
            evse=EvseAddress.of_connector(evse),
            id_token=None if tag is None else IdToken(tag),
            clock=clock,
            **more,
        )

    def meter(
        self,
        minutes: float,
        wire_id: str | int | None,
        value: Number | None = None,
        *values: MeterValue,
        evse: int = 1,
        seq: int | None = None,
        unit: str = "Wh",
        clock: datetime | None = None,
        **more: Any,
    ) -> LedgerEntry:
        first = [] if value is None else [register(minutes, value, unit=unit)]
        if clock:
            first = [replace(each, sampled_at=clock) for each in first]
        return self.entry(
            EntryKind.UPDATED if self.family == 2 else EntryKind.METER,
            minutes,
            *first,
            *values,
            transaction_id=_text(wire_id),
            seq_no=seq,
            evse=None if self.family == 2 else EvseAddress.of_connector(evse),
            clock=clock,
            **more,
        )

    def stop(
        self,
        minutes: float,
        wire_id: str | int | None,
        meter: Number | None = None,
        *values: MeterValue,
        seq: int | None = None,
        tag: str | None = None,
        reason: StopReason | None = StopReason.LOCAL,
        clock: datetime | None = None,
        **more: Any,
    ) -> LedgerEntry:
        first = [] if meter is None else [register(minutes, meter, context=END)]
        if clock:
            first = [replace(each, sampled_at=clock) for each in first]
        return self.entry(
            EntryKind.ENDED,
            minutes,
            *first,
            *values,
            transaction_id=_text(wire_id),
            seq_no=seq,
            id_token=None if tag is None else IdToken(tag),
            stop_reason=reason,
            clock=clock,
            **more,
        )


def _text(wire_id: str | int | None) -> str | None:
    return None if wire_id is None else str(wire_id)


def again(entry: LedgerEntry, minutes: float, frame_id: str | None = None) -> LedgerEntry:
    """The same message, sent once more so many minutes later."""
    return replace(
        entry,
        received_at=entry.received_at + timedelta(minutes=minutes),
        frame_id=frame_id or f"{entry.frame_id}-again-{minutes}",
    )


def one(*entries: LedgerEntry) -> Session:
    """The only session of the entries."""
    (session,) = fold(entries)
    return session


def frames_of(entries: list[LedgerEntry]) -> tuple[str, ...]:
    """The frames of a session of all of these."""
    return tuple(sorted(each.frame_id for each in entries))


def kinds(session: Session) -> set[RemarkKind]:
    return {each.kind for each in session.remarks}


def these(*values: object) -> tuple[object, ...]:
    """Several values to compare at once; a Decimal equals its integer."""
    return values
