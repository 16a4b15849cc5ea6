"""A virtual station over real sockets.

    async with Station("CP1", version="2.1", url="ws://127.0.0.1:9000/ocpp") as station:
        await station.plug_in(1, Ev(soc=0.5))
        await station.tap("DEADBEEF")
        await station.wait_for(TransactionStarted)
        await station.unplug(1)

It keeps its time. What it does stands in ``core``, what people do with it and see of it in
``attended``, how it dials in ``dialling``, and how it stays connected in ``connection``. One task
belongs to it, which ends with the ``async with``.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self, TypeVar

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import Clock, SystemClock
from chargeplane.runtime.links import Wheel
from chargeplane.station.alarm import Alarm
from chargeplane.station.attended import Attended
from chargeplane.station.core import Core
from chargeplane.station.faults import Strike, strike
from chargeplane.station.inventory import Inventory
from chargeplane.station.inventory_file import read_inventory
from chargeplane.station.memory import memory_at
from chargeplane.station.transfers import Transfers
from chargeplane.station.wires.backoff import BackOff
from chargeplane.station.wires.connection import Connection
from chargeplane.station.wires.dialling import Dialling
from chargeplane.station.wires.impairment import Impairment

__all__ = ["Station"]

T = TypeVar("T")

CLOSE_S = 3.0
"""How long the end waits for a connection to close."""
LATE_S_MAX = 1.0
"""How late a station makes up for all that was due; what is older, a slow machine has missed."""
LAST_MESSAGES_S = 5.0
"""How long the end waits for transaction messages to be answered."""


class Station(Attended):
    """One station."""

    _task: asyncio.Task[None] | None = None
    """Keeps the connection while the station runs."""

    def __init__(
        self,
        identity: str,
        *,
        url: str,
        version: str | Version = Version.V2_1,
        password: str | bytes | None = None,
        inventory: Inventory | Path | None = None,
        speed: float = 1.0,
        seed: int | None = None,
        quirks: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        memory: Path | None = None,
        ready_timeout_s: float | None = 30.0,
        tls: ssl.SSLContext | None = None,
        wheel: Wheel | None = None,
        alarms: Wheel | None = None,
        clock: Clock | None = None,
        soap_host: str = "127.0.0.1",
        frame: Callable[[str, str], None] = lambda _way, _text: None,
    ) -> None:
        """Dial nothing yet; ``async with`` does.

        Args:
            identity: by which the central system knows the station.
            url: for JSON ``ws`` or ``wss`` without the identity; for SOAP ``http`` or ``https``.
            version: of OCPP, such as ``"2.0.1"``.
            password: for HTTP Basic: text, or the bytes of a 1.6 authorization key.
            inventory: what it is built of, or its file; two EVSEs of 22 kW if it is left out.
            speed: seconds that vehicles and meters live through in one second of the clock.
            seed: of all chance; None: another one each time.
            quirks: names out of ``chargeplane.station.quirks.QUIRKS``.
            variables: values of the device model, by 1.6 key or ``Component.Variable``.
            memory: the file for what a station must not forget; None: it ends with the object.
            ready_timeout_s: how long ``async with`` waits to be accepted; None: it does not wait.
            tls: for ``wss`` and ``https``; None: by ``core.hub.keys``, or the system's trust.
            wheel: of pings, shared by the stations of a fleet.
            alarms: the same for all that a station means to do later; a quicker one.
            clock: read for the time; its seconds must pass like those of the machine.
            soap_host: with SOAP, where the station listens for commands, and what it announces.
            frame: shown each frame: ``"sent"`` or ``"heard"``, and the text.

        Raises:
            ValueError: the version, a quirk or a variable is not known, or has no SOAP.
            InventoryFault: the inventory file has faults.
            MemoryFault: the file cannot be used.
        """
        self._clock = clock or SystemClock()
        rng = Random(seed)
        core = Core(
            identity,
            Version(version),
            started_at=self._clock.now(),
            now_s=self._clock.monotonic_s(),
            inventory=read_inventory(inventory) if isinstance(inventory, Path) else inventory,
            speed=speed,
            rng=rng,
            quirks=quirks,
            variables=variables,
            memory=memory_at(memory),
        )
        super().__init__(core)
        self._ready_timeout_s = ready_timeout_s
        self._dialer = Dialling(core, url, password, tls, wheel, soap_host).dialer()
        self._transfers = Transfers(core, self.act, soap_host, True if tls is None else tls)
        self._alarm = Alarm(self._on_time, alarms)
        self._wire = Impairment(self.later, self._clock.monotonic_s)
        self._connection = Connection(
            core, self._dialer, self._step, BackOff(core.variables, rng), self._wire, frame
        )

    # What breaks; see ``faults.Victim``.

    async def drop(self) -> None:
        """Lose the connection; the station will dial again."""
        self.cut()

    def strike(self, fault: str | Strike) -> None:
        """Let one of ``chargeplane.station.faults.FAULTS`` happen now.

        Raises:
            ValueError: there is no such fault.
            KeyError: there is no such EVSE.
        """
        strike(self, Strike(fault) if isinstance(fault, str) else fault)

    def cut(self) -> None:
        """Lose the connection; the station will dial again."""
        self._connection.cut()

    def silence(self, duration_s: float) -> None:
        """Let all frames vanish for so long, then lose the connection."""
        line, self._wire.is_silent = self._connection.line, True
        self.later(duration_s, lambda: self.cut() if self._connection.line is line else None)

    def slow(self, delay_s: float, duration_s: float) -> None:
        """Let frames be so late, for so long."""
        self._wire.delay_s = delay_s
        self.later(duration_s, partial(setattr, self._wire, "delay_s", 0.0))

    def power_off(self, reason: str, duration_s: float) -> None:
        """Stop without a warning, and boot so much later."""
        self._connection.away_s = duration_s
        self.act(lambda core, now_s: core.lose_power(now_s, reason))

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something so much later, if the station still lives then."""

        def due() -> None:
            if self._task is not None:
                act()

        asyncio.get_running_loop().call_later(delay_s, due)

    # What can be seen of its connection.

    @property
    def last_failure(self) -> str:
        """Why there was no connection the last time; empty while there is one."""
        return self._connection.last_failure

    @property
    def why_offline(self) -> str:
        """Why it is not online; without meaning while it is."""
        registration = self.core.hub.registration or "not answered"
        return self.last_failure or f"registration {registration}"

    async def files_carried(self) -> bool:
        """Wait until no file is on its way, up or down; whether there was any."""
        return await self._transfers.idle()

    # Life.

    async def __aenter__(self) -> Self:
        await self._dialer.start()
        self._task = asyncio.get_running_loop().create_task(self._connection.keep())
        self._task.add_done_callback(self._on_task_done)
        ready = False
        try:
            if self._ready_timeout_s is not None:
                await self._until_ready(self._ready_timeout_s)
            ready = True
        finally:
            if not ready:
                await self._end()
        return self

    async def _until_ready(self, timeout_s: float) -> None:
        try:
            await self.until(lambda core: core.hub.is_online, timeout_s=timeout_s)
        except TimeoutError:
            raise TimeoutError(f"{self.identity} is not accepted: {self.why_offline}") from None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None and self.is_online:
            with suppress(TimeoutError):  # what is left stays undelivered, as in a power cut
                await self.until(_has_told_all, timeout_s=LAST_MESSAGES_S)
        await self._end()

    async def _end(self) -> None:
        task, has_line = self._task, self._connection.leave()
        if task is not None:
            if has_line:  # the task ends when the connection has
                await asyncio.wait([task], timeout=CLOSE_S)
            task.cancel()
            await asyncio.wait([task])
            self._task = None
        self._alarm.cancel()
        await self._transfers.stop()
        await self._dialer.stop()
        self.core.save()
        self.core.hub.memory.close()
        if task is not None and not task.cancelled():
            task.result()  # a bug in the station is told here

    def _on_task_done(self, _task: asyncio.Task[None]) -> None:
        """Nobody shall wait for a station that is gone."""
        self._watch.give_up(f"{self.identity} has stopped")

    def _step(self, act: Callable[[float], T]) -> T:
        now_s = self._clock.monotonic_s()
        self.core.skip_to(now_s - LATE_S_MAX)
        result = act(now_s)
        self._connection.flush()
        self._watch.add(self.core.happened())
        self._set_timer()
        return result

    def _set_timer(self) -> None:
        if self._task is not None:
            self._alarm.set(self.core.deadline_s, self._clock.monotonic_s())

    def _on_time(self) -> None:
        self._step(self.core.advance)

    def _expect(self, found: Callable[[], Any]) -> asyncio.Future[Any]:
        if self._task is None or self._task.done():
            raise RuntimeError(f"{self.identity} is not running: use `async with`")
        return self._watch.expect(found)


def _has_told_all(core: Core) -> bool:
    return not core.hub.outbox and not core.hub.conversation.waiting
