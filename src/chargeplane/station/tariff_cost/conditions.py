"""Which price of a tariff holds at a moment (I12.FR.33, I12.FR.34)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET

__all__ = ["Moment", "first", "has_conditions"]

Price = TypeVar(
    "Price", v21.TariffEnergyPriceType, v21.TariffTimePriceType, v21.TariffFixedPriceType
)
_HOUR_S = 3_600


class Moment(NamedTuple):
    """What conditions are compared with."""

    at: datetime
    """On the clock on the wall."""
    is_dc: bool
    energy_wh: float
    power_w: float
    current_a: float
    time_s: float
    charging_s: float
    idle_s: float


def first(prices: Sequence[Price], moment: Moment) -> Price | None:
    """The first price whose conditions hold; None: this dimension is free."""
    return next((each for each in prices if _holds(each.conditions, moment)), None)


def has_conditions(
    prices: Sequence[v21.TariffEnergyPriceType] | Sequence[v21.TariffTimePriceType],
) -> bool:
    """Whether any price depends on something."""
    return any(each.conditions for each in prices)


def _holds(
    said: v21.TariffConditionsType | v21.TariffConditionsFixedType | object, moment: Moment
) -> bool:
    if not isinstance(said, v21.TariffConditionsType | v21.TariffConditionsFixedType):
        return True
    at = moment.at
    day, clock, date = f"{at:%A}", f"{at:%H:%M}", f"{at:%Y-%m-%d}"
    if said.day_of_week and day not in {each.value for each in said.day_of_week}:
        return False
    if said.evse_kind and (said.evse_kind.value == "DC") != moment.is_dc:
        return False
    if said.valid_from_date and date < said.valid_from_date:
        return False
    if said.valid_to_date and date >= said.valid_to_date:
        return False
    start, end = said.start_time_of_day or "00:00", said.end_time_of_day or "24:00"
    within = start <= clock < end if start < end else clock >= start or clock < end
    if not within or isinstance(said, v21.TariffConditionsFixedType):
        return within
    return all(
        (least is UNSET or value >= least) and (most is UNSET or value < most)
        for value, least, most in (
            (moment.energy_wh, said.min_energy, said.max_energy),
            (moment.power_w, said.min_power, said.max_power),
            (moment.current_a, said.min_current, said.max_current),
            (moment.time_s, said.min_time, said.max_time),
            (moment.charging_s, said.min_charging_time, said.max_charging_time),
            (moment.idle_s, said.min_idle_time, said.max_idle_time),
        )
    )
