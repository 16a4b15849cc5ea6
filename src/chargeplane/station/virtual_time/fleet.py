"""Many stations with their drivers in simulated time, in one agenda."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import blake2b
from random import Random
from types import TracebackType

from chargeplane.domain.tokens import IdToken
from chargeplane.station.core import Core
from chargeplane.station.faults import Strike, check_faults, strikes
from chargeplane.station.fleets.drivers import (
    PUBLIC,
    Day,
    Deed,
    Pass,
    Plug,
    Present,
    Unplug,
    Visit,
    deeds,
)
from chargeplane.station.fleets.members import Member, Seeds
from chargeplane.station.virtual_time.agenda import START, Agenda
from chargeplane.station.virtual_time.central import End, YesCentral
from chargeplane.station.virtual_time.life import VirtualStation

__all__ = ["FIRST_DIAL_S_MAX", "VirtualFleet"]

FIRST_DIAL_S_MAX = 300
"""The stations are switched on within this time, so that their heartbeats are spread."""

Ends = Callable[[Member, Agenda], End]


def _yes(member: Member, agenda: Agenda) -> End:
    return YesCentral(member.version, agenda.now)


class VirtualFleet:
    """Runs as fast as the processor can, and always the same for the same seed."""

    def __init__(
        self,
        members: Sequence[Member],
        *,
        tokens: Sequence[str],
        seed: int,
        start: datetime = START,
        day: Day = PUBLIC,
        hour: float | None = None,
        faults: Mapping[str, float] | None = None,
        ends: Ends = _yes,
        frame: Callable[[str, str, str], None] | None = None,
    ) -> None:
        """Let nothing happen yet.

        Args:
            members: the stations; all speak in frames, also those that would use SOAP.
            tokens: of the drivers.
            seed: of all chance; an error on the way names it, so that it can be run again.
            start: what the clocks show at the beginning.
            day: how busy each EVSE is.
            hour: of the day at which it begins; None: when the day says.
            faults: what breaks now and then at each station: names of ``faults.FAULTS``, and the
                mean time between two of a kind in seconds.
            ends: makes the central system's end for each station; ``YesCentral`` by default.
            frame: shown each frame: the identity, ``"sent"`` or ``"heard"``, and the text.

        Raises:
            ValueError: there are no tokens, or there is no such fault.
        """
        self.seed = seed
        self.agenda = Agenda(start)
        self.digest = blake2b(digest_size=16)
        """Of all frames so far, with who sent or heard them."""
        self.frames = 0
        self.visits = 0
        """How many drivers have left."""
        self.struck: Counter[str] = Counter()
        """Faults that have happened, by name."""
        self._frame = frame
        self._faults = check_faults(faults or {})
        self._seeds = Seeds(members, tokens, seed, day, hour)
        self.stations = {each.identity: self._station(each, start, ends) for each in members}
        for identity, station in self.stations.items():
            first_s = self._seeds.rng(identity, "dial").randrange(FIRST_DIAL_S_MAX)
            first_s += round(station.core.disguise.first_dial_s)
            self.agenda.at(first_s, partial(self._begin, station))

    def run(self, duration_s: float) -> None:
        """Let so much time pass.

        An error on the way is a bug in a station; a note on it says how to come there again.
        """
        with _Noting(self):
            self.agenda.run_until(self.agenda.now_s + duration_s)

    def _station(self, member: Member, start: datetime, ends: Ends) -> VirtualStation:
        core = Core(
            member.identity,
            member.version,
            started_at=start,
            inventory=member.inventory,
            rng=Random(self._seeds.of(member.identity)),
            quirks=member.quirks,
            variables=member.variables,
        )
        return VirtualStation(
            core,
            self.agenda,
            ends(member, self.agenda),
            self._seeds.rng(member.identity, "back-off"),
            partial(self._note, member.identity),
        )

    def _note(self, identity: str, way: str, text: str) -> None:
        self.frames += 1
        self.digest.update(f"{identity} {way} {text}\n".encode())
        if self._frame is not None:
            self._frame(identity, way, text)

    def _begin(self, station: VirtualStation) -> None:
        station.dial()
        rng, evses = self._seeds.rng(station.identity, "faults"), len(station.core.hub.evses)
        self._suffer(station, strikes(rng, self._faults, evses))
        for evse_id, coming in self._seeds.drivers(station.identity).items():
            self._go_on(station, evse_id, self._story(station, evse_id, coming))

    def _suffer(self, station: VirtualStation, coming: Iterator[tuple[float, Strike]]) -> None:
        for after_s, struck in coming:

            def happen(struck: Strike = struck) -> None:
                station.strike(struck)
                self.struck[struck.name] += 1
                self._suffer(station, coming)

            self.agenda.after(after_s, happen)
            return

    def _story(
        self, station: VirtualStation, evse_id: int, coming: Iterator[Visit]
    ) -> Iterator[Deed]:
        """What all drivers do at one EVSE, one after the other."""
        evse = station.core.hub.evses[evse_id]
        for visit in coming:
            yield from deeds(visit, lambda: evse.token is not None)
            self.visits += 1

    def _go_on(self, station: VirtualStation, evse_id: int, story: Iterator[Deed]) -> None:
        """Until time has to pass."""
        core = station.core
        for deed in story:
            match deed:
                case Pass(duration_s):
                    self.agenda.after(duration_s, partial(self._go_on, station, evse_id, story))
                    return
                case Plug(ev):
                    station.step(partial(core.plug_in, evse_id, ev))
                case Present(token):
                    station.step(partial(_tap, core, IdToken(token), evse_id))
                case Unplug():
                    station.step(partial(core.unplug, evse_id))


def _tap(core: Core, token: IdToken, evse_id: int, now_s: float) -> None:
    core.tap(token, now_s, evse_id)


class _Noting:
    """Says on an error which seed led to it, and how far."""

    def __init__(self, fleet: VirtualFleet) -> None:
        self._fleet = fleet

    def __enter__(self) -> None:
        """Nothing to get ready."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            fleet = self._fleet
            error.add_note(
                f"seed {fleet.seed}: after {fleet.agenda.now_s:.3f} s and {fleet.frames} frames of "
                f"{len(fleet.stations)} stations; the same seed leads here again"
            )
