"""Meter values of 1.x as domain values. Every block that hears some uses this.

What was left out has its default (1.6, 7.43: context Sample.Periodic, the register of active energy
imported, at the outlet, in Wh if it is energy). Frequency is in Hz, which 1.6 has no word for
(7.31). Any other measurand without a unit has none here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from chargeplane.csms.contract import Decision, Heard
from chargeplane.domain.metering import (
    ENERGY_REGISTER,
    OUTLET,
    PERIODIC,
    MeterValue,
    decimal_of,
    word_of,
)
from chargeplane.ocpp import v16

__all__ = ["OfTransaction", "values_of"]

OfTransaction = Callable[[Heard], Decision | Awaitable[Decision | None]]
"""Takes MeterValues of a transaction. None: they name none, and none goes on at the EVSE."""

_NO_NUMBER: Final = Decimal("NaN")
_SIGNED: Final = v16.ValueFormat.SIGNED_DATA


def values_of(meter_values: Iterable[v16.MeterValue]) -> tuple[MeterValue, ...]:
    """All samples, in the order of the message.

    A value that is no number is NaN, which the fold takes for a register that says nothing. Signed
    data comes as a sample of its own: it is put to the reading that it signs, the one beside it
    with the same attributes. Where there is none it stands alone, with NaN.
    """
    values: list[MeterValue] = []
    for each in meter_values:
        at = each.timestamp
        first = len(values)
        for sample in each.sampled_value:
            if sample.format is _SIGNED:
                continue
            number = decimal_of(sample.value)
            values.append(_value(sample, at, _NO_NUMBER if number is None else number))
        for sample in each.sampled_value:
            if sample.format is _SIGNED:
                _put_signed(values, first, _value(sample, at, _NO_NUMBER), sample.value)
    return tuple(values)


def _value(sample: v16.SampledValue, at: datetime, number: Decimal) -> MeterValue:
    measurand, unit = sample.measurand, sample.unit
    context, location, phase = sample.context, sample.location, sample.phase
    name = word_of(measurand) if measurand else ENERGY_REGISTER
    return MeterValue(
        sampled_at=at,
        value=number,
        unit=word_of(unit or _unit_of(name)),
        measurand=name,
        context=word_of(context) if context else PERIODIC,
        location=word_of(location) if location else OUTLET,
        phase=str(phase) if phase else None,
    )


def _unit_of(measurand: str) -> str:
    if measurand.startswith("Energy."):
        return "Wh"
    return "Hz" if measurand == v16.Measurand.FREQUENCY else ""


def _put_signed(values: list[MeterValue], first: int, signed: MeterValue, data: str) -> None:
    said = signed.measurand, signed.context, signed.location, signed.phase
    for place in range(first, len(values)):
        each = values[place]
        is_it = (each.measurand, each.context, each.location, each.phase) == said
        if is_it and each.signed_data is None:
            values[place] = replace(each, signed_data=data)
            return
    values.append(replace(signed, signed_data=data))
