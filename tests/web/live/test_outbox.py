"""What waits for one client: bounded, in order, and made good by a snapshot."""

from __future__ import annotations

import asyncio

from chargeplane.web.live.outbox import Outbox

ONE, TWO = b'{"id":"1",', b'{"id":"2",'


async def emptied(outbox: Outbox) -> list[bytes]:
    found = []
    while not outbox.is_idle:
        found.append(await outbox.next())
    return found


async def test_messages_leave_in_their_order() -> None:
    outbox = Outbox()
    outbox.say(b"hello")
    outbox.patch(ONE, b"a}", lambda: b"S}")
    outbox.say(b"bye")
    assert await emptied(outbox) == [b"hello", ONE + b"a}", b"bye"]


async def test_whoever_waits_is_woken_by_a_message() -> None:
    outbox = Outbox()
    waiting = asyncio.create_task(outbox.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.patch(ONE, b"a}", lambda: b"S}")
    assert await waiting == ONE + b"a}"


async def test_a_slow_client_gets_a_new_snapshot_instead_of_a_growing_queue() -> None:
    outbox = Outbox(waiting_max=4)
    now = b"old}"
    outbox.say(b"answer")
    for number in range(100):
        outbox.patch(ONE, b"%d}" % number, lambda: now)
        assert len(outbox) <= 4
    outbox.patch(TWO, b"x}", lambda: b"two}")
    now = b"new}"
    assert await emptied(outbox) == [b"answer", TWO + b"x}", ONE + b"new}"]
    assert outbox.dropped_count == 100
    outbox.patch(ONE, b"101}", lambda: now)
    assert await emptied(outbox) == [ONE + b"101}"]


async def test_few_messages_that_are_large_are_too_many_as_well() -> None:
    outbox = Outbox(waiting_bytes_max=1_000)
    outbox.patch(ONE, b"a" * 5_000, lambda: b"S}")  # alone, it has to go out in any case
    outbox.patch(TWO, b"b" * 10, lambda: b"T}")
    assert await emptied(outbox) == [ONE + b"S}", TWO + b"T}"]


async def test_nothing_is_said_of_a_subscription_that_has_ended() -> None:
    outbox = Outbox(waiting_max=2)
    for _ in range(3):
        outbox.patch(ONE, b"a}", lambda: b"S}")
    outbox.patch(TWO, b"b}", lambda: b"T}")
    outbox.forget(ONE)
    assert await emptied(outbox) == [TWO + b"b}"]


async def test_a_client_that_does_not_listen_is_not_heard_either() -> None:
    outbox = Outbox(waiting_max=2)
    await outbox.room()
    outbox.say(b"1")
    outbox.say(b"2")
    waiting = asyncio.create_task(outbox.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await outbox.next()
    await waiting
