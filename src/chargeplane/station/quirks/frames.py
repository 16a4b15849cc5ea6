"""What a quirk does to a frame: the words that the entries of the registry are written in.

A frame is the parsed JSON array. A rule takes it and says which texts go out, and which answers the
station hears although nobody sent them: for a request that is swallowed or comes later.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Frame",
    "Heard",
    "Hearing",
    "Payload",
    "Rule",
    "Said",
    "answer_changed",
    "answered",
    "as_heard",
    "as_is",
    "changed",
    "everywhere",
    "is_call",
    "line",
    "text_changed",
]

Payload = dict[str, Any]
Frame = list[Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What becomes of one frame."""

    send: list[str] = field(default_factory=list)
    hear: list[str] = field(default_factory=list)
    """Frames that the station itself hears, as if they had come."""


Rule = Callable[[Frame], Said]


@dataclass(frozen=True, slots=True)
class Heard:
    """What becomes of one frame that has come."""

    receive: list[str] = field(default_factory=list)
    """What the station hears of it."""
    send: list[str] = field(default_factory=list)
    """What goes out at once, without the station."""


Hearing = Callable[[Frame], Heard]


def line(frame: Frame) -> str:
    """A frame as text."""
    return json.dumps(frame, separators=(",", ":"), ensure_ascii=False)


def as_is(frame: Frame) -> Said:
    """Nothing changes."""
    return Said([line(frame)])


def is_call(frame: Frame, *actions: str) -> bool:
    """Whether it is a request of one of these actions; of any without actions."""
    return frame[0] == 2 and (not actions or frame[2] in actions)


def changed(actions: str, change: Callable[[Payload], None]) -> Callable[[], Rule]:
    """A rule that changes the payload of requests of these actions, in place."""

    def rule(frame: Frame) -> Said:
        if is_call(frame, *actions.split()):
            change(frame[3])
        return as_is(frame)

    return lambda: rule


def everywhere(change: Callable[[str, Any], Any]) -> Callable[[], Rule]:
    """A rule that changes values by the names of their members, in every request."""

    def walked(name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {each: walked(each, inner) for each, inner in value.items()}
        if isinstance(value, list):
            return [walked(name, inner) for inner in value]
        return change(name, value)

    def rule(frame: Frame) -> Said:
        if is_call(frame):
            frame[3] = walked("", frame[3])
        return as_is(frame)

    return lambda: rule


def text_changed(kind: int, change: Callable[[str], str]) -> Callable[[], Rule]:
    """A rule that changes the text of frames of one type, so that it may cease to be JSON."""

    def rule(frame: Frame) -> Said:
        return Said([change(line(frame))]) if frame[0] == kind else as_is(frame)

    return lambda: rule


def as_heard(frame: Frame) -> Heard:
    """Nothing changes."""
    return Heard([line(frame)])


def answered(
    actions: str, answer: Callable[[Payload], Payload | str | None]
) -> Callable[[], Hearing]:
    """A rule that answers requests of the central system without the station.

    Args:
        actions: which.
        answer: from the payload of the request: the payload of the answer; a text: the code of an
            error; None: the station answers as it should.
    """

    def hearing(frame: Frame) -> Heard:
        if not is_call(frame, *actions.split()):
            return as_heard(frame)
        said = answer(frame[3])
        if said is None:
            return as_heard(frame)
        if isinstance(said, str):
            return Heard([], [line([4, frame[1], said, "", {}])])
        return Heard([], [line([3, frame[1], said])])

    return lambda: hearing


def answer_changed(member: str, change: Callable[[Payload], None]) -> Callable[[], Rule]:
    """A rule that changes the payload of answers that have a member, in place."""

    def rule(frame: Frame) -> Said:
        if frame[0] == 3 and member in frame[2]:
            change(frame[2])
        return as_is(frame)

    return lambda: rule
