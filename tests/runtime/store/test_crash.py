"""kill -9 at any moment: what was acknowledged is there, once. And the test can tell."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from sqlalchemy import text

from chargeplane.runtime.store import Settings, outbox
from chargeplane.runtime.store.migrating import connected
from tests.runtime.store.ledger import TENANT_ID, entries, make_tenant
from tests.soak import cases

STATIONS = 32
LIFE_S_MAX = 20.0


@dataclass
class Found:
    """What is in the database after the last kill."""

    acknowledged: int = 0
    lost: set[tuple[str, int]] = field(default_factory=set)
    rows: int = 0
    events: list[str] = field(default_factory=list)
    gapless: bool = True
    """Of each station's numbers: no unit overtook an earlier one."""
    sound: bool = False


def kill_writers(settings: Settings, kind: str, kills: int, seed: int) -> Found:
    """Let writers live until some number of acknowledgements, and kill each upon the last one."""
    dice = random.Random(seed)
    acknowledged: set[tuple[str, int]] = set()
    following = [0] * STATIONS
    command = [sys.executable, "-m", "tests.runtime.store.nursery", settings.url, kind]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for _ in range(kills):
            nursery.stdin.write(f"{json.dumps(following)}\n")
            nursery.stdin.flush()
            child, patience, timer = 0, dice.randrange(1, 300), threading.Timer(0, int)
            for line in nursery.stdout:
                match line.split():
                    case ["ack", station, number]:
                        acknowledged.add((station, int(number)))
                        following[int(station)] = int(number) + 1
                        patience -= 1
                    case ["born", pid]:
                        child = int(pid)
                        timer = threading.Timer(LIFE_S_MAX, os.kill, (child, signal.SIGKILL))
                        timer.start()
                    case ["dead"]:
                        break
                if child and patience <= 0:
                    os.kill(child, signal.SIGKILL)
                    child = 0
            timer.cancel()
        nursery.stdin.close()
    return look(settings, acknowledged)


def look(settings: Settings, acknowledged: set[tuple[str, int]]) -> Found:
    with connected(settings) as connection:
        rows = entries(connection)
        found = Found(
            acknowledged=len(acknowledged),
            lost=acknowledged - set(rows),
            rows=len(rows),
            events=[
                e.payload for e in outbox.after(connection, [TENANT_ID], UUID(int=0), 1_000_000)
            ],
            sound=True,
        )
        if settings.url.startswith("sqlite"):
            found.sound = connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        for station in range(STATIONS):
            numbers = [number for name, number in rows if name == str(station)]
            found.gapless &= numbers == list(range(len(numbers)))
    return found


@pytest.fixture
def furnished(settings: Settings) -> Settings:
    with connected(settings) as connection:
        make_tenant(connection)
    return settings


@pytest.mark.soak
@pytest.mark.parametrize(
    ("engine", "kind", "kills"),
    [
        ("sqlite", "careful", cases(25, 8)),
        ("sqlite", "tidy", cases(25, 4)),
        ("postgresql", "careful", cases(20, 5)),
    ],
)
def test_no_acknowledged_unit_is_lost_or_doubled_by_kills(
    furnished: Settings, kind: str, kills: int
) -> None:
    found = kill_writers(furnished, kind, kills, seed=1)
    assert found.acknowledged >= 20 * kills
    assert not found.lost
    assert found.gapless
    assert len(found.events) == len(set(found.events)) == found.rows
    assert found.sound


@pytest.mark.parametrize("engine", ["sqlite"])
def test_the_same_kills_find_a_writer_that_answers_before_its_commit(furnished: Settings) -> None:
    found = kill_writers(furnished, "hasty", 25, seed=1)
    assert found.lost
