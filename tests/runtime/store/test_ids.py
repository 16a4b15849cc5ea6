"""Our ids rise, whatever the clock does."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from chargeplane.runtime.store import id_at, new_id, time_of
from chargeplane.runtime.store.ids import Ids

NS_MAX = 253_402_300_799 * 10**9  # the end of the year 9999


@given(st.lists(st.integers(0, NS_MAX), min_size=1))
def test_ids_rise_though_the_clock_jumps(times_ns: list[int]) -> None:
    clock = iter(times_ns)
    ids = Ids(lambda: next(clock))
    made = [ids.new() for _ in times_ns]
    assert made == sorted(set(made))
    assert sorted(each.bytes for each in made) == [each.bytes for each in made]


@given(st.integers(0, NS_MAX))
def test_an_id_is_a_uuid_of_version_7_that_tells_its_time(time_ns: int) -> None:
    made = Ids(lambda: time_ns).new()
    assert made.version == 7
    assert made.variant == UUID(int=0x8 << 60).variant
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ns // 1_000_000)
    assert time_of(made) == moment
    assert id_at(moment) <= made < id_at(moment + timedelta(milliseconds=1))


def test_the_same_sources_give_the_same_ids_again() -> None:
    ids = Ids()
    made = []
    for _ in range(2):
        ids.begin_anew(lambda: 10**18, Random(7).randbytes)
        made.append([ids.new() for _ in range(600)])  # more than are drawn at once
    assert made[0] == made[1]
    ids.begin_anew()
    now = ids.new()
    assert now not in made[0]
    assert datetime.now(UTC) - time_of(now) < timedelta(minutes=1)


def test_ids_of_many_threads_are_all_different() -> None:
    ids, made = Ids(), []

    def draw() -> None:
        made.extend([ids.new() for _ in range(2_000)])

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8_000


def test_ids_continue_after_those_of_a_process_whose_clock_was_ahead() -> None:
    ahead = Ids(lambda: 2_000_000_000 * 10**9).new()
    behind = Ids(lambda: 1_000_000_000 * 10**9)
    assert behind.new() < ahead
    behind.continue_after(ahead)
    assert behind.new() > ahead
    behind.continue_after(UUID(int=0))
    assert behind.new() > ahead


def test_two_processes_at_the_same_moment_make_different_ids() -> None:
    assert Ids(lambda: 1).new() != Ids(lambda: 1).new()
    assert new_id() < new_id()


def test_a_forked_process_makes_ids_of_its_own() -> None:
    script = (
        "import os, sys\n"
        "from chargeplane.runtime.store.ids import Ids\n"
        "ids = Ids(lambda: 1)\n"
        "ids.new()\n"
        "child = os.fork()\n"
        "os.write(1, f'{ids.new()}\\n'.encode())\n"
        "child and os.wait()\n"
    )
    made = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert len(set(made.stdout.split())) == 2


def test_the_random_part_outlasts_one_draw_from_the_system() -> None:
    ids = Ids(lambda: 1)
    assert len({ids.new().int & (1 << 62) - 1 for _ in range(2_000)}) == 2_000
