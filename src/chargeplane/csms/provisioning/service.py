"""Boot and heartbeat: who is served, how often it shows itself, and what time it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from chargeplane.csms.contract import Decision, Heard, Registration, Station
from chargeplane.csms.preferences import PreferencesOf, defaults
from chargeplane.csms.provisioning import tables
from chargeplane.domain.events import StationBooted
from chargeplane.ocpp.wire import Response
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Row, Store, storable

__all__ = ["Introduction", "Provisioning", "Verdict", "to_milliseconds"]


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a station says of itself when it boots."""

    vendor: str
    model: str
    serial_number: str | None = None
    firmware_version: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a boot, in no version's words."""

    registration: Registration
    interval_s: int
    """Between heartbeats if it is accepted; until it may try again otherwise."""
    now: datetime
    row: Row
    event: StationBooted


class Provisioning:
    """Answers stations that boot, and those that only show that they live."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        preferences: PreferencesOf = defaults,
    ) -> None:
        """Stations are told the intervals that their tenant prefers."""
        self._store = store
        self._clock = clock
        self._preferences = preferences

    def now(self) -> datetime:
        """The time as stations are told it (G02.FR.03)."""
        return to_milliseconds(self._clock.now())

    async def booted(self, heard: Heard, station_says: Introduction) -> Verdict:
        """Whether a station is served now (B01.FR.02).

        The registration is read anew each time: an operator may have changed it since the station
        connected. A station that is no longer registered is rejected.
        """
        station = heard.station
        look = partial(tables.registration_of, tenant_id=station.tenant_id, station_id=station.id)
        registration = await self._store.read(look) or Registration.REJECTED
        if station.must_renew and registration is Registration.ACCEPTED:
            registration = Registration.PENDING  # until it comes with another certificate
        is_accepted = registration is Registration.ACCEPTED
        its = self._preferences(station.tenant_id)
        return Verdict(
            registration,
            its.heartbeat_interval_s if is_accepted else its.retry_interval_s,
            self.now(),
            _row(heard, station_says),
            _event(heard, station_says, registration),
        )

    def decision(self, heard: Heard, verdict: Verdict, response: Response) -> Decision:
        """The same with the answer in the words of a version. It counts when it is durable."""
        return Decision(
            response,
            (verdict.row,),
            (verdict.event,),
            kept=partial(self._settle, heard.station, verdict.registration),
        )

    def _settle(self, station: Station, registration: Registration) -> None:
        station.registration = registration
        station.heartbeat_interval_s = self._preferences(station.tenant_id).heartbeat_interval_s


def to_milliseconds(at: datetime) -> datetime:
    """The time without what no station could read (2.x Part 4, 5.3)."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _row(heard: Heard, says: Introduction) -> Row:
    station = heard.station
    return tables.BOOT, (
        station.tenant_id,
        station.id,
        storable(says.vendor),
        storable(says.model),
        says.serial_number and storable(says.serial_number),
        says.firmware_version and storable(says.firmware_version),
        heard.received_at,
    )


def _event(heard: Heard, says: Introduction, registration: Registration) -> StationBooted:
    return StationBooted(
        tenant_id=heard.station.tenant,
        station_id=heard.station.id,
        reported_at=heard.received_at,
        received_at=heard.received_at,
        frame_id=heard.frame,
        vendor=storable(says.vendor),
        model=storable(says.model),
        registration=str(registration),
        boot_reason=says.reason,
        serial_number=says.serial_number and storable(says.serial_number),
        firmware_version=says.firmware_version and storable(says.firmware_version),
    )
