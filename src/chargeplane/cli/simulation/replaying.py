"""Saying again what a station has said, as another station, to see what comes of it now.

The calls of a recording are sent in their order, each after the answer to the one before, with the
times that they had. Where 1.x repeats a transaction id that it was given, the id that is given now
takes its place. Nothing that the central system asks meanwhile is done.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from chargeplane.csms.flight_recorder.reading import kind_and_action, message_id_of
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import Ending, HandshakeRefused, Link, LinkClosed, connect
from chargeplane.runtime.store.frames import Direction, Frame

__all__ = ["ANSWER_S_MAX", "REPLAY_S_MAX", "Replayed", "Said", "say_again", "story"]

ANSWER_S_MAX: Final = 10.0
"""So long is waited for one answer."""
REPLAY_S_MAX: Final = 45.0
"""What is not said by then stays unsaid."""
_decode = msgspec.json.Decoder(list[Raw]).decode
_encode = msgspec.json.encode
_GIVES_ID: Final = "StartTransaction"
_ID: Final = "transactionId"


class Said(NamedTuple):
    """A call of the recording, or a message of 2.1 that wants no answer."""

    frame_id: UUID
    action: str
    payload: bytes
    is_call: bool
    given: int | None
    """The transaction id that it was answered with."""


class Replayed(Struct, frozen=True, kw_only=True):
    """What came of one message."""

    frame_id: UUID
    """In the recording."""
    action: str
    outcome: Literal["answered", "refused", "unanswered", "unsaid"]
    reason: str | None = None
    """Why it was refused."""


def story(recorded: Iterable[Frame]) -> list[Said]:
    """What a station has said, in its order; ``recorded``: the newest first, as they are kept."""
    given: dict[tuple[str | None, int], int] = {}
    told: list[Said] = []
    for frame in recorded:
        kind, action = kind_and_action(frame.text)
        key = message_id_of(frame), frame.epoch
        if frame.text.lstrip()[:1] != "[":
            continue
        if kind == "result" and frame.direction is Direction.SENT:
            answer = msgspec.json.decode(_decode(frame.text)[2])
            if isinstance(answer, dict) and isinstance(answer.get(_ID), int):
                given[key] = answer[_ID]
        elif kind in ("call", "send") and action and frame.direction is Direction.RECEIVED:
            parts = _decode(frame.text)
            if len(parts) > 3:  # else it was no message, and the answer said so
                is_call = kind == "call"
                told.append(Said(frame.id, action, bytes(parts[3]), is_call, given.get(key)))
    return told[::-1]


class _Line:
    """The other end of the link: answers to our calls, and calls that nobody carries out."""

    def __init__(self) -> None:
        self.link: Link
        self.answers: asyncio.Queue[tuple[str, list[Raw]]] = asyncio.Queue()
        self.is_over = asyncio.Event()

    def opened(self, link: Link) -> _Line:
        self.link = link
        return self

    def received(self, text: str) -> None:
        parts = _decode(text)
        kind, message_id = msgspec.json.decode(parts[0]), msgspec.json.decode(parts[1])
        if kind == 2:
            refusal = [4, message_id, "NotSupported", "a replay carries nothing out", {}]
            self.link.send(_encode(refusal).decode())
        elif kind in (3, 4):
            self.answers.put_nowait((message_id, parts))

    def closed(self, ending: Ending) -> None:
        self.is_over.set()
        self.answers.put_nowait(("", []))

    async def answer(self, message_id: str) -> list[Raw] | None:
        """The answer to a call; None: there is none."""
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                while not self.is_over.is_set():
                    name, parts = await self.answers.get()
                    if name == message_id:
                        return parts
        except TimeoutError:
            return None
        return None


async def say_again(
    told: list[Said], url: str, identity: str, version: Version, password: str | None
) -> list[Replayed]:
    """Say it to a central system.

    Raises:
        ValueError: it lets nobody of this identity in.
    """
    headers = []
    if password is not None:
        login = b64encode(f"{identity}:{password}".encode()).decode()
        headers = [("Authorization", f"Basic {login}")]
    line = _Line()
    try:
        await connect(
            f"{url}/{identity}", line.opened, subprotocols=[version.subprotocol], headers=headers
        )
    except (HandshakeRefused, OSError) as error:
        raise ValueError(f"{identity} is not let in: {error}") from error
    ids: dict[Any, int] = {}
    done: list[Replayed] = []
    try:
        # What is left then is told as unsaid.
        with suppress(TimeoutError, LinkClosed):
            async with asyncio.timeout(REPLAY_S_MAX):
                for number, each in enumerate(told):
                    done.append(await _say(line, f"replay-{number}", each, ids))
    finally:
        line.link.close()
    return done + [
        Replayed(frame_id=each.frame_id, action=each.action, outcome="unsaid")
        for each in told[len(done) :]
    ]


async def _say(line: _Line, message_id: str, said: Said, ids: dict[Any, int]) -> Replayed:
    payload = msgspec.json.decode(said.payload)
    if isinstance(payload, dict) and (new := ids.get(payload.get(_ID))) is not None:
        raw = _encode(payload | {_ID: new})
    else:
        raw = said.payload
    told = Replayed(frame_id=said.frame_id, action=said.action, outcome="answered")
    kind = 2 if said.is_call else 6
    line.link.send(_encode([kind, message_id, said.action, Raw(raw)]).decode())
    if not said.is_call:
        return told
    answer = await line.answer(message_id)
    if answer is None:
        return msgspec.structs.replace(told, outcome="unanswered")
    if msgspec.json.decode(answer[0]) == 4:
        code, text = msgspec.json.decode(answer[2]), msgspec.json.decode(answer[3])
        reason = f"{code}: {text}" if text else str(code)
        return msgspec.structs.replace(told, outcome="refused", reason=reason)
    if said.action == _GIVES_ID and said.given is not None:
        content = msgspec.json.decode(answer[2])
        if isinstance(content.get(_ID), int):
            ids[said.given] = content[_ID]
    return told
