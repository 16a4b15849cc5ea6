"""The timer wheel."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.runtime.links import Wheel
from tests.waiting import until


class Looked:
    """Looked at, it says when next, and wants no more when its list is empty."""

    def __init__(self, waits_s: list[float]) -> None:
        self.waits_s = waits_s
        self.lateness_s: list[float] = []
        self.due_s = 0.0

    def put(self, wheel: Wheel, now_s: float) -> None:
        self.due_s = now_s + self.waits_s.pop(0)
        wheel.put(self, self.due_s)

    def look(self, now_s: float) -> float | None:
        self.lateness_s.append(now_s - self.due_s)
        if not self.waits_s:
            return None
        self.due_s = now_s + self.waits_s.pop(0)
        return self.due_s


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.floats(0, 0.05), min_size=1, max_size=3), max_size=30))
def test_each_is_looked_at_when_due_and_then_forgotten(waits_s: list[list[float]]) -> None:
    async def main() -> None:
        wheel = Wheel(tick_s=0.01)
        members = [Looked(list(each)) for each in waits_s]
        for member in members:
            member.put(wheel, asyncio.get_running_loop().time())
        assert len(wheel) == len(members)
        await until(lambda: len(wheel) == 0)
        for member, waits in zip(members, waits_s, strict=True):
            assert len(member.lateness_s) == len(waits)
            # Never early; how late a busy machine lets it be is not ours to promise.
            assert all(-0.0001 <= each_s < 1 for each_s in member.lateness_s)

    asyncio.run(main())


async def test_what_is_dropped_is_not_looked_at() -> None:
    wheel = Wheel(tick_s=0.01)
    member = Looked([0.02])
    member.put(wheel, asyncio.get_running_loop().time())
    wheel.drop(member)
    wheel.drop(member)
    await asyncio.sleep(0.1)
    assert not member.lateness_s
    assert len(wheel) == 0


async def test_what_is_put_again_is_looked_at_once() -> None:
    wheel = Wheel(tick_s=0.01)
    member = Looked([0.05])
    wheel.put(member, asyncio.get_running_loop().time() + 60)
    member.put(wheel, asyncio.get_running_loop().time())
    await asyncio.sleep(0.2)
    assert len(member.lateness_s) == 1


async def test_a_look_that_fails_stops_the_wheel_for_nobody() -> None:
    class Broken:
        def look(self, now_s: float) -> float | None:
            raise LookupError("a bug")

    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    wheel = Wheel(tick_s=0.01)
    member = Looked([0.05])
    wheel.put(Broken(), asyncio.get_running_loop().time())
    member.put(wheel, asyncio.get_running_loop().time())
    await until(lambda: bool(heard and member.lateness_s))
    assert len(heard) == 1
    assert len(member.lateness_s) == 1


async def test_a_stopped_wheel_is_empty() -> None:
    wheel = Wheel(tick_s=0.01)
    member = Looked([0.0])
    member.put(wheel, asyncio.get_running_loop().time())
    wheel.stop()
    await asyncio.sleep(0.05)
    assert not member.lateness_s
    assert len(wheel) == 0
