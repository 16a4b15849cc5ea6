"""A process that bears writers, so that each of many kills costs a fork and no start of Python.

For each line of input (a JSON list: the next number of each station) it forks a writer and says
``born PID``. The writer says ``ack STATION NUMBER`` for each unit that the store has acknowledged,
until somebody kills it; then the nursery says ``dead``. All lines go through one pipe, so whatever
stands before ``dead`` was said before the death.

The writer ``hasty`` answers before the commit. It exists to show that the test finds the loss.
"""

import asyncio
import json
import os
import sys

from chargeplane.runtime.store import Settings, Store
from chargeplane.runtime.store.checkpoints import Checkpoints
from chargeplane.runtime.store.schema import Schema
from chargeplane.runtime.store.sqlite import Sqlite
from chargeplane.runtime.store.writer import Batch, Writer
from tests.runtime.store.ledger import WITH_LEDGER, Entry

NOTE = "x" * 4_000


class HastyWriter(Writer):
    """The mutant."""

    def _together(self, batch: Batch) -> None:
        with self._transaction() as connection:
            for ticket in batch:
                ticket.apply_if_wanted(connection)
            self._release(batch, 0.0)


class HastyStore(Store):
    """A store with the mutant inside."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._writer = HastyWriter(self._backend, self._release)


class TidySqlite(Sqlite):
    """SQLite whose log is moved all the time."""

    def tending(self) -> Checkpoints:
        return Checkpoints(self.path, self.settings.lock_s_max, rows_at_once=10)


class TidyStore(Store):
    """A store with that inside."""

    def __init__(self, settings: Settings, schema: Schema) -> None:
        super().__init__(settings, schema)
        self._writer = Writer(TidySqlite(settings), self._release)


STORES = {"careful": Store, "hasty": HastyStore, "tidy": TidyStore}


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def write(url: str, kind: str, following: list[int]) -> None:
    async def station(number: int) -> None:
        seq = following[number]
        while True:
            await store.write(Entry(str(number), seq, NOTE))
            say(f"ack {number} {seq}")
            seq += 1

    async with STORES[kind](Settings(url), WITH_LEDGER) as store:
        await asyncio.gather(*map(station, range(len(following))))


def main(url: str, kind: str) -> None:
    for line in sys.stdin:
        following = json.loads(line)
        child = os.fork()
        if not child:
            asyncio.run(write(url, kind, following))
        say(f"born {child}")
        os.waitpid(child, 0)
        say("dead")


if __name__ == "__main__":
    main(*sys.argv[1:])
