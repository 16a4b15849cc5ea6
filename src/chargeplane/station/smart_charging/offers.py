"""What charging profiles allow each EVSE at a moment, and how a limit of the station is shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from chargeplane.domain.charging import Ceiling, Situation, limit_at
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.smart_charging.checking import is_enabled
from chargeplane.station.smart_charging.installed import Profiles
from chargeplane.station.smart_charging.sharing import Share, shared
from chargeplane.station.smart_charging.supply import PILOT_A_MIN, grid_of, supply_of

__all__ = ["Limits", "Offers"]


class Limits(NamedTuple):
    """What profiles say to an EVSE; nothing, if none limits it."""

    limit_w: float | None = None
    phases: int | None = None
    setpoint_w: float | None = None


class _Offer(NamedTuple):
    """What one EVSE may take."""

    power_w: Decimal
    phases: int | None
    watts_per_ampere: Decimal
    """What one ampere of each phase of the grid is worth here."""
    setpoint_w: Decimal | None

    @property
    def most_w(self) -> Decimal:
        """What it would take of a limit of the station."""
        if self.setpoint_w is None:
            return self.power_w
        return max(min(self.power_w, self.setpoint_w), Decimal(0))


class Offers:
    """Finds out what each EVSE may take."""

    def __init__(
        self, hub: Hub, profiles: Profiles, situation: Callable[[int, datetime], Situation]
    ) -> None:
        """Args: the station, its profiles, and what those of an EVSE are seen from at a time."""
        self._hub = hub
        self._profiles = profiles
        self._situation = situation

    def now(self) -> dict[int, Limits]:
        """What each EVSE is allowed at this moment."""
        hub, now = self._hub, self._hub.time()
        if not is_enabled(hub):
            return dict.fromkeys(hub.evses, Limits())
        station = limit_at(self._profiles.of_station(), now, self._situation(0, now))
        offers = {evse.id: self._offer(evse, station, now) for evse in hub.evses.values()}
        parts = self._shared(offers, station)
        return {
            evse_id: Limits()
            if offer is None
            else Limits(
                float(parts.get(evse_id, offer.power_w)),
                offer.phases,
                None if offer.setpoint_w is None else float(offer.setpoint_w),
            )
            for evse_id, offer in offers.items()
        }

    def _offer(self, evse: Evse, station: Ceiling, now: datetime) -> _Offer | None:
        """What an EVSE may take if it is alone; None: nothing limits it."""
        transaction_id = evse.transaction.id if evse.transaction else None
        own = self._profiles.of_evse(evse.id, transaction_id)
        # Capacity and setpoints of the whole station are shared by those who charge.
        count = max(sum(map(_charges, self._hub.evses.values())), 1)
        ceiling = limit_at(own, now, self._situation(evse.id, now)).with_(
            station._replace(
                extra_w=station.extra_w / count,
                extra_a=station.extra_a / count,
                setpoint_w=None if station.setpoint_w is None else station.setpoint_w / count,
                setpoint_a=None if station.setpoint_a is None else station.setpoint_a / count,
            )
        )
        supply = supply_of(evse.spec)
        allowed_w, setpoint_w = ceiling.in_w(supply), ceiling.setpoint_in_w(supply)
        if allowed_w is None and setpoint_w is None:
            return None
        rating_w = Decimal(str(evse.spec.power_w_max))
        allowed_w = rating_w if allowed_w is None else allowed_w
        lines = ceiling.lines(supply)
        allowed_a = allowed_w / (supply.voltage_v * lines)
        # A vehicle with a setpoint speaks ISO 15118-20, and needs no pilot to tell it amperes.
        too_low = not evse.spec.is_dc and allowed_a < PILOT_A_MIN and setpoint_w is None
        if too_low or ceiling.is_too_low(supply):
            allowed_w = Decimal(0)
        used = min(lines, evse.ev.phases) if evse.ev is not None and not evse.spec.is_dc else lines
        grid = grid_of(self._hub)
        worth_v = grid.voltage_v * grid.phases if evse.spec.is_dc else supply.voltage_v * used
        # The pilot tells amperes of each phase: a vehicle that uses fewer gets less (K01.FR.50).
        power_w = min(allowed_w * used / lines, rating_w)
        return _Offer(power_w, None if evse.spec.is_dc else lines, worth_v, setpoint_w)

    def _shared(self, offers: Mapping[int, _Offer | None], station: Ceiling) -> dict[int, Decimal]:
        """What those who charge get of a limit of the station."""
        charging = [each for each in self._hub.evses.values() if _charges(each)]
        charging.sort(key=lambda each: (each.transaction and each.transaction.started_at, each.id))
        wanted = {evse.id: offer for evse in charging if (offer := offers[evse.id]) is not None}
        parts = {evse_id: each.most_w for evse_id, each in wanted.items()}
        if station.power_w is not None:
            parts = shared(
                station.power_w + station.extra_w,
                {key: Share(parts[key], self._least_w(key, each)) for key, each in wanted.items()},
            )
        if station.current_a is not None:
            amperes = shared(
                station.current_a + station.extra_a,
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
    ready = evse.transaction is not None and evse.token is not None and not evse.capped
    return ready and evse.ev is not None and evse.ev.soc < evse.ev.soc_max
