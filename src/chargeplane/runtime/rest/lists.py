"""What lists have in common: parameters, each written down once, and how a list is shown live.

@get("/reservations", ...)
async def list_reservations(
    search: Annotated[str | None, search_in("In the station or the id token.")] = None,
    sort: Annotated[Sort, SORT] = "-id",
    count: CountAll = False,
) -> ReservationPage: ...
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from litestar.params import QueryParameter
from msgspec import Meta, Struct, field
from sqlalchemy import Connection

from chargeplane.domain.events import Event
from chargeplane.runtime.rest.keyset import Listing
from chargeplane.runtime.rest.pages import Page, PageRequest
from chargeplane.runtime.rest.problems import Problem
from chargeplane.runtime.rest.views import KeyOf, PageQuery, Sites, View
from chargeplane.runtime.store import Store

__all__ = [
    "SEARCH_CHARACTERS_MAX",
    "SORT",
    "SORT_AS_THEY_CAME",
    "AnyCase",
    "CountAll",
    "ListQuery",
    "OneById",
    "SearchText",
    "Shown",
    "search_in",
]

SEARCH_CHARACTERS_MAX: Final = 100

SearchText = Annotated[str, Meta(min_length=1, max_length=SEARCH_CHARACTERS_MAX)]
Text = Annotated[str, Meta(max_length=255)]
Time = Annotated[datetime, Meta(tz=True)]

SORT: Final = QueryParameter(description="With a minus sign: the other way round.")
SORT_AS_THEY_CAME: Final = QueryParameter(
    description="With a minus sign: the other way round; `id`: as they came."
)
CountAll = Annotated[
    bool, QueryParameter(description="Count all that fit, up to 10,000, as `total`.")
]
AnyCase = Annotated[str | None, QueryParameter(description="Upper and lower case are the same.")]


def search_in(where: str) -> QueryParameter:
    """The parameter ``search``: a text, with the words that say where it is looked for."""
    return QueryParameter(min_length=1, max_length=SEARCH_CHARACTERS_MAX, description=where)


class ListQuery(PageQuery, frozen=True, kw_only=True):
    """What a list of what happens at stations can be asked for in the live stream."""

    search: SearchText | None = None
    station_id: Text | None = None
    id_token: Text | None = None
    starts_at: Time | None = field(default=None, name="from")
    ends_at: Time | None = field(default=None, name="to")
    count: bool = False


class OneById(Struct, frozen=True, forbid_unknown_fields=True):
    """Which one."""

    id: UUID


W = TypeVar("W")
R = TypeVar("R")
V = TypeVar("V", bound=Struct)
C = TypeVar("C")


def _as_stored(connection: Connection, tenant_id: UUID, records: list[R]) -> list[R]:
    return records


@dataclass(frozen=True, kw_only=True)
class Shown(Generic[W, R, V]):
    """Records of a ``Listing`` as people see them (``V``): pages, some by their ids, and one."""

    store: Store
    noun: str
    """What one is called: ``reservation``."""
    listing: Listing[W, R]
    view: Callable[[R], V]
    at: Callable[[Sites], W]
    """What is wanted of all at some sites."""
    complete: Callable[[Connection, UUID, list[R]], list[R]] = _as_stored
    """Adds to records of a tenant what stands elsewhere."""

    async def page(
        self,
        tenant_id: UUID,
        wanted: W,
        sort: str,
        page: PageRequest,
        count: Callable[[Connection, UUID, W], C] | None = None,
    ) -> tuple[Page[V], C | None]:
        """A page of what is wanted, and what ``count`` says of all of it.

        Raises:
            Problem: the cursor is not one of this list.
        """

        def look(connection: Connection) -> tuple[Page[V], C | None]:
            rows = self.listing.page(connection, tenant_id, wanted, sort, page)
            records = self.complete(connection, tenant_id, [row.record for row in rows])
            shown = page.of(
                [*zip(rows, records, strict=True)],
                lambda pair: self.view(pair[1]),
                key=lambda pair: pair[0].key,
            )
            return shown, count(connection, tenant_id, wanted) if count else None

        return await self.store.read(look)

    async def rows(
        self, tenant_id: UUID, keys: Collection[str], sites: Sites = None
    ) -> Mapping[str, V]:
        """Those at these sites that have one of these ids."""
        look = partial(self._some, tenant_id=tenant_id, ids=list(map(UUID, keys)), sites=sites)
        return {str(_id_of(each)): each for each in await self.store.read(look)}

    async def one(self, tenant_id: UUID, query: OneById, sites: Sites = None) -> V:
        """One of them.

        Raises:
            Problem: there is no such one at these sites.
        """
        look = partial(self._some, tenant_id=tenant_id, ids=[query.id], sites=sites)
        for each in await self.store.read(look):
            return each
        raise Problem.not_found(self.noun, str(query.id))

    def _some(
        self, connection: Connection, tenant_id: UUID, ids: list[UUID], sites: Sites
    ) -> list[V]:
        records = self.listing.some(connection, tenant_id, self.at(sites), ids)
        return [self.view(each) for each in self.complete(connection, tenant_id, records)]

    def views(
        self,
        parameters: type[PageQuery],
        read: Callable[..., Any],
        keys: Mapping[type[Event], KeyOf],
        **of_list: Any,
    ) -> tuple[View, View]:
        """The live views of the list and of one, such as ``reservations`` and ``reservation``.

        Args:
            parameters: of the list.
            read: reads a page of it.
            keys: by the type of an event, which row it changes.
            of_list: more of what ``View`` says of lists.
        """
        permission = f"{self.noun}s:read"
        return (
            View(
                name=f"{self.noun}s", permission=permission, parameters=parameters, read=read,
                is_sited=True, key=lambda item: str(_id_of(item)), keys=keys, rows=self.rows,
                **of_list,
            ),
            View(
                name=self.noun, permission=permission, parameters=OneById, read=self.one,
                is_sited=True, subject=lambda query: str(query.id), keys=keys, pause_s=0.25,
            ),
        )  # fmt: skip


def _id_of(view: Any) -> UUID:
    found: UUID = view.id
    return found
