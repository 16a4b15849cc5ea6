"""Live views: what a block shows in the live stream, beside the routes that show the same once.

A view reads what its REST route answers, and says which events change which rows of it. The live
stream (``chargeplane.web.live``) does the rest: it hears the bus, reads the rows that have changed
once for all who see them, and sends the differences.

    View(
        name="stations",
        permission="stations:read",
        parameters=StationQuery,
        read=page_of_stations,
        rows=stations_of_ids,
        is_sited=True,
        key=lambda station: station.id,
        keys={StationBooted: station_of, ConnectorStatusChanged: station_of},
    )
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from chargeplane.domain.events import Event
from chargeplane.runtime.rest.pages import (
    CURSOR_CHARACTERS_MAX,
    ITEMS_DEFAULT,
    ITEMS_MAX,
    PageRequest,
)
from chargeplane.runtime.rest.problems import Problem

__all__ = ["KeyOf", "PageQuery", "Sites", "View", "station_of"]

Sites = frozenset[str] | None
"""The sites that whoever asks is limited to; None: all of the tenant."""

KeyOf = Callable[[Any], str]
"""The key of the row that an event is about."""


class PageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every list can be asked for."""

    items_max: Annotated[int, Meta(ge=1, le=ITEMS_MAX)] = msgspec.field(
        default=ITEMS_DEFAULT, name="limit"
    )
    cursor: Annotated[str, Meta(min_length=1, max_length=CURSOR_CHARACTERS_MAX)] | None = None

    @property
    def page(self) -> PageRequest:
        """The page as a route has it."""
        return PageRequest(self.items_max, self.cursor)


@dataclass(frozen=True, kw_only=True)
class View:
    """A view.

    Attributes:
        name: by which clients ask for it.
        permission: that they need.
        parameters: a struct; the parameters of the REST route.
        read: what the REST route answers, at these sites. Raises ``Problem``.
        key: the key of an item, for a list (an answer with ``items``). None: the answer is one
            thing, whose key is ``subject``.
        subject: the key of that one thing, from the parameters.
        keys: by the type of an event, which row it changes.
        rows: reads rows of a list by their keys, those at these sites; None: the whole page is
            read again.
        is_sited: whether ``read`` and ``rows`` keep to the sites. If not, whoever is limited to
            some is refused.
        freshen: gives a row of a list what is only in memory, without reading.
        light: events after which ``freshen`` is enough.
        reshapes: events that may change which rows there are, or their order.
        is_volatile: whether any change of a row may change which rows a page shows.
        pause_s: so long at the least between two readings of a whole page.
        refresh_s: so often a page is read again without any event.
    """

    name: str
    permission: str
    parameters: type[Struct]
    read: Callable[[UUID, Any, Sites], Awaitable[Struct]]
    is_sited: bool = False
    key: Callable[[Any], str] | None = None
    subject: Callable[[Any], str] = lambda parameters: ""
    keys: Mapping[type[Event], KeyOf] = field(default_factory=dict)
    rows: Callable[[UUID, Collection[str], Sites], Awaitable[Mapping[str, Struct]]] | None = None
    freshen: Callable[[UUID, Any], Struct] | None = None
    light: frozenset[type[Event]] = frozenset()
    reshapes: frozenset[type[Event]] = frozenset()
    is_volatile: Callable[[Any], bool] = lambda parameters: False
    pause_s: float = 1.0
    refresh_s: float = 30.0

    def parse(self, parameters: object) -> Struct:
        """The parameters that a client has sent.

        Raises:
            Problem: they are not those of this view.
        """
        try:
            return msgspec.convert(parameters, self.parameters)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `$")
            name = path.strip(".`")
            where = f"parameters.{name}" if name else "parameters"
            raise Problem.of_field(where, message) from error


def station_of(event: Event) -> str:
    """The station that an event is about."""
    return event.station_id
