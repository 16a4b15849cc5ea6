"""One transaction each, as it arrives: ordinary stories, and stories with all sorts of twists.

The faults of ``histories`` are true to life. The stories of ``pieces`` are not: they are put
together from few times, few values and few words, so that ties and contradictions are frequent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random

from msgspec.structs import replace

from chargeplane.domain.ledger import EntryKind, LedgerEntry
from chargeplane.domain.metering import END, ENERGY_INTERVAL, POWER, MeterValue
from chargeplane.domain.tokens import CUT, IdToken
from tests.domain.ledger.histories import charge, fresh, spoil
from tests.domain.ledger.telling import DAY, Station, again, power, register

Twist = Callable[[list[LedgerEntry], Random], None]


def ordinary(random: Random, family: int) -> list[LedgerEntry]:
    """A session without a fault, with what else stations measure."""
    told, _, _ = charge(random, Station(family), 1, random.uniform(0, 60), 500_000_000)
    return [measured_more(each, random) for each in told.entries]


def measured_more(entry: LedgerEntry, random: Random) -> LedgerEntry:
    extra: list[MeterValue] = []
    (own,) = entry.meter_values
    if random.random() < 0.5:
        extra.append(replace(own, measurand="Voltage", unit="V", value=Decimal(231), phase="L1"))
    if random.random() < 0.3:
        power_w = Decimal(random.randrange(1000, 50_000))
        extra.append(replace(own, measurand=POWER, unit="W", value=power_w))
    if random.random() < 0.2:
        extra.append(replace(own, location="Inlet", value=own.value + random.randrange(9000)))
    if random.random() < 0.1:
        extra += [replace(own, phase=each, value=own.value // 3) for each in ("L1", "L2", "L3")]
    return fresh(replace(entry, meter_values=(own, *extra)))


def faulty(random: Random, family: int) -> list[LedgerEntry]:
    """A session with a fault of ``histories``, and with twists now and then."""
    told, _, _ = charge(random, Station(family), 1, random.uniform(0, 60), 500_000_000)
    if random.random() < 0.7:
        spoil(told, random)
    entries = told.entries
    while random.random() < 0.5:
        random.choice(TWISTS)(entries, random)
    return entries


def pieces(random: Random, family: int) -> list[LedgerEntry]:
    """A start and some messages, in which nearly everything may be equal or wrong."""
    station = Station(family)
    minutes, value = 0.0, 10_000
    entries = [station.start(0, 17, value)]
    seq = 0
    for _ in range(1, random.randrange(2, 8)):
        minutes += random.choice((0, 0, 0, 1, 10, 10, 200))
        value += random.choice((0, 0, 500, 500, 5000, 6000, 3_000_000, -1, -400))
        late = random.choice((0.01, 0.01, 0.01, 0.01, 1, 400))
        values = tuple(_sample(random, minutes, value) for _ in range(random.choice((0, 1, 1, 2))))
        is_unnumbered = family == 2 and random.random() < 0.2  # a MeterValues beside the events
        seq += not is_unnumbered
        number = seq if family == 2 and not is_unnumbered else None
        entry = station.meter(minutes, 17, None, *values, seq=number, late=late)
        if is_unnumbered:
            entry = replace(entry, kind=EntryKind.METER, key="")
        elif random.random() < 0.15:
            entry = station.stop(minutes, 17, value, *values, seq=number, late=late)
        if random.random() < 0.3:
            # Two arrive in the same moment, or the second one first.
            arrival = entries[-1].received_at - timedelta(seconds=random.choice((0, 0, 1)))
            entry = replace(entry, received_at=max(arrival, entry.reported_at))
        entries.append(fresh(entry))
    while random.random() < 0.4:
        random.choice(TWISTS)(entries, random)
    return entries


def _sample(random: Random, minutes: float, value: int) -> MeterValue:
    minutes += random.choice((0, 0, 0, -1, 5))
    if random.random() < 0.1:
        return register(minutes, value % 1000, measurand=ENERGY_INTERVAL)
    if random.random() < 0.2:
        return power(minutes, random.choice((11_000, 11_000_000)))
    unit, shown = random.choice((("Wh", value), ("Wh", value), ("kWh", round(value / 1000, 1))))
    return register(minutes, shown, unit=unit)


def _one(entries: list[LedgerEntry], random: Random) -> int:
    return random.randrange(len(entries))


def swapped(entries: list[LedgerEntry], random: Random) -> None:
    """Two arrive in the other order."""
    if len(entries) > 1:
        place = random.randrange(len(entries) - 1)
        first, second = entries[place : place + 2]
        entries[place : place + 2] = [
            replace(second, received_at=min(first.received_at, second.received_at)),
            replace(first, received_at=max(first.received_at, second.received_at)),
        ]


def repeated(entries: list[LedgerEntry], random: Random) -> None:
    place = _one(entries, random)
    late = again(entries[place], random.choice((0, 1)), f"again-{len(entries)}")
    entries.insert(random.choice((place + 1, len(entries))), late)


def called_offline(entries: list[LedgerEntry], random: Random) -> None:
    place = _one(entries, random)
    entries[place] = replace(entries[place], offline=True)


def other_token(entries: list[LedgerEntry], random: Random) -> None:
    place = random.choice((0, _one(entries, random)))
    token = random.choice((None, IdToken("OTHER"), IdToken(""), IdToken("TAG" + CUT)))
    entries[place] = fresh(replace(entries[place], id_token=token))


def other_numbers(entries: list[LedgerEntry], random: Random) -> None:
    place = _one(entries, random)
    number = entries[place].seq_no
    if number is not None:
        number += random.choice((-1, 1, 7))
        entries[place] = fresh(replace(entries[place], seq_no=random.choice((number, None))))


def other_id(entries: list[LedgerEntry], random: Random) -> None:
    place = _one(entries, random)
    wire_id = random.choice((None, "0", "18"))
    entries[place] = fresh(replace(entries[place], transaction_id=wire_id))


def no_value(entries: list[LedgerEntry], random: Random) -> None:
    place = random.choice((0, _one(entries, random), -1))
    entries[place] = fresh(replace(entries[place], meter_values=()))


def not_known(entries: list[LedgerEntry], random: Random) -> None:
    place = _one(entries, random)
    values = (*entries[place].meter_values, register(1, -1, context=END))
    entries[place] = fresh(replace(entries[place], meter_values=values))


def odd_clock(entries: list[LedgerEntry], random: Random) -> None:
    place = _one(entries, random)
    clock = entries[place].reported_at + timedelta(days=random.choice((-500, -1, 1, 5)))
    if random.random() < 0.5:
        entries[place] = fresh(replace(entries[place], reported_at=clock))
    else:
        values = tuple(replace(each, sampled_at=clock) for each in entries[place].meter_values)
        entries[place] = fresh(replace(entries[place], meter_values=values))


def late_end(entries: list[LedgerEntry], _: Random) -> None:
    last = entries[-1]
    if last.kind is EntryKind.ENDED:
        later = timedelta(days=2)
        moved = replace(
            last, reported_at=last.reported_at + later, received_at=last.received_at + later
        )
        entries[-1] = fresh(moved)


def power_of_kilowatt_hours(entries: list[LedgerEntry], random: Random) -> None:
    """Everything is kWh, labelled Wh, and the power gives it away."""
    for place, each in enumerate(entries):
        values = tuple(replace(v, value=v.value / 1000) for v in each.meter_values)
        minutes = (each.reported_at - DAY).total_seconds() / 60
        extra = () if random.random() < 0.5 else (power(minutes, 11_000),)
        entries[place] = fresh(replace(each, meter_values=(*values, *extra)))


def without_evse(entries: list[LedgerEntry], _: Random) -> None:
    entries[0] = fresh(replace(entries[0], evse=None))


TWISTS: list[Twist] = [
    swapped,
    repeated,
    called_offline,
    other_token,
    other_numbers,
    other_id,
    no_value,
    not_known,
    odd_clock,
    late_end,
    power_of_kilowatt_hours,
    without_evse,
]
