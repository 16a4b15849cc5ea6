"""The stations of a fleet, and the drivers who come to them: all that is drawn from one seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from random import Random

from chargeplane.ocpp.versions import Version
from chargeplane.station.fleets.drivers import PUBLIC, Day, Visit, visits
from chargeplane.station.inventory import EvseSpec, Inventory

__all__ = ["DEMONSTRATION", "Member", "Seeds"]


@dataclass(frozen=True, slots=True)
class Member:
    """One station of a fleet."""

    identity: str
    version: Version
    soap: bool = False
    quirks: tuple[str, ...] = ()
    inventory: Inventory = field(default_factory=Inventory)
    password: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


_FAST = Inventory(model="Virtual Fast", evses=(EvseSpec(150_000.0, 0, 400.0, ("cCCS2",)),))
_ONE = Inventory(evses=(EvseSpec(11_000.0),))
# A station of 1.2 tells energy alone, which grows as much faster as the demonstration runs: so much
# less power keeps what is worked out from it believable.
_SLOW = Inventory(evses=(EvseSpec(1_400.0, 1),))

DEMONSTRATION = (
    Member("DEMO-12S", Version.V1_2, soap=True, inventory=_SLOW),
    Member(
        "DEMO-15S",
        Version.V1_5,
        soap=True,
        inventory=_ONE,
        quirks=("no-soap-message-id", "stop-with-minus-one"),
    ),
    Member("DEMO-16S", Version.V1_6, soap=True),
    Member("DEMO-16J", Version.V1_6, quirks=("no-connection-header", "extra-members")),
    Member("DEMO-201", Version.V2_0_1, quirks=("no-connection-header", "times-without-zone")),
    Member("DEMO-21", Version.V2_1),
    Member("DEMO-21-FAST", Version.V2_1, inventory=_FAST),
    Member(
        "DEMO-ODD-16J",
        Version.V1_6,
        quirks=("null-members", "numeric-values", "times-without-zone", "duplicate-start"),
    ),
    Member("DEMO-ODD-201", Version.V2_0_1, quirks=("repeated-seq-no", "status-of-evse-0")),
)
"""Every version and transport; three stations with harmless quirks, and two that misbehave."""


class Seeds:
    """Where all chance of a fleet comes from: a number for each station, drawn from one."""

    def __init__(
        self,
        members: Sequence[Member],
        tokens: Sequence[str],
        seed: int | None,
        day: Day = PUBLIC,
        hour: float | None = None,
    ) -> None:
        """Args: the stations, the tokens of drivers, the seed, and how busy each EVSE is.

        Raises:
            ValueError: there are no tokens.
        """
        if not tokens:
            raise ValueError("drivers need tokens")
        rng = Random(seed)
        self._members = {each.identity: each for each in members}
        self._seeds = {each.identity: rng.getrandbits(64) for each in members}
        self._tokens = tuple(tokens)
        self._day, self._hour = day, hour

    def of(self, identity: str) -> int:
        """The seed of one station.

        Raises:
            KeyError: it is none of the fleet.
        """
        return self._seeds[identity]

    def rng(self, identity: str, what: str) -> Random:
        """The chance of one thing about a station; other things do not disturb it."""
        return Random(f"{self._seeds[identity]} {what}")

    def drivers(self, identity: str) -> dict[int, Iterator[Visit]]:
        """The visits to come to each EVSE of a station; the same ones for the same seed.

        Raises:
            KeyError: it is none of the fleet.
        """
        rng = self.rng(identity, "drivers")
        evses = self._members[identity].inventory.evses
        return {evse_id: self._visits(rng) for evse_id, _ in enumerate(evses, 1)}

    def _visits(self, rng: Random) -> Iterator[Visit]:
        coming = visits(Random(rng.getrandbits(64)), self._tokens, self._day, hour=self._hour)
        first_s = round(rng.uniform(0, self._day.first_s_max))
        return chain([replace(next(coming), after_s=first_s)], coming)
