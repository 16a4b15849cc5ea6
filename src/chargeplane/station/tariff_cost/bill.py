"""The cost of one transaction, added up in exact decimals (I12)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Raw, Struct, json

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, UnsetType, decode_custom
from chargeplane.station.tariff_cost.conditions import Moment, first

__all__ = ["Bill", "KeptBill"]

PERIODS_MAX = 100
_CENT = Decimal("0.0001")
_ZERO = Decimal(0)
_Dimension = v21.CostDimensionEnumType
_DIMENSIONS = ("energy", "charging_time", "idle_time", "fixed")
Taxes = Sequence[v21.TaxRateType] | UnsetType


class KeptBill(Struct):
    """A bill as a station remembers it."""

    tariff: Raw
    at: datetime
    wh: float
    net: dict[str, Decimal]
    with_tax: dict[str, Decimal]
    usage: dict[str, Decimal]
    periods: list[tuple[datetime, dict[str, Decimal], str]]
    has_fixed: bool


class Bill:
    """Grows with each ``add``; ``details`` says what it is now."""

    def __init__(self, tariff: v21.TariffType, started_at: datetime, wh: float) -> None:
        self.tariff = tariff
        self.wh = wh
        """The register at the last ``add``."""
        self.at = started_at
        self._net = dict.fromkeys(_DIMENSIONS, _ZERO)
        self._with_tax = dict.fromkeys(_DIMENSIONS, _ZERO)
        """By the taxes of the tariff that held at the time."""
        self._usage = dict.fromkeys(_DIMENSIONS[:3], _ZERO)
        self._periods: list[tuple[datetime, dict[str, Decimal], str]] = []
        self._used: tuple[int, ...] = ()
        self._has_fixed = False

    @property
    def charging_s(self) -> float:
        return float(self._usage["charging_time"])

    @property
    def idle_s(self) -> float:
        return float(self._usage["idle_time"])

    @property
    def energy_wh(self) -> float:
        return float(self._usage["energy"])

    @classmethod
    def of(cls, kept: KeptBill) -> Bill:
        """Go on with a bill that was remembered; what is used next begins a new period."""
        tariff = json.decode(kept.tariff, type=v21.TariffType, dec_hook=decode_custom)
        bill = cls(tariff, kept.at, kept.wh)
        bill._net, bill._with_tax, bill._usage = kept.net, kept.with_tax, kept.usage
        bill._periods, bill._has_fixed = kept.periods, kept.has_fixed
        return bill

    def kept(self) -> KeptBill:
        """As it is remembered."""
        return KeptBill(
            Raw(json.encode(self.tariff)),
            self.at,
            self.wh,
            self._net,
            self._with_tax,
            self._usage,
            self._periods,
            self._has_fixed,
        )

    @property
    def gross(self) -> float:
        """What it costs so far, with taxes."""
        return float(self._totals()[1])

    def change(self, tariff: v21.TariffType) -> None:
        """Another tariff holds from now on; the fixed fee is not taken twice."""
        self.tariff, self._used = tariff, ()

    def add(
        self, moment: Moment, at: datetime, wh: float, *, seconds: float, charges: bool
    ) -> None:
        """What was used since the last time, at the prices that hold at ``moment``, its begin."""
        tariff = self.tariff
        energy = tariff.energy and first(tariff.energy.prices, moment)
        charging = tariff.charging_time and first(tariff.charging_time.prices, moment)
        idle = tariff.idle_time and first(tariff.idle_time.prices, moment)
        if not self._has_fixed and tariff.fixed_fee:
            fixed = first(tariff.fixed_fee.prices, moment)
            self._owe("fixed", _exact(fixed.price_fixed) if fixed else _ZERO)
            self._has_fixed = True
        used = (id(energy), id(charging), id(idle))
        if used != self._used and len(self._periods) < PERIODS_MAX:  # I12.FR.35, I12.FR.36
            self._used = used
            self._periods.append((self.at, dict.fromkeys(self._usage, _ZERO), tariff.tariff_id))
        energy_wh, time_s = _exact(wh) - _exact(self.wh), _exact(seconds)
        self._use("energy", energy_wh)
        self._use("charging_time" if charges else "idle_time", time_s)
        if not self._is_at_most():  # I12.FR.39: then no more is added
            rate = _exact(energy.price_kwh) if energy else _ZERO
            self._owe("energy", energy_wh / 1000 * rate)
            price = charging if charges else idle
            name = "charging_time" if charges else "idle_time"
            self._owe(name, time_s / 60 * (_exact(price.price_minute) if price else _ZERO))
        self.at, self.wh = at, wh

    def _owe(self, name: str, amount: Decimal) -> None:
        self._net[name] += amount
        self._with_tax[name] += _taxed(amount, self._taxes(name))

    def _use(self, name: str, volume: Decimal) -> None:
        self._usage[name] += volume
        self._periods[-1][1][name] += volume

    def _is_at_most(self) -> bool:
        most = self.tariff.max_cost
        return bool(most) and self._totals()[0] >= _exact((most or v21.PriceType()).excl_tax or 0)

    def _taxes(self, name: str) -> Taxes:
        row = getattr(self.tariff, "fixed_fee" if name == "fixed" else name)
        return row.tax_rates if row else UNSET

    def _totals(self) -> tuple[Decimal, Decimal]:
        net = sum(self._net.values(), _ZERO)
        return net, sum(self._with_tax.values(), _ZERO)

    def details(self) -> v21.CostDetailsType:
        """As it is told in TransactionEvent."""
        net, gross = self._totals()
        tariff, kind = self.tariff, v21.TariffCostEnumType.NORMAL_COST
        prices = {name: self._price(name) for name in _DIMENSIONS if self._net[name]}
        most, least = tariff.max_cost, tariff.min_cost
        if most and most.excl_tax is not UNSET and net >= _exact(most.excl_tax):
            kind, net = v21.TariffCostEnumType.MAX_COST, _exact(most.excl_tax)
            gross = _gross(most, net)
        elif least and least.excl_tax is not UNSET and net < _exact(least.excl_tax):  # I12.FR.38
            kind, net = v21.TariffCostEnumType.MIN_COST, _exact(least.excl_tax)
            gross, prices = _gross(least, net), {"fixed": least}
        return v21.CostDetailsType(
            charging_periods=[
                v21.ChargingPeriodType(
                    start_period=start, tariff_id=tariff_id, dimensions=_dimensions(volumes)
                )
                for start, volumes, tariff_id in self._periods
            ]
            or UNSET,
            total_cost=v21.TotalCostType(
                currency=tariff.currency,
                type_of_cost=kind,
                total=v21.TotalPriceType(excl_tax=_float(net), incl_tax=_float(gross)),
                fixed=prices.get("fixed", UNSET),
                energy=prices.get("energy", UNSET),
                charging_time=prices.get("charging_time", UNSET),
                idle_time=prices.get("idle_time", UNSET),
            ),
            total_usage=v21.TotalUsageType(
                energy=float(self._usage["energy"]),
                charging_time=round(self._usage["charging_time"]),
                idle_time=round(self._usage["idle_time"]),
            ),
        )

    def _price(self, name: str) -> v21.PriceType:
        net, taxes = self._net[name], self._taxes(name)
        return v21.PriceType(
            excl_tax=_float(net),
            incl_tax=_float(self._with_tax[name]),
            tax_rates=list(taxes) if taxes else UNSET,
        )


def _dimensions(volumes: dict[str, Decimal]) -> list[v21.CostDimensionType]:
    kinds = {
        "energy": _Dimension.ENERGY,
        "charging_time": _Dimension.CHARGING_TIME,
        "idle_time": _Dimension("IdleTIme"),  # the schema's spelling
    }
    return [
        v21.CostDimensionType(type=kinds[name], volume=float(volume))
        for name, volume in volumes.items()
    ]


def _taxed(net: Decimal, taxes: Taxes) -> Decimal:
    """Taxes of stack 0 are on the net price, those of a higher one on what is below."""
    total = net
    for stack in sorted({each.stack or 0 for each in taxes or ()}):
        rates = [_exact(each.tax) for each in taxes or () if (each.stack or 0) == stack]
        total += total * sum(rates, _ZERO) / 100
    return total


def _gross(price: v21.PriceType, net: Decimal) -> Decimal:
    return net if price.incl_tax is UNSET else _exact(price.incl_tax)


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))


def _float(value: Decimal) -> float:
    return float(value.quantize(_CENT))
