"""From a request to its answer: the block decides, the store commits, and only then it is told.

The one place where a fault of ours in a block is caught: its station is answered with an
InternalError and keeps its connection, nobody else notices, and the trace is logged.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cache

from chargeplane.csms.contract import Block, Decision, Handler, Heard, Registration, Station
from chargeplane.csms.gateway.meter import ANSWERED, Meter
from chargeplane.csms.gateway.tray import Tray
from chargeplane.domain.events import Event, encode
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.errors import ErrorCode, LocalError, OcppError, RemoteError
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.bus import Published
from chargeplane.runtime.store import Row, Rows, Store, StoreError, new_id, outbox

__all__ = ["Dispatcher", "Done"]

_log = logging.getLogger(__name__)

Done = Callable[["Decision | OcppError"], None]
"""Takes what may be answered now."""

# What a station may say before it is accepted; nothing else is served (B02.FR.09, B03.FR.07).
BEFORE_ACCEPTED: frozenset[type[Request]] = frozenset(
    {v16.BootNotificationRequest, v21.BootNotificationRequest}
)
# The reports that a pending station was asked for (B02.FR.02); provisioning refuses all others.
WHILE_PENDING = BEFORE_ACCEPTED | {v21.NotifyReportRequest}
# Who has to renew its certificate is asked for that, and it alone (A00.FR.429, B02.FR.01).
_TO_RENEW: frozenset[type[Request]] = frozenset(
    {
        v16.SignCertificateRequest,
        v16.SecurityEventNotificationRequest,
        v21.SignCertificateRequest,
        v21.SecurityEventNotificationRequest,
    }
)
TO_RENEW = BEFORE_ACCEPTED | _TO_RENEW


class Dispatcher:
    """Knows the handler of each request, and keeps the order: commit, then answer."""

    def __init__(self, blocks: Iterable[Block], store: Store, tray: Tray, meter: Meter) -> None:
        self._handlers: dict[type[Request], Handler] = {}
        for block in blocks:
            for kind, handler in (*block.v1.items(), *block.v2.items()):
                if kind in self._handlers:
                    raise ValueError(f"two blocks handle {kind.__name__}")
                self._handlers[kind] = handler
        self._store = store
        self._tray = tray
        self._tasks: set[asyncio.Task[None]] = set()
        self._meter = meter

    def hear(self, heard: Heard, done: Done) -> None:
        """Let the block decide; ``done`` is called once, when the answer may go out."""
        kind: type[Request] = type(heard.request)
        handler = self._handlers.get(kind)
        if handler is None:
            error = RemoteError(ErrorCode.NOT_SUPPORTED, f"{_action(kind)} is not served")
            self._refuse(heard, error, done)
        elif not heard.station.is_accepted and kind not in _open_to(heard.station):
            reason = "the station is not accepted yet; it may only send BootNotification"
            if heard.station.may_renew:
                reason = "the station has to renew its certificate first (SignCertificate)"
            self._refuse(heard, RemoteError(ErrorCode.SECURITY_ERROR, reason), done)
        else:
            try:
                decision = handler(heard)
            except Exception as error:
                self._failed(heard, error, done)
                return
            if isinstance(decision, Decision):
                self._commit(heard, decision, done)
            else:
                self._start(self._wait_for(heard, decision, done))

    async def _wait_for(self, heard: Heard, deciding: Awaitable[Decision], done: Done) -> None:
        try:
            decision = await deciding
        except Exception as error:
            self._failed(heard, error, done)
            return
        self._commit(heard, decision, done)

    def _commit(self, heard: Heard, decision: Decision, done: Done) -> None:
        try:
            rows, events = _rows_and_events(heard, decision)
        except Exception as error:  # such as an event that cannot be written
            self._failed(heard, error, done)
            return
        if not decision.durable:
            self._tray.put(rows, events)
            if decision.kept is not None:
                decision.kept()
            self._count(heard, ANSWERED)
            done(decision)
            return

        def told(_: object, error: Exception | None) -> None:
            if error is not None:
                self._not_stored(heard, error, done)
                return
            if decision.kept is not None:
                decision.kept()
            self._count(heard, ANSWERED)
            done(decision)
            self._tray.tell(heard.station, events)

        unit = Rows(rows)
        try:
            queued = self._store.submit(unit, told)
        except StoreError as error:  # it is closed
            told(None, error)
            return
        if not queued:
            self._start(self._queue_for_room(unit, told))

    async def _queue_for_room(
        self, unit: Rows, told: Callable[[object, Exception | None], None]
    ) -> None:
        try:
            await self._store.write(unit)
        except Exception as error:  # whatever keeps it from being stored: the station is told
            told(None, error)
        else:
            told(None, None)

    def _not_stored(self, heard: Heard, error: Exception, done: Done) -> None:
        """Nothing was acknowledged; the station will say it again, and blocks look it up anew."""
        heard.station.forget()
        self._count(heard, ErrorCode.INTERNAL_ERROR)
        _log.error(
            "%s was not stored: %s",
            type(heard.request).__name__,
            error,
            exc_info=None if isinstance(error, StoreError) else error,
            extra={"station_id": heard.station.id},
        )
        done(LocalError(ErrorCode.INTERNAL_ERROR, "it could not be stored; please try again"))

    def _failed(self, heard: Heard, error: Exception, done: Done) -> None:
        if isinstance(error, RemoteError):  # a block refuses, in the protocol's own words
            self._refuse(heard, error, done)
            return
        if isinstance(error, StoreError):  # the block could not read
            self._not_stored(heard, error, done)
            return
        heard.station.forget()
        self._count(heard, ErrorCode.INTERNAL_ERROR)
        _log.error(
            "%s was not served",
            type(heard.request).__name__,
            exc_info=error,
            extra={"station_id": heard.station.id},
        )
        done(LocalError(ErrorCode.INTERNAL_ERROR, "a fault of the central system; it is logged"))

    def _refuse(self, heard: Heard, error: RemoteError, done: Done) -> None:
        self._count(heard, error.code)
        done(error)

    def _count(self, heard: Heard, outcome: str) -> None:
        kind: type[Request] = type(heard.request)
        self._meter.answered(_action(kind), outcome)

    def _start(self, work: Awaitable[None]) -> None:
        assert inspect.iscoroutine(work)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait for what is being decided."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)


def _open_to(station: Station) -> frozenset[type[Request]]:
    if station.may_renew:
        return TO_RENEW
    return WHILE_PENDING if station.registration is Registration.PENDING else BEFORE_ACCEPTED


def _rows_and_events(
    heard: Heard, decision: Decision
) -> tuple[tuple[Row, ...], Sequence[Published]]:
    """All rows of a decision, those of its events among them, and what is to be told."""
    rows, tenant_id = decision.rows, heard.station.tenant_id
    told = [Published(tenant_id, new_id(), event) for event in decision.events]
    if told:
        rows = (*rows, *(outbox_row(each, each.event) for each in told))
    if decision.implied is not None:
        told.append(Published(tenant_id, heard.frame_id, decision.implied))
    return rows, told


def outbox_row(published: Published, event: Event) -> Row:
    """An event as a row of the outbox."""
    return outbox.SINK, (
        published.tenant_id,
        published.id,
        _topic(type(event)),
        encode(event).decode(),
        event.received_at,
    )


@cache
def _action(kind: type[Request]) -> str:
    return kind.__name__.removesuffix("Request")


@cache
def _topic(kind: type[Event]) -> str:
    return str(kind.__struct_config__.tag)
