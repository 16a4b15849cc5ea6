"""The central system as a process to be killed: a nursery that bears one server after another.

Importing the program takes over a second, which is too long for each of many kills; so the nursery
has imported it, and forks. It makes the tables and says ``ready``. For each line of input it says
``born PID``, the server says ``serving PORT`` when its port is open, and the nursery says ``dead``
when somebody has killed it.

The mutant ``early-answer`` tells stations before the commit. It exists to show that the tests find
the loss.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import sys

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Decision, Heard
from chargeplane.csms.gateway.dispatcher import Dispatcher, Done
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import default_transport, new_event_loop
from chargeplane.runtime.links.transports import wire_factory
from chargeplane.runtime.process import tune
from chargeplane.runtime.store import Settings, Store, upgrade

MUTANTS = ("early-answer",)


class EarlyDispatcher(Dispatcher):
    """The mutant."""

    def __init__(self, right: Dispatcher) -> None:
        vars(self).update(vars(right))

    def _commit(self, heard: Heard, decision: Decision, done: Done) -> None:
        done(decision)
        super()._commit(heard, decision, lambda _: None)


async def serve(settings: Settings, mutant: str | None) -> None:
    """Serve stations until the end of the process."""
    async with Store(settings) as store:
        central = CentralSystem(store, SystemClock())
        if mutant:
            central.gateway.dispatcher = EarlyDispatcher(central.gateway.dispatcher)
        await central.start()
        port = await central.listen("127.0.0.1", 0)
        tune()
        say(f"serving {port}")
        await asyncio.Event().wait()


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--mutant", choices=MUTANTS)
    parser.add_argument("--deadline-s", type=float, default=30.0)
    chosen = parser.parse_args()
    settings = Settings(chosen.url, deadline_s=chosen.deadline_s)
    logging.basicConfig(level=logging.ERROR)
    wire_factory(default_transport())  # which is imported late
    upgrade(settings)
    gc.collect()
    gc.freeze()  # or each child would look at all of it again
    say("ready")
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(serve(settings, chosen.mutant))
        say(f"born {child}")
        os.waitpid(child, 0)
        say("dead")


if __name__ == "__main__":
    main()
