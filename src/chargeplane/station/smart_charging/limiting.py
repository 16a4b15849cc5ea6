"""What charging profiles allow acts on the EVSEs, now and whenever it changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from math import inf
from zoneinfo import ZoneInfo

from chargeplane.domain.charging import (
    Balancing,
    Mode,
    Situation,
    changes,
    limit_at,
    mode_at,
)
from chargeplane.ocpp.versions import Version
from chargeplane.station.device_model.variables import Place
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    Cause,
    Disconnected,
    EvseChanged,
    GridChanged,
    LimitWanted,
    Online,
    SettingChanged,
    StationLimitChanged,
    TransactionEnded,
    TransactionStarted,
    UpdateWanted,
)
from chargeplane.station.smart_charging.checking import is_enabled
from chargeplane.station.smart_charging.installed import Profiles, Wanted
from chargeplane.station.smart_charging.offers import Limits, Offers
from chargeplane.station.smart_charging.supply import grid_of

__all__ = ["Limiting"]

_TIMER = "charging profiles"
_AHEAD = timedelta(hours=1)
"""How far changes are looked for; then again, since the station's clock may have been set."""
_DELAY_S_MIN = 0.001
_SOC_TINY = 1e-6


class Limiting:
    """Keeps the limits of all EVSEs at what the profiles say."""

    def __init__(self, hub: Hub, profiles: Profiles) -> None:
        self._hub = hub
        self._profiles = profiles
        self._offers = Offers(hub, profiles, self.situation)
        self._closed_at: dict[int, datetime] = {}
        """When the power path of a running transaction closed first."""
        self._told: dict[int, Limits] = {}
        """What was said to each EVSE last."""
        self._station_w: Decimal | None = None
        """What the whole station may take, as it was told last."""
        self._modes: dict[str, Mode] = {}
        """How a transaction is steered, by its id."""
        self.favoured: set[str] = set()
        """The transactions with priority (K21)."""
        self.signals: dict[int, int] = {}
        """The last signal of aFRR, by EVSE."""
        self._offline_since: datetime | None = None
        self._is_telling = False
        hub.hears(Disconnected, self._on_disconnected)
        hub.hears(Online, self._on_online)
        hub.hears(GridChanged, lambda _: self.apply())
        hub.hears(TransactionStarted, lambda _: self.apply())
        hub.hears(TransactionEnded, self._on_ended)
        hub.hears(EvseChanged, self._on_changed)
        hub.hears(SettingChanged, self._on_setting)

    def situation(self, evse_id: int, now: datetime) -> Situation:
        """What the profiles of an EVSE are seen from.

        Without power so far, as if it began to flow now (K08.FR.06).
        """
        hub = self._hub
        evse = hub.live(hub.evses[evse_id]) if evse_id in hub.evses else None
        transaction, ev = (evse.transaction, evse.ev) if evse is not None else (None, None)
        return Situation(
            self._closed_at.get(evse_id, now),
            self._zone(),
            has_priority=transaction is not None and transaction.id in self.favoured,
            offline_since=self._offline_since,
            soc_percent=None if ev is None else Decimal(str(round(ev.soc * 100, 6))),
            frequency_hz=Decimal(str(hub.grid.frequency_hz)),
            signal=self.signals.get(evse_id),
            load_w=None if hub.grid.load_w is None else Decimal(str(hub.grid.load_w)),
            balancing=balancing_of(hub, evse_id),
            csms_setpoint_leads=hub.version is Version.V2_1
            and hub.variables.text("SmartChargingCtrlr", "SetpointPriority") == "CSMS",
        )

    def mode(self, evse: Evse) -> Mode | None:
        """How the profiles steer the transaction of an EVSE."""
        if evse.transaction is None:
            return None
        profiles = self._profiles.of_evse(evse.id, evse.transaction.id)
        now = self.now()
        return mode_at(profiles, now, self.situation(evse.id, now))

    def now(self) -> datetime:
        """The station's clock, in full seconds, in which schedules count."""
        return self._hub.time().replace(microsecond=0)

    def apply(self) -> None:
        """Let the limits follow the profiles (K01.FR.07, K10.FR.05)."""
        if self._is_telling:
            return
        self._tell_of_station()
        if not (self._profiles or any(each != Limits() for each in self._told.values())):
            return
        self._is_telling = True
        for _ in self._hub.evses:  # what is told may start or end charging, so others get more
            if not self._tell(self._offers.now()):
                break
        self._is_telling = False
        self._tell_modes()
        self._wake()

    def _tell_of_station(self) -> None:
        """A local controller has no EVSEs, and shares its limit among stations (K03)."""
        if not self._profiles and self._station_w is None:
            return
        limit_w: Decimal | None = None
        if is_enabled(self._hub):
            now = self._hub.time()
            ceiling = limit_at(self._profiles.of_station(), now, self.situation(0, now))
            limit_w = ceiling.in_w(grid_of(self._hub))
        if limit_w != self._station_w:
            self._station_w = limit_w
            self._hub.tell(StationLimitChanged(None if limit_w is None else float(limit_w)))

    def _tell_modes(self) -> None:
        """K01.FR.110."""
        for evse in list(self._hub.transactions()):
            assert evse.transaction is not None
            mode = self.mode(evse) or Mode.CHARGING_ONLY
            before = self._modes.get(evse.transaction.id, Mode.CHARGING_ONLY)
            if mode is not before:
                self._modes[evse.transaction.id] = mode
                evse.transaction.operation_mode = mode.value
                self._hub.tell(UpdateWanted(evse.id, Cause.OPERATION_MODE))

    def _on_disconnected(self, _: Disconnected) -> None:
        if self._offline_since is None:
            self._offline_since = self.now()
            self.apply()

    def _on_online(self, _: Online) -> None:
        """Profiles that did not survive being offline are gone (K01.FR.102)."""
        since, self._offline_since = self._offline_since, None
        if since is not None:
            now = self.now()
            gone = [
                each.profile.id
                for each in self._profiles
                if each.profile.ends_offline and not each.profile.is_valid(now, since)
            ]
            self._profiles.remove(Wanted(frozenset(gone)))
            self.apply()

    def _on_changed(self, changed: EvseChanged) -> None:
        evse = self._hub.evses.get(changed.evse_id)
        if evse is not None and evse.closed and evse.transaction is not None:
            self._closed_at.setdefault(evse.id, self.now())
        self.apply()

    def _on_ended(self, ended: TransactionEnded) -> None:
        self._closed_at.pop(ended.evse_id, None)
        self._modes.pop(ended.transaction_id, None)
        self.favoured.discard(ended.transaction_id)
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
        for evse_id in self._hub.evses or (0,):
            moments += changes(profiles, now, until, self.situation(evse_id, self.now()))
        delay_s = min((min(moments) - now).total_seconds(), self._until_cap_s())
        delay_s = max(delay_s, _DELAY_S_MIN)
        self._hub.after(delay_s, _TIMER, self.apply)

    def _until_cap_s(self) -> float:
        """How long until a vehicle reaches a state of charge that matters (K01.FR.100)."""
        caps = [each.profile.schedule.soc_cap for each in self._profiles]
        socs = {each.soc_percent / 100 for each in caps if each is not None}
        waits = [inf]
        for evse in self._hub.evses.values() if socs else ():
            ev = evse.ev
            if ev is not None and evse.power_w > 0:
                ahead = [soc for soc in socs if ev.soc < soc - _SOC_TINY]
                waits += [ev.reaches_in_s(soc, evse.aim_w) / self._hub.speed for soc in ahead]
        return min(waits) + _DELAY_S_MIN

    def _tell(self, limits: Mapping[int, Limits]) -> bool:
        """Say what has changed, lower limits first; whether there was anything."""
        new = {key: each for key, each in limits.items() if self._told.get(key, Limits()) != each}
        for evse_id in sorted(new, key=lambda key: (new[key][0] is None, new[key][0] or 0.0)):
            self._told[evse_id] = told = new[evse_id]
            self._hub.tell(
                LimitWanted(
                    evse_id,
                    told.limit_w,
                    told.phases,
                    by_profiles=True,
                    setpoint_w=told.setpoint_w,
                )
            )
        return bool(new)


def balancing_of(hub: Hub, evse_id: int) -> Balancing | None:
    """How load is balanced at an EVSE (Q09)."""
    names = (
        ("Threshold", "Upper"),
        ("Threshold", "Lower"),
        ("Offset", "Upper"),
        ("Offset", "Lower"),
    )
    values = [
        hub.variables.find(
            Place("V2XChargingCtrlr", "LocalLoadBalancing", f"{side}{name}", evse_id)
        )
        for name, side in names
    ]
    said = [Decimal(each.actual) for each in values if each is not None]
    return Balancing(*said) if len(said) == len(names) and said[0] > said[1] else None
