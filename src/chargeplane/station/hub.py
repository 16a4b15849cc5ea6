"""The middle of a station: shared state, who answers which request, who hears which signal.

Functional blocks never import each other. Each is installed into the hub with the requests that it
answers and the signals that it hears; it asks the central system through ``ask`` and, for what must
not be lost, through ``outbox``.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from math import nan
from random import Random
from typing import Any, TypeVar

from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.frames import Limits
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station.bookings import Bookings
from chargeplane.station.conversation import Conversation, Done, Outcome, Unanswered
from chargeplane.station.device_model.variable_table import table
from chargeplane.station.device_model.variables import Place, Variables
from chargeplane.station.evse import Evse
from chargeplane.station.grid import Grid
from chargeplane.station.inventory import Inventory
from chargeplane.station.keystore import KeyStore
from chargeplane.station.known_tokens import LocalList
from chargeplane.station.memory import Memory
from chargeplane.station.network import Network
from chargeplane.station.outbox import Outbox
from chargeplane.station.signals import Happening, Signal
from chargeplane.station.signals.traffic import CommandAnswered
from chargeplane.station.timers import Timers

__all__ = ["Hub"]

ASKED_MAX = 48
"""Requests that may wait for answers; a heartbeat beyond that is not sent."""
WAITING_MAX = 4
"""Requests without an answer, beyond which the central system does not keep up."""
HAPPENED_MAX = 10_000
CLOCK_TOLERANCE = timedelta(seconds=1)
# A UUID of version 4 (RFC 9562, 5.4): six bits say so, all others are chance.
_UUID_4 = (0x4 << 76) | (0x2 << 62)
_UUID_BITS = ~((0xF << 76) | (0x3 << 62))

R = TypeVar("R", bound=Request)
S = TypeVar("S", bound=Signal)


def _nothing(_outcome: Outcome) -> None:
    """Nobody waits for the answer."""


class Hub:
    """One station's shared state. Times ``now_s`` are seconds on a clock that only runs forward."""

    def __init__(
        self,
        identity: str,
        version: Version,
        inventory: Inventory,
        *,
        rng: Random,
        started_at: datetime,
        now_s: float,
        speed: float,
        memory: Memory | None = None,
    ) -> None:
        """A station that nobody has switched on yet; the blocks are installed next."""
        self.identity = identity
        self.version = version
        self.family = version.newest_of_family
        self.inventory = inventory
        self.rng = rng
        self.now_s = now_s
        self.speed = speed
        self.variables = Variables(table(inventory, version))
        self.variables.at(Place("SecurityCtrlr", "Identity")).value = identity
        self.grid = Grid()
        self.evses = {
            number: Evse(number, spec, spec.meter_wh, grid=self.grid)
            for number, spec in enumerate(inventory.evses, 1)
        }
        self.memory = memory or Memory()
        self.local_list = LocalList(self.memory)
        self.keys = KeyStore(self.memory)
        self.network = Network(self.memory, self.variables, self.keys)
        self.bookings = Bookings(self.memory, self.evses)
        self.is_operative = True
        self.awaits_install = False
        """Whether new firmware waits for the end of transactions, and no other may begin."""
        self.registration = ""
        """What the central system answered last: Accepted, Pending, Rejected; empty: nothing."""
        self.boot_reason = "PowerUp"
        self.timers = Timers()
        self.outbox = Outbox(self)
        self.conversation = Conversation(
            version,
            self._serve,
            self._after_answer,
            self.new_id,
            self._limits,
            self.tell,
            self.is_heard,
        )
        self.happened: deque[Happening] = deque(maxlen=HAPPENED_MAX)
        """For the owner of the station, who takes them; the oldest are lost first."""
        self._epoch = started_at - timedelta(seconds=now_s)
        self._time, self._time_at_s = started_at, now_s  # what ``time`` said last
        self._answers: dict[type[Request], Callable[[Any], Response | ErrorCode]] = {}
        self._hears: dict[type[Signal], list[Callable[[Any], None]]] = defaultdict(list)
        self._completes: dict[type[Request], list[Callable[[Any, Evse], Any]]] = defaultdict(list)
        self._afterwards: list[Callable[[], None]] = []

    # What blocks are installed with.

    def answers(self, request: type[R], handler: Callable[[R], Response | ErrorCode]) -> None:
        """Let this handler answer requests of this type (of the newest version of the family)."""
        self._answers[request] = handler

    def hears(self, signal: type[S], handler: Callable[[S], None]) -> None:
        """Tell this handler of these signals; in the order in which blocks were installed."""
        self._hears[signal].append(handler)

    def completes(self, request: type[R], complete: Callable[[R, Evse], R]) -> None:
        """Let a block add what it knows to requests of this type that another block makes."""
        self._completes[request].append(complete)

    # What blocks do.

    def completed(self, request: R, evse: Evse) -> R:
        """A request about an EVSE with what other blocks add to it."""
        for complete in self._completes.get(type(request), ()):
            request = complete(request, evse)
        return request

    def tell(self, signal: Signal) -> None:
        """Something happened, or something is wanted."""
        if isinstance(signal, Happening):
            self.happened.append(signal)
        for handler in self._hears[type(signal)]:
            handler(signal)

    def is_heard(self, signal: type[Signal]) -> bool:
        """Whether anybody would be told; of what happens each moment and nobody keeps."""
        return signal in self._hears

    def ask(self, request: Request, done: Done = _nothing, *, early: bool = False) -> None:
        """Ask the central system; lost if that is not possible now.

        Args:
            request: in the newest version of the family.
            done: told how it ended, in any case.
            early: whether it may be sent before the station is accepted: BootNotification, and
                what the central system itself asked for.
        """
        conversation = self.conversation
        possible = conversation.is_open and (early or self.registration == "Accepted")
        has_room = conversation.waiting < ASKED_MAX
        lowered = conversation.lowered(request) if possible and has_room else None
        if lowered is None:
            done(Unanswered.SILENT)
        else:
            conversation.call(lowered, self.now_s, done)

    def send(self, request: Request) -> bool:
        """Tell the central system what it does not answer (2.1); False: not possible now."""
        lowered = self.conversation.lowered(request) if self.is_online else None
        if lowered is None:
            return False
        self.conversation.send(lowered)
        return True

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do this when the answer in hand is on its way: the answer comes first (2.x FR.05)."""
        self._afterwards.append(act)

    def after(self, delay_s: float, key: object, act: Callable[[], None]) -> None:
        """Do this so much later; replaces what the key stood for."""
        self.timers.set(key, self.now_s + delay_s, act)

    def live(self, evse: Evse) -> Evse:
        """The EVSE as it is now, with all that it charged meanwhile."""
        evse.advance(self.now_s * self.speed)
        return evse

    def new_id(self) -> str:
        """A UUID; the same ones for the same seed."""
        bits = self.rng.getrandbits(128) & _UUID_BITS | _UUID_4
        text = bits.to_bytes(16).hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    # What is known.

    @property
    def is_online(self) -> bool:
        """Whether everything may be sent."""
        return self.conversation.is_open and self.registration == "Accepted"

    @property
    def is_behind(self) -> bool:
        """Whether so many requests wait that what comes again anyhow is better left out."""
        return self.conversation.waiting > WAITING_MAX

    @property
    def is_busy(self) -> bool:
        """Whether a transaction is running."""
        return any(evse.transaction for evse in self.evses.values())

    @property
    def takes_sessions(self) -> bool:
        """Whether EVSEs may be used that are not; per EVSE there can be other reasons."""
        return self.is_operative and not self.awaits_install

    def transactions(self) -> Iterator[Evse]:
        """The EVSEs with a transaction."""
        return (evse for evse in self.evses.values() if evse.transaction)

    def time(self) -> datetime:
        """The station's clock."""
        if self._time_at_s != self.now_s:
            self._time = self._epoch + timedelta(seconds=self.now_s)
            self._time_at_s = self.now_s
        return self._time

    def set_time(self, time: datetime) -> None:
        """Follow the central system's clock (B01.FR.06); small differences are the network's."""
        difference = time - self.time()
        if abs(difference) > CLOCK_TOLERANCE:
            self._epoch += difference
            self._time_at_s = nan

    # What the conversation asks.

    def _limits(self) -> Limits:
        timeout_s = self.variables.number("OCPPCommCtrlr", "MessageTimeout", "Default")
        return Limits(call_timeout_s=timeout_s)

    def _serve(self, request: Request) -> Response | ErrorCode:
        handler = self._answers.get(type(request))
        answer: Response | ErrorCode
        if self.registration == "Rejected":  # B03: nobody who rejects us gives us orders
            answer = ErrorCode.SECURITY_ERROR
        else:
            answer = ErrorCode.NOT_IMPLEMENTED if handler is None else handler(request)
        code = answer.value if isinstance(answer, ErrorCode) else ""
        self.tell(CommandAnswered(type(request).__name__.removesuffix("Request"), code))
        return answer

    def _after_answer(self) -> None:
        acts, self._afterwards = self._afterwards, []
        for act in acts:
            act()
