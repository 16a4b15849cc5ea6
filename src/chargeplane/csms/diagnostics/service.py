"""The rules: a request for a log, how it moves on, and what an answer makes of it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from chargeplane.csms.contract import Ask, Decision, Heard, Station
from chargeplane.csms.diagnostics import tables
from chargeplane.csms.diagnostics.tables import LogRequest
from chargeplane.csms.exchange import Exchange, FileAddress, FileFault
from chargeplane.domain.commands import (
    Accepted,
    GetLog,
    NoAnswer,
    Outcome,
    Refused,
    Unsupported,
)
from chargeplane.domain.events import LogStatusChanged
from chargeplane.ocpp.wire import Request, Response
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, StoreError, new_id, storable

__all__ = ["LOG_BYTES_MAX", "Diagnostics", "LogState", "moved", "state_said"]

_log = logging.getLogger(__name__)

LOG_BYTES_MAX: Final = 64 << 20
LIFE: Final = timedelta(hours=24)
"""So long a station may take, retries and all."""
REQUEST_ID_MAX: Final = (1 << 31) - 1
NAME_CHARACTERS_MAX: Final = 255


class LogState(StrEnum):
    """How far a request is; in this order it moves on, and never back."""

    ASKED = "asked"
    UNANSWERED = "unanswered"
    ACCEPTED = "accepted"
    UPLOADING = "uploading"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UPLOADED = "uploaded"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"


_RANK: Final = {state: rank for rank, state in enumerate(LogState)}
OPEN: Final = frozenset(
    {LogState.ASKED, LogState.UNANSWERED, LogState.ACCEPTED, LogState.UPLOADING}
)

_SAID: Final = {
    "Uploading": LogState.UPLOADING,
    "Uploaded": LogState.UPLOADED,
    "AcceptedCanceled": LogState.CANCELLED,
    "Idle": None,
}


def state_said(status: str) -> LogState | None:
    """What a station's word says of an upload; None: nothing. All others are failures."""
    return _SAID.get(status, LogState.FAILED)


def moved(state: LogState, said: LogState) -> LogState:
    """The state after something was said of it: whichever is further."""
    return max(state, said, key=_RANK.__getitem__)


Say = Callable[[FileAddress, int], Request]
"""Makes the message for an address and a request id."""


class Diagnostics:
    """Asks for logs, and follows them."""

    def __init__(self, store: Store, clock: Clock, exchange: Exchange) -> None:
        self.store = store
        self.clock = clock
        self._exchange = exchange

    async def ask(
        self,
        station: Station,
        command: GetLog,
        say: Say,
        read: Callable[[Any], Accepted | Refused],
        *,
        has_id: bool = True,
    ) -> Ask | Unsupported:
        """What to ask a station, after the request was stored.

        Args:
            station: which.
            command: what is wanted.
            say: makes the message.
            read: makes the outcome of the answer.
            has_id: whether the message carries a request id.
        """
        if command.oldest_at and command.latest_at and command.oldest_at > command.latest_at:
            return Unsupported(reason="latest_at is before oldest_at")
        try:
            address = await self._exchange.upload_address(
                station.tenant_id,
                station.id,
                f"log: {command.kind}",
                life=LIFE,
                size_bytes_max=LOG_BYTES_MAX,
            )
        except FileFault as fault:
            return Unsupported(reason=str(fault))
        now, request_id = self.clock.now(), 1 + secrets.randbelow(REQUEST_ID_MAX)
        kept = LogRequest(
            station.tenant_id, new_id(), station.id, str(command.kind),
            request_id if has_id else None, command.oldest_at, command.latest_at, LogState.ASKED,
            None, None, None, address.id, now, now, address.expires_at,
        )  # fmt: skip
        await self.store.write(Function(partial(tables.add, request=kept)))

        def told(response: Any) -> Outcome:
            outcome = read(response)
            return type(outcome)(
                status=outcome.status,
                reason=outcome.reason,
                response={**outcome.response, "log_id": str(kept.id)},
            )

        return Ask(say(address, request_id), told, partial(self._settle, kept))

    async def _settle(self, request: LogRequest, outcome: Outcome) -> None:
        """Keep what was answered. What the station said in the meantime is further."""
        file_name = None
        if isinstance(outcome, Accepted | Refused):
            said = outcome.response.get("filename") or outcome.response.get("fileName")
            file_name = storable(str(said))[:NAME_CHARACTERS_MAX] if said else None
        work = partial(
            _answered,
            request=request,
            state=_state_of(outcome),
            status=_storable(getattr(outcome, "status", None)),
            reason=_storable(outcome.reason),
            file_name=file_name,
            now=self.clock.now(),
        )
        try:
            await self.store.write(Function(work))
        except StoreError as error:
            _log.warning("station %s: the answer about a log: %s", request.station_id, error)

    async def hear(
        self, heard: Heard, request_id: int | None, status: str, response: Response
    ) -> Decision:
        """A station tells how an upload goes. Only what moves a request on is kept."""
        station, said = heard.station, state_said(status)
        if said is None:
            return Decision(response, durable=False)
        look = partial(
            tables.by_request_id,
            tenant_id=station.tenant_id,
            station_id=station.id,
            request_id=request_id,
        )
        known = await self.store.read(look)
        if known is None:
            _log.warning("station %s: %s for a log nobody asked for", station.id, status)
            return Decision(response, durable=False)
        state = moved(LogState(known.state), said)
        if state == known.state:
            return Decision(response, durable=False)
        row = (known.tenant_id, known.id, str(state), status, heard.received_at)
        event = LogStatusChanged(
            tenant_id=station.tenant,
            station_id=station.id,
            reported_at=heard.received_at,
            received_at=heard.received_at,
            frame_id=heard.frame,
            log_id=str(known.id),
            kind=known.kind,
            state=str(state),
            status=status,
        )
        return Decision(response, ((tables.MOVED, row),), (event,))


def _state_of(outcome: Outcome) -> LogState:
    match outcome:
        case Accepted():
            return LogState.ACCEPTED
        case Refused():
            return LogState.REFUSED
        case Unsupported():
            return LogState.UNSUPPORTED
        case NoAnswer():
            return LogState.UNANSWERED


def _answered(
    connection: Connection, request: LogRequest, state: LogState, now: Any, **values: Any
) -> None:
    known = tables.one(connection, request.tenant_id, request.station_id, request.id)
    if known is None:
        return
    reached = moved(LogState(known.state), state)
    if reached != state:  # the station's later word stays
        values = {"file_name": values["file_name"]}
    tables.change(
        connection, known.tenant_id, known.id, state=str(reached), changed_at=now, **values
    )


def _storable(text: str | None) -> str | None:
    return storable(text) if text else None
