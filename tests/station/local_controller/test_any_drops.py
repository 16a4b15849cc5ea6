"""Whenever connections drop, and whatever was on the wires: each transaction is told whole.

Each step moves one frame, breaks or mends a connection, lets people act, or lets time pass.
"""

from __future__ import annotations

from collections import defaultdict
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.station import Ev
from tests.soak import cases
from tests.station.local_controller.middle import WIRES, Middle

TOKEN = IdToken("DEADBEEF")
STEPS = (
    ["move"] * 12 + ["plug", "tap", "unplug"] * 2 + ["wait"] * 4
    + ["lose central", "central back", "lose station", "connect", "connect", "central back"]
)  # fmt: skip


def act(middle: Middle, step: str, rng: Random) -> None:
    evse = middle.core.evse(1)
    match step:
        case "move":
            middle.move(rng.choice(WIRES))
        case "plug" if evse.ev is None:
            middle.core.plug_in(1, Ev(soc=0.3), middle.now_s)
        case "tap":
            middle.core.tap(TOKEN, middle.now_s, 1)
        case "unplug" if evse.ev is not None:
            middle.core.unplug(1, middle.now_s)
        case "wait":
            pass_time(middle, rng.choice([1.0, 20.0, 90.0]))
        case "lose central":
            middle.lose_central()
        case "central back":
            middle.central_is_back()
        case "lose station":
            middle.lose_station()
        case "connect":
            middle.connect()
    middle.collect()


def pass_time(middle: Middle, duration_s: float) -> None:
    """Without moving a frame."""
    middle.now_s += duration_s
    middle.core.advance(middle.now_s)
    middle.relay.advance(middle.now_s)


def end_well(middle: Middle) -> None:
    """Everything works from now on, for long enough."""
    for _ in range(8):  # a message that was given no answer is tried again
        middle.central_is_back().connect().carry()
        middle.wait(400)
    if middle.core.evse(1).ev is not None:
        middle.core.unplug(1, middle.now_s)
    middle.wait(400)


def check(middle: Middle) -> None:
    assert not middle.core.hub.outbox
    assert not middle.relay.backlog
    assert not middle.central.malformed
    assert not middle.relay.wants_close
    told: dict[str, dict[int, v21.TransactionEventRequest]] = defaultdict(dict)
    for event in middle.events():
        events = told[event.transaction_info.transaction_id]
        first = events.setdefault(event.seq_no, event)
        assert first == event  # told again, since an answer was lost
        assert event.seq_no == max(events) or event in events.values()
    for events in told.values():
        assert list(events) == list(range(len(events)))  # each once, and in order
        assert events[0].event_type == "Started"
        assert events[len(events) - 1].event_type == "Ended"


def story(version: Version, seed: int, *, keeps: bool, steps: int = 120) -> Middle:
    rng = Random(seed)
    middle = Middle(version, keeps=keeps, seed=seed).connect().carry()
    for _ in range(steps):
        act(middle, rng.choice(STEPS), rng)
    end_well(middle)
    return middle


@pytest.mark.soak
@pytest.mark.parametrize("version", [Version.V2_0_1, Version.V2_1])
@pytest.mark.parametrize("keeps", [True, False], ids=["keeps", "closes"])
def test_every_transaction_message_arrives_and_in_order(version: Version, keeps: bool) -> None:
    @settings(max_examples=cases(2_000, 12), deadline=None)
    @given(seed=st.integers(0, 2**32))
    def told(seed: int) -> None:
        check(story(version, seed, keeps=keeps))

    told()


def test_the_stories_are_about_something() -> None:
    """Without transactions and losses the test above would hold for any relay."""
    middles = [story(Version.V2_1, seed, keeps=True) for seed in range(12)]
    assert sum(len(each.events()) for each in middles) > 60
    twice = [each for each in middles if len(each.events()) > len(set(map(repr, each.events())))]
    assert twice
