"""The controller as a station of its own, with a connection of its own (Part 4, 6.2).

It has no EVSEs. The central system can ask and set it as any station, and limit the whole site with
a ChargingStationMaxProfile (K03). What the energy management of the site allows is told to the
central system: NotifyChargingLimit, and ClearedChargingLimit when it ends (K14.FR.02, K14.FR.03).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.clock import Clock
from chargeplane.station.inventory import Inventory
from chargeplane.station.signals import ExternalLimitWanted, Online, StationLimitChanged
from chargeplane.station.station import Station

__all__ = ["Own", "OwnStation"]

_SOURCE = "EMS"
_VARIABLES = {"SmartChargingCtrlr.NotifyChargingLimitWithSchedules": "true"}


@dataclass(frozen=True, slots=True)
class Own:
    """How the controller shows itself."""

    identity: str
    version: Version = Version.V2_1
    """2.0.1 or 2.1: 1.x has no words for what it tells."""
    password: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of its device model, as ``Station`` takes them."""


class OwnStation:
    """Its station."""

    def __init__(
        self,
        own: Own,
        url: str,
        *,
        limit_w: float | None,
        changed: Callable[[float | None], None],
        tls: ssl.SSLContext | None = None,
        memory: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Dial nothing yet; ``station`` does.

        Args:
            own: how it shows itself.
            url: of the central system, without the identity.
            limit_w: of the site.
            changed: told what the profiles of the central system, and that limit, allow the site.
            tls: as ``Station``.
            memory: as ``Station``.
            clock: as ``Station``.

        Raises:
            MemoryFault: the file cannot be used.
        """
        self.station = Station(
            own.identity,
            url=url,
            version=own.version,
            password=own.password,
            inventory=Inventory(model="Local Controller", evses=()),
            variables=_VARIABLES | dict(own.variables),
            memory=memory,
            ready_timeout_s=None,
            tls=tls,
            clock=clock,
        )
        self._limit_w = limit_w
        self._told_w: float | None = None
        self._is_unheard = False
        """Whether the last one was told while nobody could hear it."""
        self.station.hears(Online, self._on_online)
        self.station.hears(StationLimitChanged, lambda signal: changed(signal.limit_w))

    def set_limit(self, limit_w: float | None) -> None:
        """What the energy management of the site allows; told as soon as it is online."""
        self._limit_w = limit_w
        if limit_w != self._told_w:
            self._is_unheard = not self.station.is_online
            self.station.act(lambda _core, _now_s: self._tell())

    def _tell(self) -> None:
        self._told_w = self._limit_w
        self.station.core.hub.tell(ExternalLimitWanted(0, self._limit_w))

    def _on_online(self, _: Online) -> None:
        if self._limit_w != self._told_w:
            self._tell()
        elif self._is_unheard:
            self.station.core.hub.ask(_notice(self._limit_w))
        self._is_unheard = False


def _notice(limit_w: float | None) -> Request:
    """What the station would have said if it had been online."""
    if limit_w is None:
        return v21.ClearedChargingLimitRequest(charging_limit_source=_SOURCE)
    period = v21.ChargingSchedulePeriodType(start_period=0, limit=limit_w)
    schedule = v21.ChargingScheduleType(
        id=1,
        charging_rate_unit=v21.ChargingRateUnitEnumType.W,
        charging_schedule_period=[period],
    )
    return v21.NotifyChargingLimitRequest(
        charging_limit=v21.ChargingLimitType(charging_limit_source=_SOURCE),
        charging_schedule=[schedule],
    )
