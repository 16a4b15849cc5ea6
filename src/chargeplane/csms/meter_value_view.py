"""Sampled values as the REST interface shows them, in and outside transactions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from chargeplane.domain.metering import MeterValue

__all__ = ["MeterValueView", "number_of", "value_view"]


class MeterValueView(Struct, frozen=True, kw_only=True):
    """One sampled value, as it was sent."""

    sampled_at: datetime
    value: float | None
    """Null: the station sent something that is no number."""
    unit: str
    multiplier: int
    measurand: str
    context: str
    location: str
    phase: str | None
    signed_data: str | None
    """As it was sent, for whoever has the key of the meter."""


def value_view(value: MeterValue) -> MeterValueView:
    """A value as people see it."""
    return MeterValueView(
        sampled_at=value.sampled_at,
        value=number_of(value.value),
        unit=value.unit,
        multiplier=value.multiplier,
        measurand=value.measurand,
        context=value.context,
        location=value.location,
        phase=value.phase,
        signed_data=value.signed_data,
    )


def number_of(value: Decimal | None) -> float | None:
    """A number of JSON; null for what is none."""
    return None if value is None or not value.is_finite() else float(value)
