"""The rules: which remote start caused a start. Version-neutral."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

from chargeplane.csms.contract import Station
from chargeplane.csms.outcomes import outcome_of
from chargeplane.csms.wire_ids import new_wire_id
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.commands import Accepted, Outcome, StartCharging
from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.clock import Clock

__all__ = ["RemoteStart", "RemoteStarts", "WireId"]

PENDING_S_MAX: Final = 120.0
"""A start that comes later was not caused by us."""
PENDING_MAX: Final = 10_000
"""Remote starts that are pending at all stations; beyond it the oldest is forgotten."""

Key: TypeAlias = tuple[UUID, str]

WireId: TypeAlias = Callable[[Station, str], Awaitable[str | None]]
"""The station's id of one of its transactions, by ours; None if it has no such transaction."""


@dataclass(slots=True, eq=False)
class RemoteStart:
    """One that a station was asked for."""

    id: int
    key: Key
    id_token: IdToken
    evse_id: int | None
    asked_at_s: float
    is_pending: bool = True


class RemoteStarts:
    """The remote starts of all stations that may still cause a transaction."""

    def __init__(self, clock: Clock, new_id: Callable[[], int] = new_wire_id) -> None:
        """None yet. They live in memory: a restart forgets them, the id in 2.x messages stays."""
        self._clock = clock
        self._new_id = new_id
        self._by_age: deque[RemoteStart] = deque()
        self._by_station: dict[Key, list[RemoteStart]] = {}

    def begin(self, station: Station, command: StartCharging) -> RemoteStart:
        """A station will be asked; its start may come before its answer."""
        self._forget_old()
        if len(self._by_age) >= PENDING_MAX:
            self.drop(self._by_age.popleft())
        start = RemoteStart(
            self._new_id(),
            (station.tenant_id, station.id),
            command.id_token,
            command.evse_id,
            self._clock.monotonic_s(),
        )
        self._by_age.append(start)
        self._by_station.setdefault(start.key, []).append(start)
        return start

    def drop(self, start: RemoteStart) -> None:
        """It will cause nothing any more."""
        if not start.is_pending:
            return
        start.is_pending = False
        mine = self._by_station[start.key]
        mine.remove(start)
        if not mine:
            del self._by_station[start.key]

    def match(
        self,
        station: Station,
        id_token: IdToken,
        evse: EvseAddress | None,
        remote_start_id: str | None,
    ) -> str | None:
        """The id of the remote start that caused a start; None if none did.

        Args:
            station: where it started.
            id_token: for whom.
            evse: where exactly.
            remote_start_id: what the station says itself (2.x). It is believed even if we have
                forgotten it, as after a restart.
        """
        self._forget_old()
        for start in self._by_station.get((station.tenant_id, station.id), ()):
            if _caused(start, id_token, evse, remote_start_id):
                self.drop(start)
                return str(start.id)
        return remote_start_id

    def reads(self, start: RemoteStart) -> Callable[[Any], Outcome]:
        """Reads the station's answer; a remote start that it refuses is over."""

        def read(response: Any) -> Outcome:
            outcome = outcome_of(response, remote_start_id=start.id)
            if not isinstance(outcome, Accepted):
                self.drop(start)
            return outcome

        return read

    @property
    def pending_count(self) -> int:
        """How many may still cause a transaction."""
        self._forget_old()
        return sum(len(mine) for mine in self._by_station.values())

    def _forget_old(self) -> None:
        by_age, oldest_s = self._by_age, self._clock.monotonic_s() - PENDING_S_MAX
        while by_age and (by_age[0].asked_at_s < oldest_s or not by_age[0].is_pending):
            self.drop(by_age.popleft())


def _caused(
    start: RemoteStart,
    id_token: IdToken,
    evse: EvseAddress | None,
    remote_start_id: str | None,
) -> bool:
    if remote_start_id is not None:
        return str(start.id) == remote_start_id
    if id_token.key != start.id_token.key:
        return False
    return start.evse_id is None or evse is None or evse.evse_id == start.evse_id
