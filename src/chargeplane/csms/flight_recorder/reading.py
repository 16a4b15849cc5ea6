"""Reading the flight recorder: frames that are looked for, each with the one that it belongs to.

There is no index for what is in a frame. So a station's frames are walked through from the newest
to the oldest, a bounded number for each page; the cursor says where to go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta
from sqlalchemy import Connection

from chargeplane.runtime.rest import PageQuery
from chargeplane.runtime.store import frames
from chargeplane.runtime.store.frames import Direction, Frame

__all__ = [
    "LOOKED_AT_MAX",
    "FrameQuery",
    "Kind",
    "Seen",
    "kind_and_action",
    "message_id_of",
    "search",
]

LOOKED_AT_MAX: Final = 20_000
"""Frames that are looked at for one page."""
CHUNK_MAX: Final = 500
AROUND_MAX: Final = 200
"""Frames beyond the page in which the other half of an exchange is looked for."""
AROUND_S: Final = 120
"""So much younger may the answer to a call be."""

Kind = Literal["call", "result", "error", "send", "unreadable"]
Text = Annotated[str, Meta(min_length=1, max_length=200)]

_AROUND: Final = AROUND_S * 1_000 << 80  # milliseconds lead an id
_LAST: Final = 2**128 - 1

_KINDS: Final[dict[int, Kind]] = {2: "call", 3: "result", 4: "error", 5: "error", 6: "send"}
_BODY: Final = re.compile(r"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)")
_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode


class FrameQuery(PageQuery, frozen=True, kw_only=True):
    """Which frames of a station."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    """Of the station."""
    search: Text | None = None
    """In the text of the frame; upper and lower case are the same."""
    action: Text | None = None
    """Of a call."""
    direction: Direction | None = None
    message_id: Text | None = None
    frame_id: UUID | None = None
    """One frame alone; ``pair_id`` names its other half."""


class Seen(NamedTuple):
    """A frame, and what it is."""

    frame: Frame
    kind: Kind
    action: str | None
    """What it asks for, or answers to, as far as that is known."""
    pair_id: UUID | None
    """The answer to a call, or the call that is answered."""


class Found(NamedTuple):
    """The frames of a page, and after which one to go on; None: there are no more."""

    frames: list[Seen]
    last: UUID | None


def kind_and_action(text: str) -> tuple[Kind, str | None]:
    """What a frame is, from its text."""
    head = text.lstrip()[:1]
    if head == "<":
        return _of_soap(text)
    try:
        parts = _parts(text)
        kind = _KINDS[int(bytes(parts[0]))]
        asks = kind in ("call", "send")
        return kind, _text(parts[2]) if asks else None
    except (msgspec.MsgspecError, KeyError, IndexError, ValueError):
        return "unreadable", None


def message_id_of(frame: Frame) -> str | None:
    """The id of the message. Of what we send, only the text has it."""
    if frame.message_id is not None or frame.text.lstrip()[:1] != "[":
        return frame.message_id
    try:
        return _text(_parts(frame.text)[1])
    except (msgspec.MsgspecError, IndexError):
        return None


def _of_soap(text: str) -> tuple[Kind, str | None]:
    found = _BODY.search(text)
    if found is None:
        return "unreadable", None
    name = found[1]
    if name == "Fault":
        return "error", None
    kinds: tuple[tuple[str, Kind], ...] = (("Request", "call"), ("Response", "result"))
    for ending, kind in kinds:
        if name.endswith(ending):
            action = name.removesuffix(ending)
            return kind, action[:1].upper() + action[1:]
    return "unreadable", None


class _Exchanges:
    """Calls and answers that were met on the walk, by what names an exchange."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, int, bool], tuple[UUID, str | None]] = {}
        self._answers: dict[tuple[str, int, bool], UUID] = {}

    def meet(self, frame: Frame, kind: Kind, action: str | None) -> None:
        message_id = message_id_of(frame)
        if message_id is None:
            return
        is_ours = frame.direction is Direction.SENT
        if kind == "call":
            self._calls[message_id, frame.epoch, is_ours] = (frame.id, action)
        elif kind in ("result", "error"):
            self._answers[message_id, frame.epoch, not is_ours] = frame.id

    def seen(self, frame: Frame, kind: Kind, action: str | None) -> Seen:
        """With its pair, and with the action of the call if it is an answer."""
        message_id = message_id_of(frame)
        if message_id is None or kind in ("send", "unreadable"):
            return Seen(frame, kind, action, None)
        is_ours = frame.direction is Direction.SENT
        if kind == "call":
            pair = self._answers.get((message_id, frame.epoch, is_ours))
            return Seen(frame, kind, action, pair)
        call = self._calls.get((message_id, frame.epoch, not is_ours))
        return Seen(frame, kind, action or (call and call[1]), call and call[0])


def search(
    connection: Connection,
    tenant_id: UUID,
    query: FrameQuery,
    *,
    looked_at_max: int = LOOKED_AT_MAX,
) -> Found:
    """A page of frames, the newest first.

    Raises:
        Problem: the cursor is not one of this list.
    """
    only, before = query.frame_id, query.page.after(UUID)
    exchanges = _Exchanges()
    found: list[tuple[Frame, Kind, str | None]] = []
    looked_at_count, beyond_count, last = 0, 0, None
    is_complete = True
    for frame in _walk(connection, tenant_id, query.id, only or before):
        kind, action = kind_and_action(frame.text)
        exchanges.meet(frame, kind, action)
        if before is not None and frame.id >= before:
            continue
        if only is not None and frame.id != only:  # its other half may be on either side
            if frame.id > only:
                continue
            beyond_count += 1
            if beyond_count >= AROUND_MAX:
                break
            continue
        if len(found) >= query.items_max or looked_at_count >= looked_at_max:
            is_complete = False
            beyond_count += 1
            if beyond_count >= AROUND_MAX:
                break
            continue
        looked_at_count += 1
        last = frame.id
        if _fits(query, frame, action):
            found.append((frame, kind, action))
    return Found([exchanges.seen(*each) for each in found], None if is_complete else last)


def _walk(
    connection: Connection, tenant_id: UUID, station_id: str, before: UUID | None
) -> Iterator[Frame]:
    """Frames from the newest on, or from a little after a cursor, where its answers are."""
    # Reckoned with ids: one that nobody has made may be of a time that no calendar has.
    start = None if before is None else UUID(int=min(before.int + _AROUND, _LAST))
    while True:
        chunk = frames.recent(connection, tenant_id, station_id, count_max=CHUNK_MAX, before=start)
        yield from chunk
        if len(chunk) < CHUNK_MAX:
            return
        start = chunk[-1].id


def _fits(query: FrameQuery, frame: Frame, action: str | None) -> bool:
    if query.direction is not None and frame.direction is not query.direction:
        return False
    if query.message_id is not None and message_id_of(frame) != query.message_id:
        return False
    if query.action is not None and (action or "").casefold() != query.action.casefold():
        return False
    return query.search is None or query.search.casefold() in frame.text.casefold()
