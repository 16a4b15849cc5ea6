"""Two peers against each other over a wire that loses, repeats, delays and reorders frames.

Each run is a random sequence of what can happen, with a seed. Whatever happens, a peer never
raises, never has two of its CALLs open, ends each request once, and answers each request once.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from chargeplane.ocpp import v12, v15, v16, v21, v201
from chargeplane.ocpp.errors import ErrorCode, LocalError
from chargeplane.ocpp.events import (
    Abandoned,
    Answered,
    Called,
    Event,
    Failed,
    Ignored,
    Malformed,
    Refused,
    Stray,
    TimedOut,
)
from chargeplane.ocpp.frames import Limits
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.tolerance import STRICT
from chargeplane.ocpp.versions import Role, Version
from tests.soak import cases

RUNS_PER_VERSION = cases(20_000)
STEPS = 40
LIMITS = Limits(calls_waiting_max=3, requests_waiting_max=40, answers_kept_max=40)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
PACKAGES: dict[Version, Any] = {
    Version.V1_2: v12,
    Version.V1_5: v15,
    Version.V1_6: v16,
    Version.V2_0_1: v201,
    Version.V2_1: v21,
}


class End:
    """One peer, its owner, and a record of what was asked and answered."""

    def __init__(self, peer: Peer, request: Any, response: Any) -> None:
        self.peer = peer
        self.request = request
        self.response = response
        self.open: set[str] = set()
        self.asked: list[str] = []
        self.ended: Counter[str] = Counter()
        self.late: Counter[str] = Counter()
        self.called: Counter[str] = Counter()
        self.to_answer: list[str] = []
        self.answers: dict[str, str] = {}

    def ask(self, now: float) -> None:
        with suppress(LocalError):  # the queue is full
            self.asked.append(self.peer.call(self.request, now))

    def answer(self, refuse: bool) -> None:
        if self.to_answer:
            message_id = self.to_answer.pop()
            if refuse:
                self.take(self.peer.refuse(message_id, ErrorCode.INTERNAL_ERROR))
            else:
                self.take(self.peer.answer(message_id, self.response))

    def take(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Called(message_id=message_id):
                    self.called[message_id] += 1
                    self.to_answer.append(message_id)
                case Answered(message_id=message_id, late=late):
                    self._end(message_id, late)
                case Refused(message_id=message_id, late=late):
                    self._end(message_id, late)
                case Failed(message_id=message_id) | TimedOut(message_id=message_id):
                    self._end(message_id, False)
                case Abandoned(message_id=message_id):
                    self.ended[message_id] += 1
                case Stray() | Ignored() | Malformed():
                    assert not isinstance(event, Malformed), event

    def _end(self, message_id: str, late: bool) -> None:
        if late:
            self.late[message_id] += 1
        else:
            self.ended[message_id] += 1
            self.open.discard(message_id)

    def outgoing(self) -> list[str]:
        texts = self.peer.outgoing()
        for text in texts:
            message_id = text.split('"', 2)[1]
            if text[1] == "2":
                assert not self.open, "a second CALL was opened"
                self.open.add(message_id)
            else:
                assert self.answers.setdefault(message_id, text) == text, "two different answers"
        return texts


def ends(version: Version, peer_type: type[Peer] = Peer) -> tuple[End, End]:
    package = PACKAGES[version]
    two = version.newest_of_family is Version.V2_1
    clear_status = "ClearCacheStatusEnumType" if two else "ClearCacheStatus"
    numbers = {Role.STATION: 0, Role.CSMS: 0}

    def peer(role: Role) -> Peer:
        def new_id() -> str:
            numbers[role] += 1
            return f"{role[0]}{numbers[role]}"

        return peer_type(version, role, tolerance=STRICT, limits=LIMITS, new_id=new_id)

    station = End(
        peer(Role.STATION),
        package.HeartbeatRequest(),
        package.ClearCacheResponse(status=getattr(package, clear_status).ACCEPTED),
    )
    csms = End(
        peer(Role.CSMS), package.ClearCacheRequest(), package.HeartbeatResponse(current_time=NOW)
    )
    return station, csms


def run(version: Version, seed: int, peer_type: type[Peer] = Peer) -> None:
    random = Random(seed)
    station, csms = ends(version, peer_type)
    wires: dict[End, list[str]] = {station: [], csms: []}
    now = 0.0
    for _ in range(STEPS):
        end, other = (station, csms) if random.random() < 0.5 else (csms, station)
        wire = wires[end]  # what travels to this end
        dice = random.random()
        if dice < 0.25:
            end.ask(now)
        elif dice < 0.6 and wire:
            _deliver(end, wire, random, now)
        elif dice < 0.85:
            end.answer(refuse=dice > 0.8)
        elif dice < 0.92:
            now += random.choice((1.0, 15.0, 31.0))
            end.take(end.peer.expire(now))
        wires[other] += end.outgoing()
    _finish(station, csms, wires, now)
    for end, other in ((station, csms), (csms, station)):
        assert all(end.ended[message_id] == 1 for message_id in end.asked)
        assert all(count <= 1 for count in end.late.values())
        assert all(count == 1 for count in end.called.values())
        assert end.answers.keys() == end.called.keys()
        assert end.called.keys() <= set(other.asked)


def _deliver(end: End, wire: list[str], random: Random, now: float) -> None:
    """Take a frame from any place; sometimes leave a copy behind, sometimes lose it."""
    place = 0 if random.random() < 0.7 else random.randrange(len(wire))
    text = wire[place]
    if random.random() >= 0.15:
        del wire[place]
    if random.random() >= 0.15:
        end.take(end.peer.receive(text, now))


def _finish(station: End, csms: End, wires: dict[End, list[str]], now: float) -> None:
    """No more losses: deliver, answer and time out until nothing is open."""
    for _ in range(40):
        for end, other in ((station, csms), (csms, station)):
            wire, wires[end] = wires[end], []
            for text in wire:
                end.take(end.peer.receive(text, now))
            while end.to_answer:
                end.answer(refuse=False)
            wires[other] += end.outgoing()
        if any(wires.values()):
            continue
        if not station.open and not csms.open:
            break
        now += 31
        station.take(station.peer.expire(now))
        csms.take(csms.peer.expire(now))
        wires[csms] += station.outgoing()
        wires[station] += csms.outgoing()
    assert not station.open
    assert not csms.open


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("version", list(Version))
def test_no_interleaving_breaks_a_conversation(version: Version) -> None:
    for seed in range(RUNS_PER_VERSION):
        run(version, seed)


class Forgetful(Peer):
    """Remembers no answers, and so serves a repeated request a second time."""

    def outgoing(self) -> list[str]:
        self._answers.clear()
        return super().outgoing()


class Impatient(Peer):
    """Sends the next request although one is open."""

    def call(self, *args: Any, **kwargs: Any) -> str:
        self._asking.open = None
        return super().call(*args, **kwargs)


@pytest.mark.parametrize("peer_type", [Forgetful, Impatient])
def test_the_interleavings_notice_a_wrong_peer(peer_type: type[Peer]) -> None:
    def runs() -> None:
        for seed in range(200):
            run(Version.V2_0_1, seed, peer_type)

    with pytest.raises(AssertionError):
        runs()
