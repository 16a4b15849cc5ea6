"""What charging profiles allow acts on the EVSEs, now and whenever it changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chargeplane.domain.charging import Ceiling, Situation, Supply, changes, limit_at
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.inventory import EvseSpec
from chargeplane.station.signals import (
    EvseChanged,
    LimitWanted,
    SettingChanged,
    TransactionEnded,
    TransactionStarted,
)
from chargeplane.station.smart_charging.checking import is_enabled
from chargeplane.station.smart_charging.installed import Profiles
from chargeplane.station.smart_charging.sharing import Share, shared

__all__ = ["PILOT_A_MIN", "Limiting", "grid_of", "supply_of"]

PILOT_A_MIN = Decimal(6)
"""The least that a vehicle can be offered on alternating current (IEC 61851-1)."""
_TIMER = "charging profiles"
_AHEAD = timedelta(hours=1)
"""How far changes are looked for; then again, since the station's clock may have been set."""
_DELAY_S_MIN = 0.001


class _Offer(NamedTuple):
    """What one EVSE may take."""

    power_w: Decimal
    phases: int | None
    watts_per_ampere: Decimal
    """What one ampere of each phase of the grid is worth here."""


class Limiting:
    """Keeps the limits of all EVSEs at what the profiles say."""

    def __init__(self, hub: Hub, profiles: Profiles) -> None:
        self._hub = hub
        self._profiles = profiles
        self._closed_at: dict[int, datetime] = {}
        """When the power path of a running transaction closed first."""
        self._told: dict[int, tuple[float | None, int | None]] = {}
        self._is_telling = False
        hub.hears(TransactionStarted, lambda _: self.apply())
        hub.hears(TransactionEnded, self._on_ended)
        hub.hears(EvseChanged, self._on_changed)
        hub.hears(SettingChanged, self._on_setting)

    def situation(self, evse_id: int, now: datetime) -> Situation:
        """What the profiles of an EVSE are seen from.

        Without power so far, as if it began to flow now (K08.FR.06).
        """
        return Situation(self._closed_at.get(evse_id, now), self._zone())

    def now(self) -> datetime:
        """The station's clock, in full seconds, in which schedules count."""
        return self._hub.time().replace(microsecond=0)

    def apply(self) -> None:
        """Let the limits follow the profiles (K01.FR.07, K10.FR.05)."""
        if self._is_telling or not (
            self._profiles or any(each[0] is not None for each in self._told.values())
        ):
            return
        self._is_telling = True
        for _ in self._hub.evses:  # what is told may start or end charging, so others get more
            if not self._tell(self._limits()):
                break
        self._is_telling = False
        self._wake()

    def _on_changed(self, changed: EvseChanged) -> None:
        evse = self._hub.evses.get(changed.evse_id)
        if evse is not None and evse.closed and evse.transaction is not None:
            self._closed_at.setdefault(evse.id, self.now())
        self.apply()

    def _on_ended(self, ended: TransactionEnded) -> None:
        self._closed_at.pop(ended.evse_id, None)
        self._profiles.end(ended.transaction_id)
        self.apply()

    def _on_setting(self, changed: SettingChanged) -> None:
        if (changed.component, changed.variable) in {
            ("SmartChargingCtrlr", "Enabled"),
            ("ClockCtrlr", "TimeZone"),
        }:
            self.apply()

    def _zone(self) -> tzinfo:
        name = self._hub.variables.text("ClockCtrlr", "TimeZone")
        try:
            return ZoneInfo(name) if name else UTC
        except (OSError, ValueError, KeyError):  # what zoneinfo says of names that it cannot find
            return UTC

    def _wake(self) -> None:
        """Come back when the next limit begins."""
        now = self._hub.time()
        profiles = [each.profile for each in self._profiles]
        if not profiles:
            self._hub.timers.drop(_TIMER)
            return
        until = now + _AHEAD
        moments = [until]
        for evse_id in self._hub.evses:
            moments += changes(profiles, now, until, self.situation(evse_id, self.now()))
        delay_s = max((min(moments) - now).total_seconds(), _DELAY_S_MIN)
        self._hub.after(delay_s, _TIMER, self.apply)

    def _tell(self, limits: Mapping[int, tuple[float | None, int | None]]) -> bool:
        """Say what has changed, lower limits first; whether there was anything."""
        new = {
            key: each for key, each in limits.items() if self._told.get(key, (None, None)) != each
        }
        for evse_id in sorted(new, key=lambda key: (new[key][0] is None, new[key][0] or 0.0)):
            self._told[evse_id] = new[evse_id]
            limit_w, phases = new[evse_id]
            self._hub.tell(LimitWanted(evse_id, limit_w, phases, by_profiles=True))
        return bool(new)

    def _limits(self) -> dict[int, tuple[float | None, int | None]]:
        hub, now = self._hub, self._hub.time()
        free: tuple[float | None, int | None] = (None, None)
        if not is_enabled(hub):
            return dict.fromkeys(hub.evses, free)
        station = limit_at(self._profiles.of_station(), now, Situation(None, self._zone()))
        offers = {evse.id: self._offer(evse, station, now) for evse in hub.evses.values()}
        parts = self._shared(offers, station)
        return {
            evse_id: free
            if offer is None
            else (float(parts.get(evse_id, offer.power_w)), offer.phases)
            for evse_id, offer in offers.items()
        }

    def _offer(self, evse: Evse, station: Ceiling, now: datetime) -> _Offer | None:
        """What an EVSE may take if it is alone; None: nothing limits it."""
        transaction_id = evse.transaction.id if evse.transaction else None
        own = self._profiles.of_evse(evse.id, transaction_id)
        ceiling = limit_at(own, now, self.situation(evse.id, now)).with_(station)
        supply = supply_of(evse.spec)
        allowed_w = ceiling.in_w(supply)
        if allowed_w is None:
            return None
        lines = ceiling.lines(supply)
        allowed_a = allowed_w / (supply.voltage_v * lines)
        too_low = not evse.spec.is_dc and allowed_a < PILOT_A_MIN
        if too_low or ceiling.is_too_low(supply):
            allowed_w = Decimal(0)
        used = min(lines, evse.ev.phases) if evse.ev is not None and not evse.spec.is_dc else lines
        grid = grid_of(self._hub)
        worth_v = grid.voltage_v * grid.phases if evse.spec.is_dc else supply.voltage_v * used
        # The pilot tells amperes of each phase: a vehicle that uses fewer gets less (K01.FR.50).
        power_w = min(allowed_w * used / lines, Decimal(str(evse.spec.power_w_max)))
        return _Offer(power_w, None if evse.spec.is_dc else lines, worth_v)

    def _shared(self, offers: Mapping[int, _Offer | None], station: Ceiling) -> dict[int, Decimal]:
        """What those who charge get of a limit of the station."""
        charging = [each for each in self._hub.evses.values() if _charges(each)]
        charging.sort(key=lambda each: (each.transaction and each.transaction.started_at, each.id))
        wanted = {evse.id: offer for evse in charging if (offer := offers[evse.id]) is not None}
        parts = {evse_id: each.power_w for evse_id, each in wanted.items()}
        if station.power_w is not None:
            parts = shared(
                station.power_w,
                {key: Share(parts[key], self._least_w(key, each)) for key, each in wanted.items()},
            )
        if station.current_a is not None:
            amperes = shared(
                station.current_a,
                {
                    key: Share(
                        parts[key] / each.watts_per_ampere,
                        self._least_w(key, each) / each.watts_per_ampere,
                    )
                    for key, each in wanted.items()
                },
            )
            parts = {key: amperes[key] * each.watts_per_ampere for key, each in wanted.items()}
        return parts

    def _least_w(self, evse_id: int, offer: _Offer) -> Decimal:
        is_dc = self._hub.evses[evse_id].spec.is_dc
        return Decimal(1) if is_dc else PILOT_A_MIN * offer.watts_per_ampere


def _charges(evse: Evse) -> bool:
    """Whether an EVSE needs a share: it has a transaction and a vehicle that wants energy."""
    ready = evse.transaction is not None and evse.token is not None
    return ready and evse.ev is not None and evse.ev.soc < evse.ev.soc_max


def supply_of(spec: EvseSpec) -> Supply:
    """What profiles of an EVSE count with."""
    return Supply(Decimal(str(spec.voltage_v)), spec.phases)


def grid_of(hub: Hub) -> Supply:
    """What profiles of the station count with: three phases, unless all EVSEs have fewer."""
    specs = [each.spec for each in hub.evses.values() if not each.spec.is_dc]
    if not specs:
        return Supply(Decimal(230), 3)
    return Supply(Decimal(str(specs[0].voltage_v)), max(each.phases for each in specs))
