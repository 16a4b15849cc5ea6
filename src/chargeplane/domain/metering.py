"""Meter values: what was measured, where, in which unit, and the same in base units.

Measurands, contexts, locations and phases are OCPP's own words, which both families share. They are
open: a vendor's measurand or unit is kept as it was sent. Defaults are filled in by the
translation, so nothing here depends on what was left out on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec import Struct

__all__ = [
    "BEGIN",
    "END",
    "ENERGY_INTERVAL",
    "ENERGY_REGISTER",
    "OUTLET",
    "PERIODIC",
    "POWER",
    "MeterValue",
    "Quantity",
    "are_of_a_transaction",
    "decimal_of",
    "word_of",
]

ENERGY_REGISTER: Final = "Energy.Active.Import.Register"
ENERGY_INTERVAL: Final = "Energy.Active.Import.Interval"
POWER: Final = "Power.Active.Import"
BEGIN: Final = "Transaction.Begin"
END: Final = "Transaction.End"
PERIODIC: Final = "Sample.Periodic"
OUTLET: Final = "Outlet"
_OF_TRANSACTIONS: Final = frozenset({BEGIN, END, PERIODIC})
"""Contexts that only a transaction has: a periodic sample is one relative to its start (1.6 7.32
ReadingContext; 2.x Part 2, ReadingContextEnumType)."""

# No meter shows more than this in any unit, so that a hostile exponent costs no arithmetic.
MAGNITUDE_MAX: Final = Decimal(10) ** 18
MULTIPLIER_MAX: Final = 24


class Quantity(Struct, frozen=True, gc=False):
    """A number with its unit."""

    value: Decimal
    unit: str


class _Unit(NamedTuple):
    """base = (value + offset) * factor."""

    base: str
    factor: Decimal
    offset: Decimal = Decimal(0)


_ONE = Decimal(1)
_UNITS: Final = {
    name: _Unit(base, Decimal(factor))
    for base, row in {
        "Wh": {"Wh": 1, "kWh": 1000},
        "varh": {"varh": 1, "kvarh": 1000},
        "VAh": {"VAh": 1, "kVAh": 1000},
        "W": {"W": 1, "kW": 1000},
        "VA": {"VA": 1, "kVA": 1000},
        "var": {"var": 1, "kvar": 1000},
        "A": {"A": 1},
        "V": {"V": 1, "kV": 1000},
        "Hz": {"Hz": 1},
        "Percent": {"Percent": 1, "%": 1},
        "Celsius": {"Celsius": 1, "Celcius": 1, "C": 1},
    }.items()
    for unit, factor in row.items()
    for name in (unit, unit.casefold())
} | {
    "k": _Unit("Celsius", _ONE, Decimal("-273.15")),
    "fahrenheit": _Unit("Celsius", Decimal(5) / 9, Decimal(-32)),
}


_WORDS: Final = {
    each: each
    for each in (ENERGY_REGISTER, ENERGY_INTERVAL, POWER, BEGIN, END, PERIODIC, OUTLET, "Wh", "W")
}


def word_of(said: str) -> str:
    """A word of OCPP as plain text, ours if it is one of ours.

    What has its default is left out where meter values are written, and a default is known by
    being the same object.
    """
    return _WORDS.get(said) or str(said)


class MeterValue(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One sampled value. ``multiplier`` is the power of ten of 2.x."""

    sampled_at: datetime
    value: Decimal
    unit: str = "Wh"
    measurand: str = ENERGY_REGISTER
    context: str = PERIODIC
    location: str = OUTLET
    phase: str | None = None
    multiplier: int = 0
    signed_data: str | None = None

    def in_base_unit(self) -> Quantity | None:
        """The value in Wh, W, V, A, ...; as sent in an unknown unit; None if no meter shows it."""
        value, multiplier = self.value, self.multiplier
        if not value.is_finite() or not -MAGNITUDE_MAX <= value <= MAGNITUDE_MAX:
            return None
        if multiplier:
            if abs(multiplier) > MULTIPLIER_MAX:
                return None
            value = value.scaleb(multiplier)
        unit = _UNITS.get(self.unit) or _UNITS.get(self.unit.casefold())
        if unit is None:
            return Quantity(value, self.unit)
        if unit.base == self.unit:
            return Quantity(+value, unit.base)
        return Quantity((value + unit.offset) * unit.factor, unit.base)


def are_of_a_transaction(values: Iterable[MeterValue]) -> bool:
    """Whether values say by their context that they were taken in a transaction."""
    return any(each.context in _OF_TRANSACTIONS for each in values)


def decimal_of(number: float | str) -> Decimal | None:
    """A number of the wire as a Decimal, as it would be written; None if it is none."""
    text = repr(number) if isinstance(number, float) else str(number).strip()
    try:
        value = Decimal(text)
    except ArithmeticError:
        return None
    return value if value.is_finite() and abs(value) <= MAGNITUDE_MAX else None
