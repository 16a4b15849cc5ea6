"""The rules: a request for a log, how it moves on, and what an answer makes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from chargeplane.csms.contract import Ask, Heard, Station
from chargeplane.csms.diagnostics import tables
from chargeplane.csms.diagnostics.states import PHASES, LogState
from chargeplane.csms.diagnostics.tables import LogRequest
from chargeplane.csms.exchange import Exchange, FileAddress, FileFault
from chargeplane.csms.progress import Progress
from chargeplane.csms.wire_ids import new_wire_id
from chargeplane.domain.commands import Accepted, GetLog, Outcome, Refused, Unsupported
from chargeplane.domain.events import LogStatusChanged
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, new_id, storable

__all__ = ["LIFE", "LOG_BYTES_MAX", "Diagnostics", "Say"]

LOG_BYTES_MAX: Final = 64 << 20
LIFE: Final = timedelta(hours=24)
"""So long a station may take, retries and all."""
NAME_CHARACTERS_MAX: Final = 255

Say = Callable[[FileAddress, int], Request]
"""Makes the message for an address and a request id."""


class Diagnostics:
    """Asks for logs, and follows them."""

    def __init__(self, store: Store, clock: Clock, exchange: Exchange) -> None:
        self.store = store
        self.clock = clock
        self._exchange = exchange
        self.progress = Progress(
            store, clock, "log", tables.requests, PHASES, told=_told, settled=_named
        )

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
        now, request_id = self.clock.now(), new_wire_id()
        kept = LogRequest(
            station.tenant_id, new_id(), station.id, str(command.kind),
            request_id if has_id else None, command.oldest_at, command.latest_at, LogState.ASKED,
            None, None, None, address.id, now, now, address.expires_at,
        )  # fmt: skip
        await self.store.write(Function(partial(tables.add, request=kept)))
        return self.progress.ask(say(address, request_id), kept, read, "log_id")


def _told(request: LogRequest, heard: Heard, state: str, status: str) -> LogStatusChanged:
    return LogStatusChanged(
        tenant_id=heard.station.tenant,
        station_id=request.station_id,
        reported_at=heard.received_at,
        received_at=heard.received_at,
        frame_id=heard.frame,
        log_id=str(request.id),
        kind=request.kind,
        state=state,
        status=status,
    )


def _named(connection: Connection, request: LogRequest, outcome: Outcome, now: datetime) -> None:
    """Keep how the station calls the file, also where it has told more of it already."""
    if isinstance(outcome, Accepted | Refused):
        said = outcome.response.get("filename") or outcome.response.get("fileName")
        if said:
            name = storable(str(said))[:NAME_CHARACTERS_MAX]
            tables.requests.change(
                connection, request.tenant_id, request.id, file_name=name, changed_at=now
            )
