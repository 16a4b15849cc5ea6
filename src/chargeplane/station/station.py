"""A virtual station over real sockets.

    async with Station("CP1", version="2.1", url="ws://127.0.0.1:9000/ocpp") as station:
        await station.plug_in(1, Ev(soc=0.5))
        await station.tap("DEADBEEF")
        await station.wait_for(TransactionStarted)
        await station.unplug(1)

It dials, dials again after a loss, and keeps its time; what it does stands in ``core``. One task
belongs to it, which ends with the ``async with``.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self, TypeVar

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import Clock, SystemClock
from chargeplane.runtime.links import Wheel
from chargeplane.station.alarm import Alarm
from chargeplane.station.backoff import BackOff
from chargeplane.station.core import Core
from chargeplane.station.evse import Evse
from chargeplane.station.faults import Strike, strike
from chargeplane.station.handshake import Handshake
from chargeplane.station.impairment import Impairment
from chargeplane.station.inventory import Inventory
from chargeplane.station.inventory_file import read_inventory
from chargeplane.station.memory import memory_at
from chargeplane.station.network import NetworkProfile
from chargeplane.station.signals import Happening, Signal, TokenDecided
from chargeplane.station.transfers import Transfers
from chargeplane.station.vehicle import Ev
from chargeplane.station.watch import Watch
from chargeplane.station.wires import Dialer, JsonDialer, Line, NotConnected, SoapDialer

__all__ = ["Station"]

T = TypeVar("T")
_KEY = re.compile("([0-9A-Fa-f]{2})+")  # 1.6 writes the bytes of a key in hexadecimal
H = TypeVar("H", bound=Happening)
S = TypeVar("S", bound=Signal)

RESTART_S = 2.0
"""How long a station is away when it restarts."""
CLOSE_S = 3.0
"""How long the end waits for a connection to close."""
LAST_MESSAGES_S = 5.0
"""How long the end waits for transaction messages to be answered."""


class Station:
    """One station."""

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
        self.identity = identity
        self.version = Version(version)
        self._clock = clock or SystemClock()
        self._rng = Random(seed)
        self.core = Core(
            identity,
            self.version,
            started_at=self._clock.now(),
            now_s=self._clock.monotonic_s(),
            inventory=read_inventory(inventory) if isinstance(inventory, Path) else inventory,
            speed=speed,
            rng=self._rng,
            quirks=quirks,
            variables=variables,
            memory=memory_at(memory),
        )
        self._password, self._ready_timeout_s, self._frame = password, ready_timeout_s, frame
        self._dialer = self._dialer_for(url, tls, wheel, soap_host)
        self._transfers = Transfers(self.core, self.act, soap_host, True if tls is None else tls)
        self._back_off = BackOff(self.core.variables, self._rng)
        self._alarm = Alarm(self._on_time, alarms)
        self._wire = Impairment(self.later, self._clock.monotonic_s)
        self._be_idle()

    def _be_idle(self) -> None:
        self._line: Line | None = None
        self._task: asyncio.Task[None] | None = None
        self._watch = Watch()
        self._away_s = RESTART_S
        self._is_leaving = False
        self._is_dropping = False
        self.last_failure = ""
        """Why there was no connection the last time; empty while there is one."""

    # What people do.

    async def plug_in(self, evse_id: int = 1, ev: Ev | None = None, connector_id: int = 1) -> Ev:
        """Connect a vehicle; it, which changes while it charges.

        Raises:
            KeyError: there is no such EVSE.
            ValueError: it is taken, or has no such connector.
        """
        vehicle = Ev() if ev is None else ev
        self._step(lambda now_s: self.core.plug_in(evse_id, vehicle, now_s, connector_id))
        return vehicle

    async def unplug(self, evse_id: int = 1) -> Ev:
        """Pull the cable; the vehicle as it leaves.

        Raises:
            KeyError: there is no such EVSE.
            ValueError: no vehicle is connected.
        """
        return self._step(lambda now_s: self.core.unplug(evse_id, now_s))

    async def tap(self, token: str | IdToken, evse_id: int | None = None) -> TokenDecided:
        """Hold a token to the reader, and wait for what comes of it. It starts, or it stops.

        Raises:
            LocalError: the token is longer than the version can say.
        """
        presented = IdToken(token) if isinstance(token, str) else token
        since = self._watch.count
        self._step(lambda now_s: self.core.tap(presented, now_s, evse_id))

        def is_mine(each: TokenDecided) -> bool:
            return each.token == presented and (evse_id is None or each.evse_id == evse_id)

        def found() -> TokenDecided | None:
            return self._watch.first(TokenDecided, is_mine, since)

        decided: TokenDecided = await self._expect(found)
        return decided

    async def set_fault(self, evse_id: int, fault: str) -> None:
        """Break an EVSE (a 1.6 error code), or mend it (an empty text)."""
        self._step(lambda now_s: self.core.set_fault(evse_id, fault, now_s))

    async def set_limit(self, evse_id: int, limit_w: float | None) -> None:
        """Limit what an EVSE offers, as an energy manager on the site does; None: no limit."""
        self._step(lambda now_s: self.core.set_limit(evse_id, limit_w, now_s))

    async def restart(self) -> None:
        """Switch the station off and on."""
        self._step(self.core.restart)

    async def lose_power(self, reason: str = "PowerUp") -> None:
        """Cut its power for a moment; with ``Watchdog`` its software crashes."""
        self._step(lambda now_s: self.core.lose_power(now_s, reason))

    def act(self, act: Callable[[Core, float], T]) -> T:
        """Do something with the core at this moment, and carry what follows."""
        return self._step(lambda now_s: act(self.core, now_s))

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

    # What faults do; see ``faults.Victim``.

    def cut(self) -> None:
        """Lose the connection; the station will dial again."""
        if self._line is not None:
            self._is_dropping = True
            self._line.close()

    def silence(self, duration_s: float) -> None:
        """Let all frames vanish for so long, then lose the connection."""
        line, self._wire.is_silent = self._line, True
        self.later(duration_s, lambda: self.cut() if self._line is line else None)

    def slow(self, delay_s: float, duration_s: float) -> None:
        """Let frames be so late, for so long."""
        self._wire.delay_s = delay_s
        self.later(duration_s, partial(setattr, self._wire, "delay_s", 0.0))

    def power_off(self, reason: str, duration_s: float) -> None:
        """Stop without a warning, and boot so much later."""
        self._away_s = duration_s
        self.act(lambda core, now_s: core.lose_power(now_s, reason))

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something so much later, if the station still lives then."""

        def due() -> None:
            if self._task is not None:
                act()

        asyncio.get_running_loop().call_later(delay_s, due)

    # What can be seen.

    def evse(self, evse_id: int = 1) -> Evse:
        """An EVSE as it is now: meter, power, vehicle, transaction."""
        self._step(self.core.advance)
        return self.core.evse(evse_id)

    @property
    def is_online(self) -> bool:
        """Whether it is connected and accepted."""
        return self.core.hub.is_online

    @property
    def undelivered(self) -> int:
        """Transaction messages that wait to be sent, or for their answers."""
        return len(self.core.hub.outbox)

    @property
    def why_offline(self) -> str:
        """Why it is not online; without meaning while it is."""
        registration = self.core.hub.registration or "not answered"
        return self.last_failure or f"registration {registration}"

    def hears(self, kind: type[S], handler: Callable[[S], None]) -> None:
        """Tell this handler of each signal of exactly this kind, at once and in order.

        For what counts or records: nothing is kept or waited for, and the handler must be quick.
        """
        self.core.hub.hears(kind, handler)

    async def wait_for(
        self,
        kind: type[H],
        where: Callable[[H], bool] = lambda _: True,
        *,
        timeout_s: float | None = 30.0,
    ) -> H:
        """The first thing of this kind since the last one that was waited for; waits if need be.

        So a script reads as a story: what happened while it did something else is not missed.

        Raises:
            TimeoutError: it does not happen.
        """
        waiting = self._expect(lambda: self._watch.first(kind, where))
        happened: H = await asyncio.wait_for(waiting, timeout_s)
        return happened

    async def files_carried(self) -> bool:
        """Wait until no file is on its way, up or down; whether there was any."""
        return await self._transfers.idle()

    async def until(self, holds: Callable[[Core], bool], *, timeout_s: float = 30.0) -> None:
        """Wait until something holds, looked at after each step of the station.

        Raises:
            TimeoutError: it does not.
        """
        await asyncio.wait_for(self._expect(lambda: holds(self.core) or None), timeout_s)

    # Life.

    async def __aenter__(self) -> Self:
        await self._dialer.start()
        self._task = asyncio.get_running_loop().create_task(self._keep_connected())
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
        task, self._is_leaving = self._task, True
        if task is not None:
            if self._line is not None:
                self._line.close()  # the task ends when the connection has
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

    async def _keep_connected(self) -> None:
        disguise = self.core.disguise
        if disguise.first_dial_s:
            await asyncio.sleep(disguise.first_dial_s)
        while not self._is_leaving:
            try:
                line = await self._dialer.dial(self._heard)
            except NotConnected as error:
                self.last_failure = str(error)
                self._step(partial(self.core.not_reached, reason=str(error), status=error.status))
                await asyncio.sleep(disguise.redial_s(self._back_off.next_s()))
                continue
            restarts = await self._carry(line)
            if not self._is_leaving:
                away_s, self._away_s = self._away_s, RESTART_S
                wait_s = away_s if restarts else disguise.redial_s(self._back_off.next_s())
                await asyncio.sleep(wait_s)

    async def _carry(self, line: Line) -> bool:
        """Use a connection until it is gone; whether the station wanted to restart."""
        self._line, self.last_failure = line, ""
        self._wire.begin()
        self._is_dropping = restarts = False
        reason = "the connection was lost"
        try:
            self._step(self.core.connected)
            reason = await line.run() or reason
        finally:
            restarts = self.core.wants_to_hang_up
            self._line, self.last_failure = None, reason
            self._wire.begin()
            line.close()
            wanted = restarts or self._is_dropping or self._is_leaving
            self._step(lambda now_s: self.core.disconnected(now_s, "" if wanted else reason))
        return restarts

    def _heard(self, text: str) -> None:
        self._wire.carry(text, self._arrived, inward=True)

    def _arrived(self, text: str) -> None:
        self._frame("heard", text)
        self._back_off.succeeded()
        self._step(lambda now_s: self.core.receive(text, now_s))

    def _step(self, act: Callable[[float], T]) -> T:
        result = act(self._clock.monotonic_s())
        for text in self.core.outgoing():
            if self._line is not None:
                self._frame("sent", text)
                self._wire.carry(text, self._line.send, inward=False)
        if self.core.wants_to_hang_up and self._line is not None:
            self._line.close()
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

    def _dialer_for(
        self, url: str, tls: ssl.SSLContext | None, wheel: Wheel | None, soap_host: str
    ) -> Dialer:
        scheme = url.partition(":")[0]
        hub, password = self.core.hub, self._password
        if scheme in {"http", "https"}:
            if self.version.newest_of_family is not Version.V1_6:
                raise ValueError(f"OCPP {self.version} has no SOAP; give a ws:// address")
            return SoapDialer(
                url,
                self.identity,
                self.version,
                new_id=hub.new_id,
                host=soap_host,
                tls=tls,
                envelope=self._enveloped,
            )
        if scheme not in {"ws", "wss"}:
            raise ValueError(f"{url!r} is no address of a central system")
        security = (2 if password else 3) if scheme == "wss" and hub.keys.own() else 2
        if scheme == "ws":
            security = 0 if password is None else 1
        network = hub.network
        network.begin(NetworkProfile(url, security), is_trusting=tls is not None)
        return JsonDialer(
            lambda: network.current.url,
            self.identity,
            self.version,
            password=self._current_password,
            dressed=self._dressed,
            ping_interval_s=lambda: hub.variables.number("OCPPCommCtrlr", "WebSocketPingInterval"),
            tls=lambda: (tls or self._own_tls()) if network.is_tls else None,
            wheel=wheel,
        )

    def _own_tls(self) -> ssl.SSLContext | None:
        """By the station's own keys, if it has any: a new root or certificate counts at once."""
        keys = self.core.hub.keys
        return keys.context() if len(keys) or keys.own() else None

    def _enveloped(self, text: str) -> str:
        return self.core.disguise.envelope(text)  # the one of now: quirks may be set

    def _dressed(self, handshake: Handshake) -> Handshake:
        return self.core.disguise.handshake(handshake)

    def _current_password(self) -> str | bytes | None:
        """The one that the central system has set, or else the one from the beginning."""
        profile = self.core.hub.network.current
        if profile.security == 3:  # A00.FR.401: by its certificate alone
            return None
        if profile.password is not None:
            return profile.password
        changed = self.core.variables.text("SecurityCtrlr", "BasicAuthPassword")
        if not changed:
            return self._password
        is_key = self.core.is_1x and _KEY.fullmatch(changed)
        return bytes.fromhex(changed) if is_key else changed


def _has_told_all(core: Core) -> bool:
    return not core.hub.outbox and not core.hub.conversation.waiting
