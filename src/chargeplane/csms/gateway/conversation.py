"""One station's conversation over one WebSocket, under one epoch.

It belongs to the loop and holds no lock: whatever comes back late (a commit, a command's answer)
finds out whether the conversation has ended, and is dropped if so.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from chargeplane.csms.contract import Decision, Heard, Station
from chargeplane.csms.gateway.lifting import lifted, lowered
from chargeplane.csms.gateway.redaction import redacted
from chargeplane.ocpp.errors import LocalError, OcppError
from chargeplane.ocpp.events import (
    Abandoned,
    Answered,
    Called,
    Event,
    Failed,
    Ignored,
    Malformed,
    Refused,
    Sent,
    TimedOut,
)
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.versions import Role
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.links import CloseCode, Ending, Link, LinkClosed
from chargeplane.runtime.store import frames, new_id, storable

if TYPE_CHECKING:
    from datetime import datetime

    from chargeplane.csms.gateway.gateway import Gateway
    from chargeplane.runtime.store import Row

__all__ = ["Conversation", "Ended"]

Ended = Answered | Refused | Failed | TimedOut | Abandoned
"""How a request of ours can end."""

HOSTILE_FRAMES_MAX = 20
"""So many unreadable frames in a row cost the connection."""


def _new_message_id() -> str:
    return str(new_id())


class _Frame(NamedTuple):
    """A frame that has come in and waits for its turn."""

    id: UUID
    received_at: datetime
    text: str


class Conversation:
    """Receives what a link brings, and answers."""

    def __init__(self, gateway: Gateway, link: Link, station: Station) -> None:
        """Not yet the owner of its identity: ``begin`` follows."""
        self._gateway = gateway
        self.link = link
        self.station = station
        self.peer = Peer(
            station.version,
            Role.CSMS,
            tolerance=gateway.tolerance,
            limits=gateway.limits,
            new_id=_new_message_id,
        )
        self.epoch = 0
        self.has_ended = False
        self._in_hand: _Frame | None = None
        self._waiting: deque[_Frame] = deque()
        self._asked: dict[str, Callable[[Ended], None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._unreadable = 0
        self._loop = asyncio.get_running_loop()
        self.first_answered: asyncio.Future[None] = self._loop.create_future()
        """Done when the first request has its answer; cancelled if the end comes before."""

    # What the link tells --------------------------------------------------------------------

    def received(self, text: str) -> None:
        """A frame has come."""
        if self.has_ended:
            return
        frame = _Frame(new_id(), self._gateway.clock.now(), text)
        events = self.peer.receive(text, self._loop.time())
        if events:
            for event in events:
                self._on(event, frame)
        else:
            self._waiting.append(frame)  # the peer holds it back until the one in hand is answered
        self._send()

    def closed(self, ending: Ending) -> None:
        """The link is over."""
        self._gateway.link_ended(self, ending)

    # What follows ---------------------------------------------------------------------------

    def _on(self, event: Event, frame: _Frame) -> None:
        gateway = self._gateway
        if isinstance(event, Called):
            self._unreadable = 0
            self._note(event, frame)
            heard = Heard(
                self.station,
                lifted(event.request, frame.received_at),
                frame.id,
                frame.received_at,
                event.message_id,
                event.repairs,
            )
            row = self._row(frame, "in", event.message_id)
            gateway.dispatcher.hear(heard, row, self._answer(event.message_id))
            return
        gateway.tray.put([self._row(frame, "in", getattr(event, "message_id", None))])
        match event:
            case Answered() | Refused() | Failed():
                self._unreadable = 0
                self._settle(event)
            case Malformed():
                gateway.meter.malformed(event.code)
                self._unreadable += 1
                if self._unreadable >= HOSTILE_FRAMES_MAX:
                    self.link.close(CloseCode.POLICY_VIOLATION, "too many unreadable frames")
            case Sent():
                gateway.told(self.station, event.request, frame.id, frame.received_at)
            case Ignored():
                gateway.meter.ignored()

    def _note(self, event: Called, frame: _Frame) -> None:
        gateway = self._gateway
        gateway.seen(self.station, frame.received_at)
        for repair in event.repairs:
            gateway.meter.repaired(repair.name)

    def _answer(self, message_id: str) -> Callable[[Decision | OcppError], None]:
        def done(decision: Decision | OcppError) -> None:
            if self.has_ended:
                return
            events = self._said(message_id, decision)
            self._send()
            if not self.first_answered.done():
                self.first_answered.set_result(None)
            for event in events:
                self._on(event, self._waiting.popleft())
            if events:
                self._send()

        return done

    def _said(self, message_id: str, decision: Decision | OcppError) -> list[Event]:
        """Give the answer to the peer; the next requests, if some have waited."""
        try:
            if not isinstance(decision, OcppError):
                return self.peer.answer(message_id, lowered(decision.response, self.peer.version))
            error = decision
        except LocalError as fault:
            self._gateway.fault(self.station, fault)
            error = fault
        return self.peer.refuse(message_id, error.code, error.description, error.details)

    def _send(self) -> None:
        texts = self.peer.outgoing()
        if not texts:
            return
        try:
            for text in texts:
                self.link.send(text)
        except LinkClosed:
            return
        now = self._gateway.clock.now()
        self._gateway.tray.put([self._row(_Frame(new_id(), now, text), "out") for text in texts])

    def _row(self, frame: _Frame, direction: str, message_id: str | None = None) -> Row:
        station = self.station
        return frames.SINK, (
            station.tenant_id,
            station.id,
            frame.id,
            direction,
            frame.received_at,
            self.epoch,
            message_id and storable(message_id),
            storable(redacted(frame.text)),
        )

    # Our requests ---------------------------------------------------------------------------

    def ask(self, request: Request, told: Callable[[Ended], None]) -> None:
        """Send a request of the station's version; ``told`` learns how it ends.

        Raises:
            LocalError: it cannot be sent, or too many wait already.
        """
        message_id = self.peer.call(request, self._loop.time())
        self._asked[message_id] = told
        self._send()
        self._watch()

    def _settle(self, event: Ended) -> None:
        told = self._asked.pop(event.message_id, None)
        if told is not None:
            told(event)
        self._watch()

    def _watch(self) -> None:
        """Be there when the open request has had its time."""
        deadline = self.peer.deadline
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if deadline is not None and not self.has_ended:
            self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        for event in self.peer.expire(self._loop.time()):
            if isinstance(event, TimedOut):
                self._settle(event)
        self._send()
        self._watch()

    def end(self) -> None:
        """Nothing counts any more that comes from here or was meant for here."""
        if self.has_ended:
            return
        self.has_ended = True
        for event in self.peer.close():
            if isinstance(event, Abandoned):
                self._settle(event)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.first_answered.done():
            self.first_answered.cancel()
        self._waiting.clear()
