"""Live state in memory (``Pulse``): the power that flows now, and who is here, out of events.

It knows the events of this run of the program. Nothing of it is stored: after a start it fills
again with the first sample of each transaction. Listening costs as little as it can, since every
sample of every station passes here; what a sample says is worked out when somebody asks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from chargeplane.domain.events import (
    Event,
    MeterSampled,
    StationConnected,
    StationDisconnected,
    TransactionEnded,
)
from chargeplane.domain.metering import OUTLET, POWER, MeterValue
from chargeplane.runtime.clock import Clock

__all__ = ["FLOWS_MAX", "FRESH_S_MAX", "HEARD", "Flowing", "Pulse", "Totals"]

FRESH_S_MAX: Final = 1_800.0
"""A sample that is older says nothing about now."""
FLOWS_MAX: Final = 64
"""Transactions of one station that are followed; beyond them the oldest is forgotten."""
HEARD: Final = (MeterSampled, StationConnected, StationDisconnected, TransactionEnded)
"""The events that it listens to."""
_PHASES: Final = frozenset({"L1", "L2", "L3", "L1-N", "L2-N", "L3-N"})


@dataclass(slots=True, eq=False)
class _Flow:
    """One transaction: its newest sample, and the one that was worked out last."""

    newest: MeterSampled
    known: MeterSampled | None = None
    power_w: float | None = None

    def settle(self) -> float | None:
        """The power of the newest sample; from the energy since the one before if it has none."""
        newest, known = self.newest, self.known
        if newest is not known:
            measured = measured_power_w(newest.meter_values)
            self.power_w = _average_power_w(known, newest) if measured is None else measured
            self.known = newest
        return self.power_w


class Flowing(NamedTuple):
    """What one transaction draws."""

    transaction_id: str
    evse_id: int
    at: datetime
    """When it was measured, by the station's clock."""
    power_w: float


@dataclass(slots=True, eq=False)
class _Here:
    """What is known of one tenant."""

    connected: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By station: the epoch of its connection, and its version."""
    flows: dict[str, dict[str, _Flow]] = field(default_factory=dict)
    """By station and transaction."""
    moved: set[str] = field(default_factory=set)
    """Stations whose power is to be worked out."""
    power_w: dict[str, float] = field(default_factory=dict)
    sum_w: float = 0.0
    swept_at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one tenant, now."""

    connected: int
    by_version: dict[str, int]
    power_w: float


