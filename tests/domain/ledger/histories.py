"""Random true histories of a station, and what the station tells of them.

A history is charged first and told afterwards, so the energy of each session is known. A fault
changes what is told, and states what must come out: the energy, where it still follows from what
was told, and the remarks. Some faults change values, some lose messages, some name wrong ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from msgspec.structs import replace

from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger import EntryKind, LedgerEntry, RemarkKind
from chargeplane.domain.metering import MeterValue
from tests.domain.ledger.telling import Station, again

UNKNOWN = ("0", "-1", "9223372036854775807", None)


@dataclass
class Told:
    """One true session as a station tells it, and what must come of it."""

    family: int
    entries: list[LedgerEntry]
    energy_wh: Decimal | None
    remarks: set[RemarkKind] = field(default_factory=set)
    is_over: bool | None = True
    fault: str = "none"
    # True if a late message would be a different story: contradictions go by arrival.
    by_arrival: bool = False
    # False if the register of the start is not that of the session before.
    continues: bool = True

    @property
    def middle(self) -> list[LedgerEntry]:
        return [e for e in self.entries if e.kind in (EntryKind.METER, EntryKind.UPDATED)]

    @property
    def start(self) -> LedgerEntry:
        return self.entries[0]

    @property
    def end(self) -> LedgerEntry:
        return next(each for each in self.entries if each.kind is EntryKind.ENDED)

    def change(self, old: LedgerEntry, new: LedgerEntry | None) -> None:
        place = self.entries.index(old)
        self.entries[place : place + 1] = [] if new is None else [fresh(new)]


@dataclass
class History:
    """All that one station tells, and how it should come out."""

    told: list[Told]

    @property
    def entries(self) -> list[LedgerEntry]:
        return [entry for told in self.told for entry in told.entries]


Fault = Callable[[Told, Random], None]


def fresh(entry: LedgerEntry) -> LedgerEntry:
    """With key and hash of its present content."""
    return replace(entry, key="")


def valued(
    entry: LedgerEntry, change: Callable[[Decimal], Decimal], unit: str | None = None
) -> LedgerEntry:
    values = tuple(
        replace(each, value=change(each.value), unit=unit or each.unit)
        for each in entry.meter_values
    )
    return fresh(replace(entry, meter_values=values))


def value_wh(entry: LedgerEntry) -> Decimal:
    return entry.meter_values[0].value


def history(random: Random, family: int) -> History:
    """One or two EVSEs, each with one to three sessions one after the other."""
    station = Station(family)
    told: list[Told] = []
    for evse in range(1, random.choice((1, 1, 2)) + 1):
        minutes = random.uniform(0, 60)
        meter_wh = random.randrange(400_000_000, 900_000_000)
        row: list[Told] = []
        for _ in range(random.choice((1, 2, 2, 3))):
            session, minutes, meter_wh = charge(random, station, evse, minutes, meter_wh)
            row.append(session)
            minutes += random.uniform(20, 2000)
        true_wh = [each.energy_wh or Decimal(0) for each in row]
        for session in row:
            if random.random() < 0.75:
                spoil(session, random)
        for place, session in enumerate(row[:-1]):
            if session.fault == "missing_end":
                followed(session, row[place + 1 :], true_wh[place])
        told += row
    nowhere = (each for each in told if not any(entry.known_evse for entry in each.entries))
    if any(nowhere):
        # Its EVSE is not told, so it may have been between any two others.
        for each in told:
            if RemarkKind.SUPERSEDED in each.remarks:
                each.energy_wh = None
    return History(told)


def charge(
    random: Random, station: Station, evse: int, minutes: float, meter_wh: int
) -> tuple[Told, float, int]:
    """One true session, told without a fault."""
    family = station.family
    wire_id = f"{random.getrandbits(30) + 1}"
    tag = random.choice("ABCD") + str(evse)
    seq = random.choice((0, 0, random.randrange(1000)))
    power_w = random.choice((3600, 11_000, 22_000, 150_000))
    begin_wh = meter_wh
    entries = [station.start(minutes, wire_id, meter_wh, evse=evse, tag=tag)]
    if family == 2:
        entries = [fresh(replace(entries[0], seq_no=seq))]
    for _ in range(random.randrange(6)):
        seq += 1
        step = random.uniform(2, 20)
        minutes += step
        meter_wh += int(power_w * step / 60 * random.uniform(0.5, 1))
        number = seq if family == 2 else None
        entries.append(station.meter(minutes, wire_id, meter_wh, evse=evse, seq=number))
    minutes += 5
    meter_wh += power_w * 5 // 60
    number = seq + 1 if family == 2 else None
    entries.append(station.stop(minutes, wire_id, meter_wh, seq=number, tag=tag))
    told = Told(family, entries, Decimal(meter_wh - begin_wh))
    return told, minutes, meter_wh


def spoil(told: Told, random: Random) -> None:
    """Let one thing go wrong, if it can go wrong with this session."""
    fault = random.choice(FAULTS[told.family])
    before = told.entries.copy()
    fault(told, random)
    if told.entries != before:
        told.fault = fault.__name__


def offline(told: Told, random: Random) -> None:
    first = random.randrange(len(told.entries))
    for each in told.entries[first:]:
        late = again(each, random.uniform(100, 5000), each.frame_id)
        told.change(each, replace(late, offline=True))
    told.remarks.add(RemarkKind.OFFLINE)


def missing_start(told: Told, _: Random) -> None:
    told.energy_wh = value_wh(told.end) - value_wh(told.entries[1])
    told.change(told.start, None)
    told.remarks.add(RemarkKind.STARTED_MISSING if told.family == 2 else RemarkKind.ORPHAN)


def missing_end(told: Told, _: Random) -> None:
    """What must come of it depends on what is told next; see ``followed``."""
    told.energy_wh = value_wh(told.entries[-2]) - value_wh(told.start)
    told.is_over = False
    told.change(told.end, None)


def followed(told: Told, rest: list[Told], true_wh: Decimal) -> None:
    """The next start shows where the meter stood in the end."""
    following = rest[0]
    if following.start.kind is EntryKind.STARTED:
        told.is_over = True
        told.remarks.add(RemarkKind.SUPERSEDED)
        told.energy_wh = true_wh if following.continues else None
    elif told.family == 1 and not told.middle:
        # Without its start, the rest of the next session is taken for the rest of this one.
        told.energy_wh = following.energy_wh = told.is_over = None
        following.remarks.clear()
    elif any(each.start.kind is EntryKind.STARTED for each in rest):
        told.is_over = True
        told.remarks.add(RemarkKind.SUPERSEDED)


def gap(told: Told, random: Random) -> None:
    if told.middle:
        told.change(random.choice(told.middle), None)
        told.remarks.add(RemarkKind.SEQUENCE_GAP)


def number_again(told: Told, random: Random) -> None:
    """Two events with one number, as of stations that begin with 0 twice."""
    if told.middle:
        each = random.choice(told.middle)
        before = told.entries[told.entries.index(each) - 1]
        told.change(each, replace(each, seq_no=before.seq_no))
        told.remarks.add(RemarkKind.CONTRADICTION)
        told.by_arrival = True


def other_end(told: Told, random: Random) -> None:
    minutes = random.uniform(1, 9)
    other = valued(told.end, lambda value: value + random.randrange(1, 3000))
    told.entries.append(again(other, minutes))
    told.remarks.add(RemarkKind.CONTRADICTION)
    told.by_arrival = True


def unknown_end(told: Told, random: Random) -> None:
    told.change(told.end, replace(told.end, transaction_id=random.choice(UNKNOWN)))
    told.remarks.add(RemarkKind.ADOPTED)


def unknown_meters(told: Told, random: Random) -> None:
    for each in told.middle:
        told.change(each, replace(each, transaction_id=random.choice(UNKNOWN)))
        told.remarks.add(RemarkKind.ADOPTED)


def start_again(told: Told, random: Random) -> None:
    """The answer was lost, so the start is told again and gets another id, which is then used."""
    other = str(2**30 + random.getrandbits(29))
    first = told.start
    for each in told.entries[1:]:
        told.change(each, replace(each, transaction_id=other))
    told.entries.append(replace(again(first, 1), transaction_id=other))
    told.by_arrival = True


def broken_clock(told: Told, random: Random) -> None:
    clock = datetime(random.choice((1970, 2000, 2222)), 1, 1, tzinfo=UTC)
    each = random.choice(told.entries)
    values = tuple(replace(value, sampled_at=clock) for value in each.meter_values)
    told.change(each, replace(each, reported_at=clock, meter_values=values))
    told.remarks.add(RemarkKind.TIME_REPLACED)
    told.by_arrival = True


def after_end(told: Told, random: Random) -> None:
    end, station = told.end, Station(told.family)
    minutes = (end.reported_at - station.start(0, None).reported_at).total_seconds() / 60 + 1
    number = None if end.seq_no is None else end.seq_no + 1
    evse = told.start.evse or EvseAddress(1)
    late = station.meter(
        minutes,
        end.transaction_id,
        value_wh(end) + random.randrange(50),
        evse=evse.evse_id,
        seq=number,
    )
    told.entries.append(replace(late, frame_id=f"{end.frame_id}-after"))
    told.remarks.add(RemarkKind.AFTER_END)


def rolled_over(told: Told, random: Random) -> None:
    """Move the register so that it passes its last digit somewhere within the session."""
    start, end = value_wh(told.start), value_wh(told.end)
    width = Decimal(random.choice((10**8, 10**9, 2**32)))
    offset = width - start - random.randrange(1, int(end - start) + 1)
    for each in list(told.entries):
        told.change(each, valued(each, lambda value: (value + offset) % width))
    told.remarks.add(RemarkKind.ROLLED_OVER)
    told.continues = False


def meter_reset(told: Told, random: Random) -> None:
    """Right after a sample the register begins at zero again."""
    if told.middle:
        chosen = random.choice(told.middle)
        zero = value_wh(chosen)
        for each in told.entries[told.entries.index(chosen) + 1 :]:
            told.change(each, valued(each, lambda value: value - zero))
        told.remarks.add(RemarkKind.METER_RESET)


def relative_samples(told: Told, _: Random) -> None:
    zero = value_wh(told.start)
    for each in told.middle:
        told.change(each, valued(each, lambda value: value - zero))
        told.remarks.add(RemarkKind.REGISTER_RELATIVE)


def relative_session(told: Told, _: Random) -> None:
    """Everything counts from the start of the session, and nothing is wrong with that."""
    zero = value_wh(told.start)
    for each in list(told.entries):
        told.change(each, valued(each, lambda value: value - zero))
    told.continues = False


def kilo_samples(told: Told, random: Random) -> None:
    """Some samples are kWh, labelled Wh."""
    for each in told.middle:
        if random.random() < 0.6:
            told.change(each, valued(each, lambda value: value / 1000))
            told.remarks.add(RemarkKind.UNIT_CORRECTED)


def honest_kilo(told: Told, _: Random) -> None:
    """All values are kWh, and say so."""
    for each in list(told.entries):
        told.change(each, valued(each, lambda value: value / 1000, "kWh"))


def backwards(told: Told, random: Random) -> None:
    """One sample is a little lower than the one before."""
    if len(told.middle) > 1:
        place = told.entries.index(random.choice(told.middle[1:]))
        before = value_wh(told.entries[place - 1])
        told.change(told.entries[place], valued(told.entries[place], lambda _: before - 7))
        told.remarks.add(RemarkKind.METER_BACKWARDS)
        # Without numbers, another order of arrival is the better explanation.
        told.by_arrival = told.family == 1


def spike(told: Told, random: Random) -> None:
    """One sample is beyond everything."""
    if told.middle:
        told.change(each := random.choice(told.middle), valued(each, lambda _: Decimal(4 * 10**9)))
        told.remarks.add(RemarkKind.READING_IMPLAUSIBLE)


def end_without_value(told: Told, _: Random) -> None:
    told.energy_wh = value_wh(told.entries[-2]) - value_wh(told.start)
    told.change(told.end, valued(told.end, lambda _: Decimal(-1)))
    told.remarks.add(RemarkKind.METER_STOP_MISSING)


def repeated_begin(told: Told, _: Random) -> None:
    """The end lists the values of the whole transaction once more."""
    all_values: tuple[MeterValue, ...] = tuple(
        value for each in told.entries[:-1] for value in each.meter_values
    )
    own = told.end.meter_values
    told.change(told.end, replace(told.end, meter_values=own + all_values))


_BOTH: list[Fault] = [
    offline,
    missing_start,
    missing_end,
    other_end,
    broken_clock,
    after_end,
    rolled_over,
    meter_reset,
    relative_samples,
    relative_session,
    kilo_samples,
    honest_kilo,
    backwards,
    spike,
    end_without_value,
    repeated_begin,
]
FAULTS: dict[int, list[Fault]] = {
    1: [*_BOTH, unknown_end, unknown_meters, start_again],
    2: [*_BOTH, gap, number_again],
}
