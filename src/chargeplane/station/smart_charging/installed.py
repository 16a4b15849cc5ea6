"""The charging profiles that a station has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from chargeplane.domain.charging import ChargingProfile, Purpose
from chargeplane.ocpp.wire import Datatype

__all__ = ["OPERATOR", "STATION_WIDE", "Installed", "Profiles", "Wanted"]

OPERATOR = "CSO"
"""The operator, through the central system."""
STATION_WIDE = frozenset(
    {Purpose.STATION_MAX, Purpose.EXTERNAL_CONSTRAINTS, Purpose.LOCAL_GENERATION}
)
"""On EVSE 0 these limit all EVSEs together, not each of them."""


class Installed(NamedTuple):
    """A profile and where it belongs."""

    evse_id: int
    """0 for the station."""
    profile: ChargingProfile
    as_sent: Datatype
    """For reports: with all that the station itself does not understand."""
    source: str = OPERATOR
    """Who set it."""

    @property
    def is_station_wide(self) -> bool:
        return self.evse_id == 0 and self.profile.purpose in STATION_WIDE


class Wanted(NamedTuple):
    """Which profiles are meant; None: any."""

    ids: frozenset[int] | None = None
    evse_id: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None

    def fits(self, each: Installed) -> bool:
        """Whether a profile is meant; one that is named by its id always is (K10.FR.03)."""
        if self.ids is not None:
            return each.profile.id in self.ids and self.evse_id in {None, each.evse_id}
        return (
            self.evse_id in {None, each.evse_id}
            and self.purpose in {None, each.profile.purpose}
            and self.stack_level in {None, each.profile.stack_level}
        )


class Profiles:
    """By id, which is unique in a station."""

    def __init__(self) -> None:
        self._by_id: dict[int, Installed] = {}
        self.changed: Callable[[], None] = lambda: None
        """Told after each change."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Installed]:
        return iter(self._by_id.values())

    def __contains__(self, profile_id: int) -> bool:
        return profile_id in self._by_id

    def put(self, installed: Installed) -> None:
        """Install a profile; the one with its id is replaced (K01.FR.05)."""
        self._by_id.pop(installed.profile.id, None)
        self._by_id[installed.profile.id] = installed
        self.changed()

    def find(self, profile_id: int) -> Installed | None:
        """The profile with this id."""
        return self._by_id.get(profile_id)

    def rivals(self, evse_id: int, profile: ChargingProfile) -> list[Installed]:
        """Those with another id in the same place of the stack (K01.FR.06, K01.FR.39)."""
        return [
            each
            for each in self
            if each.profile.id != profile.id
            and each.evse_id == evse_id
            and each.profile.purpose is profile.purpose
            and each.profile.stack_level == profile.stack_level
            and each.profile.transaction_id == profile.transaction_id
        ]

    def remove(self, wanted: Wanted, source: str | None = None) -> bool:
        """Clear those that are meant; whether there were any (K10).

        ``source``: only what this one has set (K10.FR.03).
        """
        gone = [
            each.profile.id for each in self if wanted.fits(each) and source in {None, each.source}
        ]
        for profile_id in gone:
            del self._by_id[profile_id]
        if gone:
            self.changed()
        return bool(gone)

    def end(self, transaction_id: str) -> None:
        """Clear those of a transaction (K02.FR.05)."""
        gone = [each.profile.id for each in self if each.profile.transaction_id == transaction_id]
        if gone:
            self.remove(Wanted(frozenset(gone)))

    def of_station(self) -> list[ChargingProfile]:
        """What limits all EVSEs together."""
        return [each.profile for each in self if each.is_station_wide]

    def of_evse(self, evse_id: int, transaction_id: str | None) -> list[ChargingProfile]:
        """What limits one EVSE alone, its own profiles before those of the station.

        In the same place of the stack its own TxDefaultProfile replaces that of the station
        (1.6 section 3.13.1).
        """
        found = [
            each
            for each in self
            if each.evse_id in {0, evse_id}
            and not each.is_station_wide
            and each.profile.transaction_id in {None, transaction_id}
        ]
        return [each.profile for each in sorted(found, key=lambda each: -each.evse_id)]
