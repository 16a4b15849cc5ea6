"""What a caller has to know besides one transaction, shown on whole stations.

``Caller`` is a central system in small: it takes the messages of a station as they arrive and keeps
what the docstring of ``running`` asks for. What it says of a transaction is what the fold says of
all messages of the station.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from random import Random

import pytest

from chargeplane.domain.ledger import EntryKind, LedgerEntry, Running, fold
from chargeplane.domain.times import moment
from tests.domain.ledger.histories import history
from tests.domain.ledger.telling import Station, again, frames_of
from tests.soak import cases

HISTORIES = cases(3000)
NEVER = datetime.min.replace(tzinfo=UTC)
ANYWHERE = 0


class Caller:
    """Keeps a ``Running`` of each transaction for which it may."""

    def __init__(self) -> None:
        self.running: dict[str, Running] = {}
        self.ids: set[str | None] = set()
        """Those of 1.x starts, and all of 2.x."""
        self.last_start_at: defaultdict[int, datetime] = defaultdict(lambda: NEVER)
        self.last_loose_at = NEVER

    def receive(self, entry: LedgerEntry) -> None:
        at, _ = moment(entry.reported_at, entry.received_at)
        if entry.kind is EntryKind.STARTED:
            self._start(entry, at)
        elif entry.known_id is None or (entry.family == 1 and entry.known_id not in self.ids):
            self.last_loose_at = max(at, self.last_loose_at)
            self._drop(at, ANYWHERE)
        elif entry.known_id in self.running and not self.running[entry.known_id].extend(entry):
            del self.running[entry.known_id]
        self.ids.add(entry.known_id if entry.family == 2 else None)

    def _start(self, entry: LedgerEntry, at: datetime) -> None:
        evse_id = entry.known_evse.evse_id if entry.known_evse else ANYWHERE
        self._drop(at, evse_id)
        latest = max(self.last_start_at[evse_id], self.last_start_at[ANYWHERE], self.last_loose_at)
        self.last_start_at[evse_id] = max(at, self.last_start_at[evse_id])
        is_new = entry.known_id not in self.ids
        self.ids.add(entry.known_id)
        began = Running.begin(entry) if is_new and at > latest else None
        if began is not None:
            self.running[began.wire_id] = began
        elif entry.known_id is not None:
            self.running.pop(entry.known_id, None)

    def _drop(self, at: datetime, evse_id: int) -> None:
        """What has begun before may be over, or may have got the message."""
        for each in list(self.running.values()):
            if each.started_at <= at and evse_id in (each.evse.evse_id, ANYWHERE):
                del self.running[each.wire_id]


def as_they_arrive(entries: list[LedgerEntry], random: Random) -> list[LedgerEntry]:
    """Some are delayed, for some minutes or for days."""
    share = random.choice((0, 0, 0.05, 0.2))
    return [
        again(each, random.choice((5, 30, 3000)), each.frame_id)
        if random.random() < share
        else each
        for each in entries
    ]


@pytest.mark.soak
@pytest.mark.parametrize("family", [1, 2])
def test_what_is_said_of_a_transaction_is_what_the_fold_says_of_the_station(family: int) -> None:
    compared = 0
    for seed in range(HISTORIES):
        random = Random(f"{family}/{seed}")
        entries = as_they_arrive(history(random, family).entries, random)
        entries.sort(key=lambda each: (each.received_at, each.frame_id))
        caller = Caller()
        for place, entry in enumerate(entries, 1):
            caller.receive(entry)
            if not caller.running or random.random() < 0.5:
                continue
            sessions = {each.key: each for each in fold(entries[:place])}
            for each in caller.running.values():
                folded = sessions[each.key]
                assert each.session(folded.frame_ids) == folded, (seed, place)
                compared += 1
    assert compared > 3 * HISTORIES


def test_a_start_whose_clock_is_behind_an_earlier_start_is_for_the_fold() -> None:
    cp = Station(2)
    before, start = cp.start(60, "a", 1000), cp.start(30, "b", 2000)
    caller = Caller()
    caller.receive(before)
    caller.receive(start)
    assert set(caller.running) == {"a"}
    by_key = {each.key: each for each in fold([before, start])}
    assert by_key["2:b"].remarks
    assert by_key["2:a"] == caller.running["a"].session(frames_of([before]))
