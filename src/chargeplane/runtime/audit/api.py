"""The routes of the audit log: looking, exporting, checking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response import Stream
from msgspec import Struct
from sqlalchemy import Connection

from chargeplane.runtime.audit import finding
from chargeplane.runtime.audit.chain import STEP_ENTRIES_MAX, Entry, check, entries, head
from chargeplane.runtime.audit.finding import Wanted
from chargeplane.runtime.rest import (
    CountAll,
    Injected,
    PageRequest,
    Principal,
    Routes,
    Span,
    requires,
    search_in,
)
from chargeplane.runtime.store import Store

__all__ = ["exported", "routes"]

AUDIT = requires("audit-log:audit")
Text = Annotated[str | None, QueryParameter(min_length=1, max_length=300)]
Search = Annotated[
    str | None, search_in("In who, the action, its target, the reason or the address.")
]
OrActions = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=8_000,
        description="Actions, separated by commas, that `search` finds too, up to 200: for whoever "
        "shows them by other words.",
    ),
]


class EntryView(Struct, frozen=True):
    """An entry of the audit log."""

    seq: int
    id: UUID
    at: datetime
    actor_kind: str
    """user, token, command-line, system, or nobody: a stranger."""
    actor_id: str
    actor_name: str
    source: str
    """The address that the request came from."""
    action: str
    target: str
    reason: str
    """What was sent as ``X-Reason``."""
    details: dict[str, Any]
    """Fields of the request; ``...`` where the value is secret or long."""
    previous: str
    digest: str
    """SHA-256 of the entry, the digest of the one before included."""


class EntryPage(Struct, frozen=True, kw_only=True):
    """One page of the audit log."""

    items: list[EntryView]
    next: str | None
    """The cursor of the page after it; null at the end of the list."""
    total: int | None = None
    """On all pages, if it was asked for with ``count``; null if there are more than 10,000."""


class NamedView(Struct, frozen=True):
    """A name, and how many entries have it."""

    name: str
    count: int


class AuditNamesView(Struct, frozen=True):
    """Who is in the audit log, with what: up to 100 of each, those with the most entries."""

    actors: list[NamedView]
    actions: list[NamedView]


class ChainView(Struct, frozen=True):
    """Whether the chain of entries holds."""

    is_whole: bool
    entries: int
    digest: str
    """Of the last entry. Keep it elsewhere, and hold a later chain against it."""
    broken_at: int | None
    reason: str


@get("/audit-log", guards=[AUDIT], summary="List the audit log")
async def list_audit_log(
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    span: Injected[Span],
    actor: Text = None,
    action: Text = None,
    target: Text = None,
    search: Search = None,
    or_actions: OrActions = None,
    count: CountAll = False,
) -> EntryPage:
    """Who did what to what and why, the newest first. ``target`` is the beginning of a path."""
    tenant_id = principal.tenant_id
    wanted = _wanted(actor, action, target, search, or_actions, span)
    before = page.after(int)

    def look(connection: Connection) -> tuple[list[Entry], int | None]:
        rows = finding.found(connection, tenant_id, wanted, before=before, count_max=page.fetch_max)
        return rows, finding.count(connection, tenant_id, wanted) if count else None

    rows, total = await store.read(look)
    shown = page.of(rows, _view, key=lambda entry: entry.seq)
    return EntryPage(items=shown.items, next=shown.next, total=total)


@get("/audit-log/names", guards=[AUDIT], summary="List who is in the audit log")
async def list_audit_names(
    store: Injected[Store],
    principal: Injected[Principal],
    span: Injected[Span],
    actor: Text = None,
    action: Text = None,
    target: Text = None,
    search: Search = None,
    or_actions: OrActions = None,
) -> AuditNamesView:
    """The actors and actions of the entries that the others of these parameters fit."""
    wanted = _wanted(actor, action, target, search, or_actions, span)
    look = partial(finding.names, tenant_id=principal.tenant_id, wanted=wanted)
    actors, actions = await store.read(look)
    return AuditNamesView(
        [NamedView(*each) for each in actors], [NamedView(*each) for each in actions]
    )


@get("/audit-log/chain", guards=[AUDIT], summary="Check the audit log")
async def check_audit_log(store: Injected[Store], principal: Injected[Principal]) -> ChainView:
    """Go through the whole chain: was an entry changed, removed or inserted?"""
    tenant_id = principal.tenant_id
    broken, last = await store.read(lambda c: (check(c, tenant_id), head(c, tenant_id)))
    return ChainView(
        broken is None,
        last.seq,
        last.digest,
        broken.seq if broken else None,
        broken.reason if broken else "",
    )


@get(
    "/audit-log/export",
    guards=[AUDIT],
    media_type="application/x-ndjson",
    summary="Export the audit log",
)
async def export_audit_log(store: Injected[Store], principal: Injected[Principal]) -> Stream:
    """All entries as JSON lines, the oldest first."""
    return exported(store, principal.tenant_id)


def exported(store: Store, tenant_id: UUID) -> Stream:
    """The answer that is the whole log of a tenant, as a file of JSON lines."""
    headers = {"Content-Disposition": 'attachment; filename="audit-log.jsonl"'}
    lines = _lines(store, tenant_id)
    return Stream(lines, media_type="application/x-ndjson", headers=headers)


def routes() -> Routes:
    """The routes of the audit log."""
    return Routes(
        "Audit log", (list_audit_log, list_audit_names, check_audit_log, export_audit_log)
    )


async def _lines(store: Store, tenant_id: UUID) -> AsyncIterator[bytes]:
    after = 0
    while True:
        look = partial(entries, tenant_id=tenant_id, after=after, count_max=STEP_ENTRIES_MAX)
        page = await store.read(look)
        if not page:
            return
        after = page[-1].seq
        yield b"".join(msgspec.json.encode(_view(entry)) + b"\n" for entry in page)


def _wanted(
    actor: str | None,
    action: str | None,
    target: str | None,
    search: str | None,
    or_actions: str | None,
    span: Span,
) -> Wanted:
    also = tuple((or_actions or "").split(",", finding.ACTIONS_MAX)[: finding.ACTIONS_MAX])
    return Wanted(actor, action, target, search, also, span.start, span.end)


def _view(entry: Entry) -> EntryView:
    facts = entry._asdict() | {"details": msgspec.json.decode(entry.details)}
    del facts["tenant_id"]
    return EntryView(**facts)
