"""What a block needs to offer a part of the REST interface.

A block declares its routes in its ``api.py``, and ``web`` puts those of all blocks together:

    @get("/reservations", guards=[requires("reservations:read")])
    async def list_reservations(
        store: Injected[Store], principal: Injected[Principal], page: Injected[PageRequest]
    ) -> Page[Reservation]:
        rows = await store.read(lambda c: tables.after(c, principal.tenant_id, page))
        return page.of(rows, render, key=lambda row: row.id)

    def routes(service: ReservationService) -> Routes:
        return Routes("Reservations", (list_reservations,), {"reservations": service})

Rules that ``web`` checks at the start or that hold for all routes:

* Paths are relative to ``/api/v1``. Each handler is guarded by ``requires(...)``, or says that it
  is ``PUBLIC``. The name of a handler is the name of the operation in OpenAPI: no two are the same.
* The tenant comes from the principal and from nowhere else: no path, query or body names it.
* Parameters say where they come from: ``data: JSONBody[NewReservation]``,
  ``id: FromPath[str]``, ``Annotated[int, QueryParameter(name="limit")]`` (all of
  ``litestar.params``), and ``Injected[...]`` for everything else.
* Errors are raised as ``Problem`` and answered as ``application/problem+json``.
* Lists are pages with a cursor. One with search, several orders, a count and a live view is a
  ``Listing`` (its columns, orders and conditions) that is ``Shown``. Times are aware. Request
  bodies are msgspec structs that forbid unknown fields.
* ``Idempotency-Key`` works on every POST without the handler's doing. A handler whose answer holds
  a secret says ``opt=SECRET_ANSWER``: such an answer is never stored.
"""

from chargeplane.runtime.rest.idempotency import SECRET_ANSWER, Idempotency
from chargeplane.runtime.rest.keyset import Listing, Sorted
from chargeplane.runtime.rest.lists import (
    SORT,
    SORT_AS_THEY_CAME,
    AnyCase,
    CountAll,
    ListQuery,
    OneById,
    SearchText,
    Shown,
    search_in,
)
from chargeplane.runtime.rest.pages import Page, PageRequest, cursor_of
from chargeplane.runtime.rest.principals import (
    PUBLIC,
    SITED,
    Action,
    Authenticate,
    Principal,
    Requires,
    requires,
)
from chargeplane.runtime.rest.problems import FieldFault, Problem, ProblemBody
from chargeplane.runtime.rest.routes import Injected, Place, Routes
from chargeplane.runtime.rest.times import Span
from chargeplane.runtime.rest.views import KeyOf, PageQuery, Sites, View, station_of

__all__ = [
    "PUBLIC",
    "SECRET_ANSWER",
    "SITED",
    "SORT",
    "SORT_AS_THEY_CAME",
    "Action",
    "AnyCase",
    "Authenticate",
    "CountAll",
    "FieldFault",
    "Idempotency",
    "Injected",
    "KeyOf",
    "ListQuery",
    "Listing",
    "OneById",
    "Page",
    "PageQuery",
    "PageRequest",
    "Place",
    "Principal",
    "Problem",
    "ProblemBody",
    "Requires",
    "Routes",
    "SearchText",
    "Shown",
    "Sites",
    "Sorted",
    "Span",
    "View",
    "cursor_of",
    "requires",
    "search_in",
    "station_of",
]
