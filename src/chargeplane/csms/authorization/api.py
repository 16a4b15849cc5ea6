"""REST: the id tokens of a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType, structs
from sqlalchemy import Connection

from chargeplane.csms.authorization import tables
from chargeplane.csms.authorization.finding import LISTING, Sort, Wanted
from chargeplane.csms.authorization.tables import Token
from chargeplane.domain.tokens import CUT, IdToken, TokenStatus
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import (
    SORT,
    CountAll,
    Injected,
    PageRequest,
    Principal,
    Problem,
    Routes,
    Sorted,
    requires,
    search_in,
)
from chargeplane.runtime.store import Function, Store, storable

__all__ = ["routes"]

TOKEN_CHARACTERS_MAX = 255
STATIONS_MAX = 1_000
TRANSACTIONS_MAX = 1_000

# What an operator may decide. The others follow from the rest, or from the moment.
_DECIDED = frozenset(
    {TokenStatus.ACCEPTED, TokenStatus.BLOCKED, TokenStatus.INVALID, TokenStatus.NO_CREDIT}
)

Text = Annotated[str, Meta(min_length=1, max_length=TOKEN_CHARACTERS_MAX)]
Note = Annotated[str, Meta(max_length=2_000)]
Time = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=1, le=TRANSACTIONS_MAX)]
Stations = Annotated[list[Text], Meta(max_length=STATIONS_MAX)]


class TokenView(Struct, frozen=True, kw_only=True):
    """A token."""

    token: str
    type: str
    status: TokenStatus
    group_id: str | None
    expires_at: datetime | None
    transactions_max: int
    station_ids: list[str] | None
    note: str | None
    created_at: datetime
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    last_seen_station_id: str | None


class TokenPage(Struct, frozen=True, kw_only=True):
    """One page of tokens."""

    items: list[TokenView]
    next: str | None
    """The cursor of the page after it; null at the end of the list."""
    total: int | None = None
    """On all pages, if it was asked for with ``count``; null if there are more than 10,000."""


class NewToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be added."""

    token: Text
    type: Annotated[str, Meta(max_length=20)] = ""
    """The word of 2.x, such as ``ISO14443``; empty: any type."""
    status: TokenStatus = TokenStatus.ACCEPTED
    group_id: Text | None = None
    expires_at: Time | None = None
    transactions_max: Count = 1
    station_ids: Stations | None = None
    """Where it may charge; null: everywhere."""
    note: Note | None = None


class TokenChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a token."""

    type: Annotated[str, Meta(max_length=20)] | UnsetType = UNSET
    status: TokenStatus | UnsetType = UNSET
    group_id: Text | UnsetType | None = UNSET
    expires_at: Time | UnsetType | None = UNSET
    transactions_max: Count | UnsetType = UNSET
    station_ids: Stations | UnsetType | None = UNSET
    note: Note | UnsetType | None = UNSET


@get("/id-tokens", guards=[requires("id-tokens:read")], summary="List id tokens")
async def list_tokens(
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    status: Annotated[
        TokenStatus | None,
        QueryParameter(description="Only these; `unknown`: presented, and known to nobody."),
    ] = None,
    search: Annotated[str | None, search_in("In the token, its group or its note.")] = None,
    sort: Annotated[Sort, SORT] = "token",
    count: CountAll = False,
) -> TokenPage:
    """The tokens that all parameters fit, in the chosen order."""
    tenant_id, wanted = principal.tenant_id, Wanted(search, status)

    def look(connection: Connection) -> tuple[list[Sorted[Token]], int | None]:
        rows = LISTING.page(connection, tenant_id, wanted, sort, page)
        return rows, LISTING.count(connection, tenant_id, wanted) if count else None

    rows, total = await store.read(look)
    found = page.of(rows, lambda row: _view(row.record), key=lambda row: row.key)
    return TokenPage(items=found.items, next=found.next, total=total)


@post("/id-tokens", guards=[requires("id-tokens:write")], summary="Add an id token")
async def add_token(
    data: JSONBody[NewToken],
    store: Injected[Store],
    clock: Injected[Clock],
    principal: Injected[Principal],
) -> TokenView:
    """Add a token. One that was presented before and was unknown becomes known."""
    if data.token.endswith(CUT):
        raise Problem.of_field("token", f"ends in {CUT}, which stands for what was cut off")
    key = IdToken(data.token).key
    values = {"key": storable(key), "value": storable(data.token), "created_at": clock.now()}
    values |= _values(structs.asdict(data))
    tenant_id = principal.tenant_id
    work = partial(tables.add, tenant_id=tenant_id, values=values)
    if not await store.write(Function(work)):
        raise Problem.conflict("token-exists", f"there is a token {data.token} already")
    return await _one(store, tenant_id, key)


@get("/id-tokens/{token:str}", guards=[requires("id-tokens:read")], summary="Show an id token")
async def show_token(
    token: FromPath[str], store: Injected[Store], principal: Injected[Principal]
) -> TokenView:
    """One token; upper and lower case are the same."""
    return await _one(store, principal.tenant_id, IdToken(token).key)


@patch("/id-tokens/{token:str}", guards=[requires("id-tokens:write")], summary="Change an id token")
async def change_token(
    token: FromPath[str],
    data: JSONBody[TokenChanges],
    store: Injected[Store],
    principal: Injected[Principal],
) -> TokenView:
    """Change what is given. It counts from the next time that the token is presented."""
    work = partial(
        tables.change,
        tenant_id=principal.tenant_id,
        key=IdToken(token).key,
        values=_values(structs.asdict(data)),
    )
    changed = await store.write(Function(work))
    if changed is None:
        raise Problem.not_found("id token", token)
    return _view(changed)


@delete(
    "/id-tokens/{token:str}", guards=[requires("id-tokens:write")], summary="Remove an id token"
)
async def remove_token(
    token: FromPath[str], store: Injected[Store], principal: Injected[Principal]
) -> None:
    """Forget a token. It is unknown from then on; to keep it from charging, block it."""
    work = partial(tables.remove, tenant_id=principal.tenant_id, key=IdToken(token).key)
    if not await store.write(Function(work)):
        raise Problem.not_found("id token", token)


def routes() -> Routes:
    """The routes of the block."""
    return Routes("Id tokens", (list_tokens, add_token, show_token, change_token, remove_token))


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of what a body says."""
    values = {name: value for name, value in given.items() if value is not UNSET}
    values.pop("token", None)
    if values.get("status", TokenStatus.ACCEPTED) not in _DECIDED:
        raise Problem.of_field("status", f"one of {', '.join(sorted(_DECIDED))}")
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = storable(str(value))
    if values.get("station_ids") is not None:
        values["station_ids"] = [storable(each) for each in values["station_ids"]]
    return values


async def _one(store: Store, tenant_id: Any, key: str) -> TokenView:
    token = await store.read(partial(tables.find, tenant_id=tenant_id, key=key))
    if token is None:
        raise Problem.not_found("id token", key)
    return _view(token)


def _view(token: Token) -> TokenView:
    values = token._asdict()
    del values["key"]
    values["token"] = values.pop("value")
    stations = values["station_ids"]
    values["station_ids"] = None if stations is None else sorted(stations)
    return TokenView(**values)
