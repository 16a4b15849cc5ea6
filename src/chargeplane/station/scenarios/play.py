"""Plays a scenario: at a station over sockets, or in simulated time within milliseconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from chargeplane.domain.tokens import IdToken
from chargeplane.station.core import Core
from chargeplane.station.faults import Strike
from chargeplane.station.scenarios.scenario import WITHIN_S, Scenario, Step
from chargeplane.station.station import Station
from chargeplane.station.vehicle import Ev
from chargeplane.station.virtual_time import VirtualStation

__all__ = ["Frames", "Played", "Wait", "play", "play_over_sockets"]

T = TypeVar("T")
TOKEN = "DEADBEEF"
FRAMES_MAX = 5_000
"""The last frames that are kept; older ones no longer meet an expectation."""
TOLD_MAX = 20
"""Frames in a report."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The player lets time pass until something holds; it answers whether it did."""

    seconds: float
    holds: Callable[[], bool] = lambda: False
    is_life: bool = False
    """Whether it is time that drivers live through, which ``speed`` shortens."""


@dataclass(frozen=True, slots=True)
class Played:
    """How it went."""

    scenario: Scenario
    failed: Step | None = None
    """The first step that was not met; None: all were."""
    reason: str = ""
    frames: tuple[str, ...] = ()
    """The last ones before it failed."""

    def lines(self) -> list[str]:
        """For people."""
        if self.failed is None:
            return [f"{self.scenario.name}: all {len(self.scenario.steps)} steps were met."]
        head = [f"{self.scenario.name}: {self.failed}", f"  {self.reason}", "  The last frames:"]
        return [*head, *(f"    {each}" for each in self.frames or ("none",))]


class Frames:
    """What was said, and up to where it has been looked at."""

    def __init__(self) -> None:
        """Nothing yet. Give ``note`` to the station as its ``frame``."""
        self._kept: list[tuple[str, str]] = []
        self._seen = 0

    def note(self, way: str, text: str) -> None:
        """A frame was sent or heard."""
        self._kept.append((way, text))
        if len(self._kept) > FRAMES_MAX:
            del self._kept[0]
            self._seen = max(self._seen - 1, 0)

    def find(self, way: str, words: list[str]) -> bool:
        """Whether a request with these words was said since the last one that was found."""
        for number in range(self._seen, len(self._kept)):
            said, text = self._kept[number]
            if said == way and _has(text, words):
                self._seen = number + 1
                return True
        return False

    def mark(self) -> None:
        """Look only at what comes from now on."""
        self._seen = len(self._kept)

    def last(self) -> tuple[str, ...]:
        """The last ones, for a report."""
        return tuple(f"{way:<5} {text}" for way, text in self._kept[-TOLD_MAX:])


def _has(text: str, words: list[str]) -> bool:
    try:
        frame = json.loads(text)
    except ValueError:  # a quirk may break frames
        return False
    is_call = isinstance(frame, list) and len(frame) >= 4 and frame[0] == 2
    return is_call and frame[2] == words[0] and set(words[1:]) <= _values(frame[3])


def _values(value: Any) -> set[str]:
    """Every value in a payload, as text."""
    match value:
        case dict():
            return set().union(*(_values(each) for each in value.values()))
        case list():
            return set().union(*(_values(each) for each in value))
        case bool():
            return {str(value).lower()}
    return {str(value)}


def play(
    scenario: Scenario,
    station: Station | VirtualStation,
    frames: Frames,
    ask: Callable[[str, dict[str, Any]], None] | None = None,
) -> Generator[Wait, bool, Played]:
    """All steps, one after the other; whoever runs it lets the time pass.

    Args:
        scenario: what is played.
        station: connected, and in service.
        frames: which the station tells of.
        ask: lets the central system send a command, where we have it in hand; None: it is waited
            for what it sends of its own accord.
    """
    is_1x = station.core.is_1x
    for step in scenario.steps:
        what = step.for_family(step.what, is_1x=is_1x)
        if what is None:
            continue
        try:
            reason = yield from _played(step, what, station, frames, ask)
        except (KeyError, ValueError) as error:
            reason = f"it cannot be done: {error}"
        if reason:
            return Played(scenario, step, reason, frames.last())
    return Played(scenario)


def _played(
    step: Step,
    what: Any,
    station: Station | VirtualStation,
    frames: Frames,
    ask: Callable[[str, dict[str, Any]], None] | None,
) -> Generator[Wait, bool, str]:
    """One step; why it failed."""
    options = step.options
    match step.kind:
        case "wait":
            yield Wait(what, is_life=True)
        case "do":
            station.act(partial(_do, what, options))
        case "fault":
            evse_id = options.get("evse", 1)
            station.strike(Strike(what, evse_id, options.get("lasts"), options.get("amount")))
        case _:
            if step.kind == "refuse":
                frames.mark()
            elif step.kind == "command" and ask is not None:
                payload = step.for_family(options.get("payload"), is_1x=station.core.is_1x)
                if payload is not None:
                    ask(what.split()[0], payload)
            return (yield from _watched(step.kind, what, frames, options.get("within", WITHIN_S)))
    return ""


def _watched(kind: str, what: str, frames: Frames, within_s: float) -> Generator[Wait, bool, str]:
    """Watch for a frame that shall come, or shall not; what is wrong."""
    way = "heard" if kind == "command" else "sent"
    has_come = yield Wait(within_s, partial(frames.find, way, what.split()))
    if kind == "refuse":
        return f"expected no {what!r} within {within_s:g} s; it was sent" if has_come else ""
    if has_come:
        return ""
    if kind == "command":
        return f"expected the central system to send {what!r} within {within_s:g} s"
    return f"expected {what!r} within {within_s:g} s; it was not sent"


def _do(what: str, options: Mapping[str, Any], core: Core, now_s: float) -> None:
    evse_id = options.get("evse", 1)
    match what:
        case "plug_in":
            usual = Ev()
            ev = Ev(
                capacity_wh=options.get("capacity_wh", usual.capacity_wh),
                soc=options.get("soc", usual.soc),
                power_w_max=options.get("power_w", usual.power_w_max),
                phases=options.get("phases", usual.phases),
            )
            core.plug_in(evse_id, ev, now_s)
        case "unplug":
            core.unplug(evse_id, now_s)
        case "tap":
            core.tap(IdToken(options.get("token", TOKEN)), now_s, options.get("evse"))
        case "restart":
            core.restart(now_s)
        case "limit":
            core.set_limit(evse_id, options.get("power_w"), now_s)


async def play_over_sockets(
    scenario: Scenario, station: Station, frames: Frames, speed: float = 1.0
) -> Played:
    """Play at a station that runs: waits are shortened by ``speed``, expectations are not."""
    story = play(scenario, station, frames)
    answer: bool | None = None
    while True:
        try:
            wait = next(story) if answer is None else story.send(answer)
        except StopIteration as end:
            played: Played = end.value
            return played
        try:
            seconds = wait.seconds / speed if wait.is_life else wait.seconds
            await station.until(partial(_holds, wait), timeout_s=seconds)
            answer = True
        except TimeoutError:
            answer = False


def _holds(wait: Wait, _core: Core) -> bool:
    return wait.holds()
