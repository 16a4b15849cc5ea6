"""Who tried to connect without being registered: the inbox, as a list and as a live view."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from litestar import get
from msgspec.structs import fields

from chargeplane.csms.provisioning.directory import Directory
from chargeplane.csms.provisioning.views import StrangerView
from chargeplane.runtime.rest import (
    Injected,
    Page,
    PageQuery,
    PageRequest,
    Principal,
    Sites,
    View,
    requires,
)

__all__ = ["Strangers", "list_strangers"]

LOOKED_FOR_S = 3.0
"""No event tells of a stranger; so often the inbox is looked at, once for all who watch it."""
_MEMBERS = tuple(each.name for each in fields(StrangerView))


class StrangerQuery(PageQuery, frozen=True, kw_only=True):
    """Which page of the inbox."""


class Strangers:
    """Shows the inbox. It belongs to no site."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def page(
        self, tenant_id: UUID, query: StrangerQuery, _sites: Sites = None
    ) -> Page[StrangerView]:
        """A page of it, the latest first."""
        page = query.page
        rows = await self._directory.strangers(
            tenant_id, count_max=page.fetch_max, after=page.after(tuple[datetime, str])
        )
        return page.of(
            rows,
            lambda row: StrangerView(*(getattr(row, name) for name in _MEMBERS)),
            key=lambda row: (row.last_seen_at, row.id),
        )

    @property
    def view(self) -> View:
        """The same as it changes."""
        return View(
            name="unknown-stations",
            permission="stations:read",
            parameters=StrangerQuery,
            read=self.page,
            key=lambda stranger: str(stranger.id),
            refresh_s=LOOKED_FOR_S,
        )


@get("/unknown-stations", guards=[requires("stations:read")], summary="List who tried to connect")
async def list_strangers(
    strangers: Injected[Strangers], principal: Injected[Principal], page: Injected[PageRequest]
) -> Page[StrangerView]:
    """Stations that tried to connect without being registered, the latest first."""
    query = StrangerQuery(items_max=page.items_max, cursor=page.cursor)
    return await strangers.page(principal.tenant_id, query)
