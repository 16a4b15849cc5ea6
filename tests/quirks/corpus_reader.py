"""The files of the corpus: what a station does, what is said, and what must be stored in the end.

A file is TOML. Its ``talk`` has one step on each line, the frames as the station sends them:

    dial                         the station connects; JSON behind it changes the handshake
    dial 401                     and is refused with this HTTP status
    knock                        it connects, and goes before the request is complete
    -> [2,"1","Heartbeat",{}]    the station sends this text, be it JSON or not
    bytes [2,"1","Heartbeat",{}] it sends it in a binary message
    <- [3,"1",{"currentTime":"*"}]   and hears this; more members may be there
    repeat 25                    the last text and its answer so many times more
    flood 30 [2,"{n}",...]       so many such texts without waiting, each answered with a result
    charges TAG 1000 3000        an ordinary transaction in the words of the version
    order reset {"evse_id":1}    the central system is told to do something
    outcome {"outcome":"accepted"}   and this is what came of it
    @ 2026-11-21T13:00:00Z       the clock goes on to this time
    ping                         the station pings, and is answered
    silent                       the station answers no ping, and is cut off
    patience 600                 we ping it after so many seconds of silence
    hang up                      the connection breaks
    listen                       its own SOAP service opens, at ``{listens}``
    post <xml/>                  an envelope goes to the SOAP endpoint; ``<- text`` is in the answer
    asked text                   a request of ours has come with this text; its id is ``{asked}``
    reply <xml/>                 and is answered so

``"{name}"`` in what is heard takes a value, ``{name}`` in what is sent puts it there; ``"*"`` is
any value, ``"*Z"`` any text that ends so. Each sent frame takes a second on the clock.

The talk begins at noon of 2026-11-21, with a station that is registered as ``CP`` and its row.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

__all__ = [
    "CORPUS",
    "Connector",
    "Handshake",
    "Session",
    "Step",
    "Stored",
    "Story",
    "read",
    "steps",
]

CORPUS: Final = Path(__file__).parent / "corpus"
_NAME = re.compile(r"\d\d-[a-z0-9-]+")
_VERBS: Final = (
    "dial", "->", "<-", "charges", "order", "outcome", "@", "ping", "silent", "patience", "hang up",
    "knock", "flood", "repeat", "bytes", "listen", "post",
    "asked", "reply",
)  # fmt: skip


class Handshake(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the station dials; what is None is as usual."""

    path: str | None = None
    subprotocol: str | None = None
    """Empty: the header is left out."""
    connection: str | None = None
    """The header of this name; empty: it is left out."""
    user: str | None = None
    user_agent: str | None = None
    origin: str | None = None


class Session(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A transaction as it must be stored; what is None is not looked at."""

    state: str
    energy_wh: float
    remarks: tuple[str, ...] = ()
    id_token: str | None = None
    evse_id: int | None = None
    meter_start_wh: float | None = None
    meter_stop_wh: float | None = None
    stop_reason: str | None = None
    charging_state: str | None = None
    is_orphan: bool | None = None
    ended_at: datetime | None = None


class Connector(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the inventory; EVSE 0 is the station."""

    evse_id: int
    connector_id: int
    status: str
    error_code: str | None = None
    info: str | None = None
    vendor_error_code: str | None = None
    reported_at: datetime | None = None


class Stored(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is there in the end. All but ``connectors`` and ``variables`` is complete."""

    sessions: tuple[Session, ...] = ()
    repairs: dict[str, int] = msgspec.field(default_factory=dict)
    unreadable: dict[str, int] = msgspec.field(default_factory=dict)
    """Frames that were beyond repair, by error code."""
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    """Messages by ``action code`` that were answered with a CALLERROR."""
    ledger_entries: int | None = None
    """Transaction messages that were kept, repetitions as well; None is not looked at."""
    loose_values: tuple[str, ...] = ()
    """Meter values outside transactions: EVSE, measurand, value, unit, and the phase if any."""
    connectors: tuple[Connector, ...] = ()
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    station: dict[str, str] = msgspec.field(default_factory=dict)
    connected: bool = True


class Story(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file."""

    row: int
    """Of the project's list of field quirks (``rows.ROWS``)."""
    does: str
    """What the station does, in one sentence without "the station"."""
    shows: str
    """What the central system makes of it."""
    talk: str
    leaves_open: str = ""
    """What of the row a central system does not do yet."""
    version: str = "1.6"
    """What the station speaks, and by default offers."""
    handshake: Handshake = Handshake()
    stored: Stored = Stored()


class Step(NamedTuple):
    """One line of the talk."""

    line: int
    verb: str
    text: str


def read(path: Path) -> Story:
    """The story of a file.

    Raises:
        ValueError: the file is none.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        story = msgspec.convert(raw, Story)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    if not _NAME.fullmatch(path.stem) or int(path.stem[:2]) != story.row:
        raise ValueError(f"{path.name}: the name begins with the row, {story.row:02}")
    return story


def steps(story: Story) -> Iterable[Step]:
    """The lines of the talk; ``line`` counts from 1 within it.

    Raises:
        ValueError: a line begins with no verb.
    """
    for number, line in enumerate(story.talk.strip().splitlines(), 1):
        verb = next((each for each in _VERBS if f"{line} ".startswith(f"{each} ")), None)
        if verb is None:
            raise ValueError(f"row {story.row}, line {number}: there is no such step: {line}")
        yield Step(number, verb, line[len(verb) :].strip())
