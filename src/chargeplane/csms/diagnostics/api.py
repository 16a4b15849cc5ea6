"""The routes of logs: what stations were asked for, and what they have sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath
from msgspec import Struct

from chargeplane.csms.diagnostics import tables
from chargeplane.csms.diagnostics.service import Diagnostics
from chargeplane.csms.diagnostics.states import OPEN
from chargeplane.csms.diagnostics.tables import LogRequest
from chargeplane.csms.exchange import Exchange, StoredFile
from chargeplane.runtime.audit import Actor, Note
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import (
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)
from chargeplane.runtime.store import Function, Store

__all__ = ["routes"]

_BINARY = "application/octet-stream"


class LogView(Struct, frozen=True, kw_only=True):
    """A log that a station was asked for."""

    id: UUID
    station_id: str
    kind: str
    """diagnostics, security or data_collector."""
    oldest_at: datetime | None
    latest_at: datetime | None
    state: str
    """asked, unanswered, accepted, uploading, uploaded, failed, cancelled, refused, unsupported,
    or expired: its address counts no longer, and the station has not said that it is done."""
    status: str | None
    """The station's last word."""
    reason: str | None
    file_name: str | None
    """As the station calls it."""
    size_bytes: int | None
    """Of the file; null: it is not here."""
    sha256: str | None
    requested_at: datetime
    changed_at: datetime
    expires_at: datetime


@get(
    "/stations/{station_id:str}/logs",
    guards=[requires("stations:read")],
    summary="List the logs of a station",
)
async def list_logs(
    station_id: FromPath[str],
    diagnostics: Injected[Diagnostics],
    exchange: Injected[Exchange],
    principal: Injected[Principal],
    page: Injected[PageRequest],
) -> Page[LogView]:
    """What it was asked to send (`get-log`), the latest first."""
    look = partial(
        tables.listed,
        tenant_id=principal.tenant_id,
        station_id=station_id,
        count_max=page.fetch_max,
        before=page.after(UUID),
    )
    rows = await diagnostics.store.read(look)
    files = await exchange.received(principal.tenant_id, [row.file_id for row in rows])
    now = diagnostics.clock.now()
    return page.of(rows, lambda row: _view(row, files, now), key=lambda row: row.id)


@get(
    "/stations/{station_id:str}/logs/{log_id:uuid}",
    guards=[requires("stations:read")],
    summary="Show a log of a station",
)
async def show_log(
    station_id: FromPath[str],
    log_id: FromPath[UUID],
    diagnostics: Injected[Diagnostics],
    exchange: Injected[Exchange],
    principal: Injected[Principal],
) -> LogView:
    """How far it is."""
    row = await _found(diagnostics.store, principal, station_id, log_id)
    files = await exchange.received(principal.tenant_id, [row.file_id])
    return _view(row, files, diagnostics.clock.now())


@get(
    "/stations/{station_id:str}/logs/{log_id:uuid}/content",
    guards=[requires("stations:read")],
    media_type=_BINARY,
    summary="Get the file of a log",
)
async def show_log_content(
    station_id: FromPath[str],
    log_id: FromPath[UUID],
    request: Request[Principal, str, State],
    diagnostics: Injected[Diagnostics],
    exchange: Injected[Exchange],
    principal: Injected[Principal],
) -> Response[bytes]:
    """What the station has sent, as it is. Who has read it is in the audit log."""
    row = await _found(diagnostics.store, principal, station_id, log_id)
    content = await exchange.sent(principal.tenant_id, row.file_id)
    if content is None:
        raise Problem.not_found("file of log", log_id)
    await _noted(diagnostics.store, diagnostics.clock, principal, request, row)
    named = {"Content-Disposition": f'attachment; filename="{row.kind}-{row.id}.log"'}
    return Response(content, media_type=_BINARY, headers={**named, "Cache-Control": "no-store"})


def routes(diagnostics: Diagnostics, exchange: Exchange) -> Routes:
    """Everything about logs."""
    services = {"diagnostics": diagnostics, "exchange": exchange}
    return Routes("Logs", (list_logs, show_log, show_log_content), services)


async def _found(store: Store, principal: Principal, station_id: str, id_: UUID) -> LogRequest:
    look = partial(tables.one, tenant_id=principal.tenant_id, station_id=station_id, id_=id_)
    row = await store.read(look)
    if row is None:
        raise Problem.not_found("log", id_)
    return row


async def _noted(
    store: Store,
    clock: Clock,
    principal: Principal,
    request: Request[Principal, str, State],
    row: LogRequest,
) -> None:
    """Looks are not in the audit log; taking a station's log away is."""
    actor = Actor(
        principal.tenant_id,
        "user" if principal.is_user else "token",
        str(principal.id),
        principal.name,
        request.client.host if request.client else "",
    )
    target = f"stations/{row.station_id}/logs/{row.id}/content"
    note = Note(actor, "show_log_content", target, clock.now())
    await store.write(Function(note.write))


def _view(row: LogRequest, files: Mapping[UUID, StoredFile], now: datetime) -> LogView:
    file = files.get(row.file_id)
    is_late = row.state in OPEN and row.expires_at <= now
    return LogView(
        id=row.id,
        station_id=row.station_id,
        kind=row.kind,
        oldest_at=row.oldest_at,
        latest_at=row.latest_at,
        state="expired" if is_late else row.state,
        status=row.status,
        reason=row.reason,
        file_name=row.file_name,
        size_bytes=file.size_bytes if file else None,
        sha256=file.sha256 if file else None,
        requested_at=row.requested_at,
        changed_at=row.changed_at,
        expires_at=row.expires_at,
    )