class Pulse:
    """A listener of the bus that can be asked."""

    def __init__(self, clock: Clock) -> None:
        """Nothing is known yet; what an earlier run has left to tell is too old to count."""
        self._clock = clock
        self._since = clock.now()
        self._tenants: dict[str, _Here] = {}

    def hear(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, MeterSampled):
            if event.transaction_id is not None:
                self._sampled(event, event.transaction_id)
        elif isinstance(event, StationConnected):
            self._connected(event)
        elif isinstance(event, StationDisconnected):
            self._gone(event)
        elif isinstance(event, TransactionEnded):
            self._ended(event)

    def power_w(self, tenant_id: UUID, station_id: str) -> float | None:
        """What a station's transactions draw now, in W; None if it has not said."""
        here = self._tenants.get(str(tenant_id))
        if here is None:
            return None
        if station_id in here.moved:
            here.moved.discard(station_id)
            self._settle(here, station_id)
        return here.power_w.get(station_id)

    def drawing(self, tenant_id: UUID) -> frozenset[str]:
        """The stations whose transactions draw power now, as far as they have said."""
        here = self._tenants.get(str(tenant_id)) or _Here()
        self._settle_moved(here)
        return frozenset(each for each, power_w in here.power_w.items() if power_w > 0)

    def flows(self, tenant_id: UUID, station_id: str) -> list[Flowing]:
        """What each transaction of a station draws now, of those that have said."""
        here = self._tenants.get(str(tenant_id))
        found = here.flows.get(station_id, {}) if here is not None else {}
        return [
            Flowing(name, flow.newest.evse.evse_id, flow.newest.reported_at, round(power_w, 1))
            for name, flow in found.items()
            if (power_w := flow.settle()) is not None
        ]

    def totals(self, tenant_id: UUID) -> Totals:
        """Over all stations."""
        here = self._tenants.get(str(tenant_id)) or _Here()
        self._sweep(here)
        self._settle_moved(here)
        by_version = Counter(version for _, version in here.connected.values())
        return Totals(len(here.connected), dict(sorted(by_version.items())), round(here.sum_w, 1))

    # Events -----------------------------------------------------------------------------------

    def _here(self, event: Event) -> _Here:
        here = self._tenants.get(event.tenant_id)
        if here is None:
            here = self._tenants[event.tenant_id] = _Here()
        return here

    def _sampled(self, event: MeterSampled, transaction_id: str) -> None:
        here = self._here(event)
        flows = here.flows.get(event.station_id)
        if flows is None:
            flows = here.flows[event.station_id] = {}
        flow = flows.get(transaction_id)
        if flow is not None:
            flow.newest = event
        elif event.received_at >= self._since:
            flows[transaction_id] = _Flow(event)
            if len(flows) > FLOWS_MAX:
                del flows[next(iter(flows))]
        here.moved.add(event.station_id)

    def _connected(self, event: StationConnected) -> None:
        if event.received_at >= self._since:
            self._here(event).connected[event.station_id] = (event.epoch, event.ocpp_version)

    def _gone(self, event: StationDisconnected) -> None:
        here = self._here(event)
        epoch, _ = here.connected.get(event.station_id, (None, ""))
        if epoch == event.epoch:
            del here.connected[event.station_id]
            here.flows.pop(event.station_id, None)  # nobody knows what it draws now
            here.moved.add(event.station_id)

    def _ended(self, event: TransactionEnded) -> None:
        here = self._here(event)
        flows = here.flows.get(event.station_id)
        if flows is not None and flows.pop(event.transaction_id, None) is not None:
            if not flows:
                del here.flows[event.station_id]
            here.moved.add(event.station_id)

    # Figures ----------------------------------------------------------------------------------

    def _settle_moved(self, here: _Here) -> None:
        moved, here.moved = here.moved, set()
        for station_id in moved:
            self._settle(here, station_id)

    def _settle(self, here: _Here, station_id: str) -> None:
        flows = here.flows.get(station_id, {})
        powers = [power for flow in flows.values() if (power := flow.settle()) is not None]
        before = here.power_w.pop(station_id, 0.0)
        if powers:
            here.power_w[station_id] = round(sum(powers), 1)
        here.sum_w += here.power_w.get(station_id, 0.0) - before

    def _sweep(self, here: _Here) -> None:
        """Forget transactions of which nothing was heard for long, now and then."""
        now_s = self._clock.monotonic_s()
        if now_s - here.swept_at_s < FRESH_S_MAX / 10:
            return
        here.swept_at_s = now_s
        oldest: datetime = self._clock.now() - timedelta(seconds=FRESH_S_MAX)
        for station_id, flows in [*here.flows.items()]:
            for transaction_id, flow in [*flows.items()]:
                if flow.newest.received_at < oldest:
                    del flows[transaction_id]
                    here.moved.add(station_id)
            if not flows:
                del here.flows[station_id]
        here.sum_w = sum(here.power_w.values())  # what rounding has added up is gone


def measured_power_w(values: tuple[MeterValue, ...]) -> float | None:
    """The power that a message tells, in W: the whole, or the sum of the phases."""
    phases: dict[str, float] = {}
    for value in values:
        if value.measurand != POWER or value.location != OUTLET:
            continue
        found = value.in_base_unit()
        if found is None or found.unit != "W":
            continue
        if value.phase is None:
            return float(found.value)
        if value.phase in _PHASES:
            phases[value.phase[:2]] = float(found.value)
    return sum(phases.values()) if phases else None


def _average_power_w(known: MeterSampled | None, newest: MeterSampled) -> float | None:
    if known is None or known.energy_wh is None or newest.energy_wh is None:
        return None
    took_s = (newest.reported_at - known.reported_at).total_seconds()
    gained_wh = float(newest.energy_wh - known.energy_wh)
    return gained_wh * 3600.0 / took_s if took_s >= 1.0 and gained_wh >= 0 else None
