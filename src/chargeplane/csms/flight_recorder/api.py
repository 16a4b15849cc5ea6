"""The flight recorder over REST and live: a page of frames, and all of them as JSON lines."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream
from msgspec import Struct

from chargeplane.csms.flight_recorder.reading import (
    LOOKED_AT_MAX,
    FrameQuery,
    Kind,
    Seen,
    message_id_of,
    search,
)
from chargeplane.csms.inventory import is_station
from chargeplane.runtime.rest import (
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    Sites,
    View,
    cursor_of,
    requires,
)
from chargeplane.runtime.store import Store, frames

__all__ = ["FrameView", "Recorder", "blotted", "routes"]

WATCHED_MAX: Final = 2_000
"""Frames that are looked at each time while somebody watches."""
EXPORTED_MAX: Final = 20_000
EXPORTED_AT_ONCE_MAX: Final = 1_000
TEXT_CHARACTERS_MAX: Final = 200
JSON_LINES: Final = "application/jsonl"
READ = requires("stations:read")

# What says who charged, and what opens doors.
_PERSONAL: Final = re.compile(
    r'("(?:idTag|parentIdTag|idToken|groupIdToken|emaid|masterPassGroupId)"\s*:\s*")'
    r'([^"\\]*(?:\\.[^"\\]*)*)(")'
    r"|(<(?:\w+:)?(?:idTag|parentIdTag)\b[^>]*>)([^<]*)(</)",
)
_SECRET: Final = re.compile(
    r'("(?:password|basicAuthPassword|apn(?:Password|UserName)|simPin)"\s*:\s*")'
    r'[^"\\]*(?:\\.[^"\\]*)*"',
    re.IGNORECASE,
)
_encode = msgspec.json.Encoder().encode


class FrameView(Struct, frozen=True):
    """A frame as it was on the wire."""

    id: UUID
    direction: frames.Direction
    """``in``: from the station."""
    at: datetime
    message_id: str | None
    epoch: int
    """Which of the station's connections it belongs to."""
    kind: Kind
    action: str | None
    """Of the message; an answer has the action of its call, if that was found."""
    pair_id: UUID | None
    """Of the frame that answers this one, or that this one answers, if it was found."""
    text: str


class Recorder:
    """Reads frames."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self,
        tenant_id: UUID,
        query: FrameQuery,
        sites: Sites = None,
        looked_at_max: int = LOOKED_AT_MAX,
    ) -> Page[FrameView]:
        """A page of frames, the newest first.

        Raises:
            Problem: there is no such station, or not at these sites.
        """
        await self.require(tenant_id, query.id, sites)
        look = partial(search, tenant_id=tenant_id, query=query, looked_at_max=looked_at_max)
        found = await self._store.read(look)
        following = None if found.last is None else cursor_of(found.last)
        return Page([view_of(each) for each in found.frames], following)

    async def require(self, tenant_id: UUID, station_id: str, sites: Sites = None) -> None:
        """Refuse a station that is not there."""
        look = partial(is_station, tenant_id=tenant_id, station_id=station_id, sites=sites)
        if not await self._store.read(look):
            raise Problem.not_found("station", station_id)

    async def lines(self, tenant_id: UUID, query: FrameQuery) -> AsyncIterator[bytes]:
        """Frames as JSON, one a line, the newest first, with people and secrets blotted out."""
        salt, left, cursor = secrets.token_bytes(16), EXPORTED_MAX, query.cursor
        while left > 0:
            count = min(left, EXPORTED_AT_ONCE_MAX)
            part = msgspec.structs.replace(query, items_max=count, cursor=cursor)
            look = partial(search, tenant_id=tenant_id, query=part)
            found = await self._store.read(look)
            for each in found.frames:
                view = view_of(each)
                told = msgspec.structs.replace(view, text=blotted(view.text, salt))
                yield _encode(told) + b"\n"
            if found.last is None:
                return
            left -= count
            cursor = cursor_of(found.last)

    @property
    def view(self) -> View:
        """The newest frames of a station, as they come."""
        return View(
            name="frames",
            permission="stations:read",
            parameters=FrameQuery,
            read=partial(self.page, looked_at_max=WATCHED_MAX),
            is_sited=True,
            key=lambda frame: str(frame.id),
            refresh_s=1.0,  # no event tells of a frame
        )


def view_of(seen: Seen) -> FrameView:
    """A frame as it is shown."""
    frame = seen.frame
    return FrameView(
        frame.id,
        frame.direction,
        frame.at,
        message_id_of(frame),
        frame.epoch,
        seen.kind,
        seen.action,
        seen.pair_id,
        frame.text,
    )


def blotted(text: str, salt: bytes) -> str:
    """The text for strangers: the same id token has the same name all over one export."""

    def named(found: re.Match[str]) -> str:
        before, value, after = found.group(1, 2, 3) if found[1] else found.group(4, 5, 6)
        name = sha256(salt + value.casefold().encode(errors="replace")).hexdigest()[:8]
        return f"{before}token-{name}{after}" if value else found[0]

    return _PERSONAL.sub(named, _SECRET.sub(r'\1•••"', text))


SearchText = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=TEXT_CHARACTERS_MAX, description="In the text of the frame."
    ),
]
ActionName = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=TEXT_CHARACTERS_MAX, description="Calls of this action."
    ),
]
MessageId = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=TEXT_CHARACTERS_MAX,
        description="Frames of this message: a call with its answer.",
    ),
]


@get("/stations/{station_id:str}/frames", guards=[READ], summary="List a station's frames")
async def list_frames(
    station_id: FromPath[str],
    recorder: Injected[Recorder],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    search: SearchText = None,
    action: ActionName = None,
    direction: FromQuery[frames.Direction | None] = None,
    message_id: MessageId = None,
    frame_id: FromQuery[UUID | None] = None,
) -> Page[FrameView]:
    """The flight recorder: every frame as it was on the wire, the latest first.

    A page may have fewer items than ``limit`` before the end: with a filter, only so many frames
    are looked at for each page. ``next`` leads on until it is null.
    """
    query = FrameQuery(
        id=station_id,
        items_max=page.items_max,
        cursor=page.cursor,
        search=search,
        action=action,
        direction=direction,
        message_id=message_id,
        frame_id=frame_id,
    )
    return await recorder.page(principal.tenant_id, query)


@get(
    "/stations/{station_id:str}/frames/export",
    guards=[READ],
    media_type=JSON_LINES,
    summary="Export a station's frames",
)
async def export_frames(
    station_id: FromPath[str],
    recorder: Injected[Recorder],
    principal: Injected[Principal],
    search: SearchText = None,
    action: ActionName = None,
    direction: FromQuery[frames.Direction | None] = None,
    message_id: MessageId = None,
) -> Stream:
    """The frames as JSON lines, the latest first, 20,000 at the most.

    Id tokens are replaced by names that are the same throughout one export, passwords by dots.
    """
    await recorder.require(principal.tenant_id, station_id)
    query = FrameQuery(
        id=station_id, search=search, action=action, direction=direction, message_id=message_id
    )
    return Stream(
        recorder.lines(principal.tenant_id, query),
        media_type=JSON_LINES,
        headers={"Content-Disposition": 'attachment; filename="frames.jsonl"'},
    )


def routes(recorder: Recorder) -> Routes:
    """The routes of the block."""
    handlers = (list_frames, export_frames)
    return Routes("Flight recorder", handlers, {"recorder": recorder}, (recorder.view,))
