"""Meter values of 2.x as domain values. Every block that hears some uses this.

What was left out has its default (2.1 Part 2, SampledValueType: the register of active energy
imported, context Sample.Periodic, at the outlet; UnitOfMeasureType: Wh if it is energy, multiplier
0). Any other measurand without a unit has none here.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from chargeplane.domain.metering import (
    ENERGY_REGISTER,
    OUTLET,
    PERIODIC,
    MeterValue,
    decimal_of,
    word_of,
)
from chargeplane.ocpp import v21

__all__ = ["values_of"]

_NO_NUMBER: Final = Decimal("NaN")
_EXACT_MAX: Final = 2.0**53


def values_of(meter_values: Iterable[v21.MeterValueType]) -> tuple[MeterValue, ...]:
    """All samples, in the order of the message.

    A number that no meter shows is NaN, which the fold takes for a register that says nothing.
    ``signed_data`` is the signed meter value as it was sent, as JSON, with its method and key.
    """
    return tuple([_value(sample, each) for each in meter_values for sample in each.sampled_value])


def _value(sample: v21.SampledValueType, of: v21.MeterValueType) -> MeterValue:
    number = _number(sample.value)
    measurand, measure, signed = sample.measurand, sample.unit_of_measure, sample.signed_meter_value
    context, location, phase = sample.context, sample.location, sample.phase
    name = word_of(measurand) if measurand else ENERGY_REGISTER
    unit = measure.unit if measure else ""
    return MeterValue(
        sampled_at=of.timestamp,
        value=_NO_NUMBER if number is None else number,
        unit=word_of(unit or ("Wh" if name.startswith("Energy.") else "")),
        measurand=name,
        context=word_of(context) if context else PERIODIC,
        location=word_of(location) if location else OUTLET,
        phase=str(phase) if phase else None,
        multiplier=(measure.multiplier or 0) if measure else 0,
        signed_data=msgspec.json.encode(signed).decode() if signed else None,
    )


def _number(value: float) -> Decimal | None:
    """As 1.x would write it: JSON reads 17 as the float 17.0, which has no tenths to tell of."""
    if -_EXACT_MAX <= value <= _EXACT_MAX and value.is_integer():
        return Decimal(int(value))
    return decimal_of(value)
