"""Readings of the meter as both families put them on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.evse import Reading
from chargeplane.station.signals import Cause

__all__ = ["context_of", "meter_value_1x", "meter_value_2x"]

_CONTEXTS = {
    Cause.PERIODIC: "Sample.Periodic",
    Cause.CLOCK: "Sample.Clock",
    Cause.TRIGGERED: "Trigger",
}


def context_of(cause: Cause, *, begin: bool = False, end: bool = False) -> str:
    """The reading context, one word in both families."""
    if begin or end:
        return "Transaction.Begin" if begin else "Transaction.End"
    return _CONTEXTS.get(cause, "Sample.Periodic")


def meter_value_1x(at: datetime, readings: Sequence[Reading], context: str) -> v16.MeterValue:
    """As 1.6 says it, with every attribute but the ones that 1.2 could not say of a register."""
    return v16.MeterValue(
        timestamp=at,
        sampled_value=[
            v16.SampledValue(
                value=str(each.value),
                context=v16.ReadingContext(context),
                measurand=v16.Measurand(each.measurand),
                phase=v16.Phase(each.phase) if each.phase else UNSET,
                location=v16.Location(each.location),
                unit=v16.UnitOfMeasure(each.unit),
            )
            for each in readings
        ],
    )


def meter_value_2x(at: datetime, readings: Sequence[Reading], context: str) -> v21.MeterValueType:
    """As 2.1 says it."""
    return v21.MeterValueType(
        timestamp=at,
        sampled_value=[
            v21.SampledValueType(
                value=float(each.value),
                context=v21.ReadingContextEnumType(context),
                measurand=v21.MeasurandEnumType(each.measurand),
                phase=v21.PhaseEnumType(each.phase) if each.phase else UNSET,
                location=v21.LocationEnumType(each.location),
                unit_of_measure=v21.UnitOfMeasureType(unit=each.unit),
            )
            for each in readings
        ],
    )
