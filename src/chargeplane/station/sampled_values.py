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

# By their words: a look-up is quicker than to call an enumeration, and a fleet says a lot.
_CONTEXTS_1X = {each.value: each for each in v16.ReadingContext}
_MEASURANDS_1X = {each.value: each for each in v16.Measurand}
_PHASES_1X = {each.value: each for each in v16.Phase}
_LOCATIONS_1X = {each.value: each for each in v16.Location}
_UNITS_1X = {each.value: each for each in v16.UnitOfMeasure}
_CONTEXTS_2X = {each.value: each for each in v21.ReadingContextEnumType}
_MEASURANDS_2X = {each.value: each for each in v21.MeasurandEnumType}
_PHASES_2X = {each.value: each for each in v21.PhaseEnumType}
_LOCATIONS_2X = {each.value: each for each in v21.LocationEnumType}


def context_of(cause: Cause, *, begin: bool = False, end: bool = False) -> str:
    """The reading context, one word in both families."""
    if begin or end:
        return "Transaction.Begin" if begin else "Transaction.End"
    return _CONTEXTS.get(cause, "Sample.Periodic")


def meter_value_1x(at: datetime, readings: Sequence[Reading], context: str) -> v16.MeterValue:
    """As 1.6 says it, with every attribute but the ones that 1.2 could not say of a register."""
    said_context = _CONTEXTS_1X[context]
    return v16.MeterValue(
        timestamp=at,
        sampled_value=[
            v16.SampledValue(
                value=str(each.value),
                context=said_context,
                measurand=_MEASURANDS_1X[each.measurand],
                phase=_PHASES_1X[each.phase] if each.phase else UNSET,
                location=_LOCATIONS_1X[each.location],
                unit=_UNITS_1X.get(each.unit, UNSET),  # 1.6 has no hertz
            )
            for each in readings
        ],
    )


def meter_value_2x(at: datetime, readings: Sequence[Reading], context: str) -> v21.MeterValueType:
    """As 2.1 says it."""
    said_context = _CONTEXTS_2X[context]
    return v21.MeterValueType(
        timestamp=at,
        sampled_value=[
            v21.SampledValueType(
                value=float(each.value),
                context=said_context,
                measurand=_MEASURANDS_2X[each.measurand],
                phase=_PHASES_2X[each.phase] if each.phase else UNSET,
                location=_LOCATIONS_2X[each.location],
                unit_of_measure=v21.UnitOfMeasureType(unit=each.unit),
            )
            for each in readings
        ],
    )
