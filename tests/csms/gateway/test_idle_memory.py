"""What an idle station keeps in memory counts for each of ten thousand."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterable

from chargeplane.csms.contract import Block, Decision, Heard, Registration, Station
from chargeplane.csms.gateway.admission import Admitted
from chargeplane.csms.inventory import Known
from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import Address, Link, LinkFacts, LinkSettings
from chargeplane.runtime.links.wheel import Wheel
from chargeplane.runtime.store import Store
from tests.csms.gateway.far_end import FarEnd, gateway
from tests.csms.making import NOW, TENANT_ID

STATIONS = 100
IDLE_BYTES_MAX = 5_000
"""Of a conversation and of the far end, which has a peer too; 4,000 when it was measured, and 8,200
with a deque wherever something could have to wait."""


def _beat(heard: Heard) -> Decision:
    return Decision(v21.HeartbeatResponse(current_time=NOW), durable=False)


BLOCK = Block("heart", v2={v21.HeartbeatRequest: _beat})


def drawers_of(stations: Iterable[Station]) -> int:
    """How many drawers of the tray with frames of these stations somebody still holds."""
    held = [each for each in gc.get_referrers(*stations) if type(each) is dict]
    return sum(any(station in each for station in stations) for each in held)


async def test_who_has_its_answer_keeps_nothing_of_what_the_tray_has_given_away(
    sqlite_store: Store,
) -> None:
    host = gateway(sqlite_store, BLOCK)
    ends = [FarEnd(host, Version.V2_1) for _ in range(3)]
    for each in ends:
        each.speak()
    stations = [each.conversation.station for each in ends]
    assert drawers_of(stations) >= 1
    await host.drain()
    assert drawers_of(stations) == 0


async def test_an_idle_conversation_is_small(sqlite_store: Store) -> None:
    host = gateway(sqlite_store, BLOCK)
    FarEnd(host, Version.V2_1).speak()  # what is only made once
    tracemalloc.start()
    try:
        before_bytes, _ = tracemalloc.get_traced_memory()
        stations = [FarEnd(host, Version.V2_1) for _ in range(STATIONS)]
        taken_bytes = tracemalloc.get_traced_memory()[0] - before_bytes
    finally:
        tracemalloc.stop()
    assert taken_bytes / len(stations) < IDLE_BYTES_MAX


async def test_a_link_forgets_what_admission_has_left(sqlite_store: Store) -> None:
    host = gateway(sqlite_store, BLOCK)
    known = Known(TENANT_ID, "CP1", 1, "the hash of a password", Registration.ACCEPTED, 0)
    peer = Address("192.0.2.1", 1)
    facts = LinkFacts("CP1", "ocpp2.1", peer, context=Admitted(known, "a fingerprint"))
    link = Link(facts, LinkSettings(ping_interval_s=None), Wheel())
    host.opened(link)
    assert host.is_connected(TENANT_ID, "CP1")
    assert link.facts == facts._replace(context=None)
