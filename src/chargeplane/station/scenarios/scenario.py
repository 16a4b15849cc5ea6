"""Scenario files: what people do at a station, what breaks, and what must be said, step by step.

name = "A visit"
versions = ["1.6", "2.1"]

[[step]]
do = "plug_in"
soc = 0.5

[[step]]
do = "tap"
token = "DEADBEEF"

[[step]]
expect = { 1x = "StartTransaction", 2x = "TransactionEvent Started" }
within = "30s"

They are read strictly: every error names the file, the step and the key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chargeplane.ocpp.versions import Version
from chargeplane.station.faults import FAULTS
from chargeplane.station.quirks import QUIRKS

__all__ = ["DEEDS", "KINDS", "Scenario", "ScenarioFault", "Step", "parse_scenario", "read_scenario"]

FILE_BYTES_MAX = 1_000_000
STEPS_MAX = 1_000
WITHIN_S = 30.0
"""How long an expectation waits if it does not say."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3_600.0}
_TOP = {"name", "versions", "quirks", "variables", "step"}
DEEDS: Mapping[str, frozenset[str]] = {
    "plug_in": frozenset({"evse", "soc", "capacity_wh", "power_w", "phases"}),
    "unplug": frozenset({"evse"}),
    "tap": frozenset({"evse", "token"}),
    "restart": frozenset(),
    "limit": frozenset({"evse", "power_w"}),
}
"""What people do, and what may be said of it."""
KINDS: Mapping[str, frozenset[str]] = {
    "do": frozenset().union(*DEEDS.values()),
    "wait": frozenset(),
    "expect": frozenset({"within"}),
    "refuse": frozenset({"within"}),
    "command": frozenset({"within", "payload"}),
    "fault": frozenset({"evse", "lasts", "amount"}),
}
"""The kinds of steps, by the key that makes them, and what else each may have."""


class ScenarioFault(ValueError):
    """The file is no scenario; one line for each error."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. A word for one family alone is a table with ``1x`` or ``2x``."""

    number: int
    kind: str
    """One of ``KINDS``."""
    what: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    """Times are in seconds here."""

    def for_family(self, value: Any, *, is_1x: bool) -> Any:
        """A value as one family has it; None: it has none."""
        if isinstance(value, dict) and value.keys() <= {"1x", "2x"} and value:
            return value.get("1x" if is_1x else "2x")
        return value

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value}" for name, value in self.options.items())
        return f"step {self.number}: {self.kind} {self.what}" + (f" ({told})" if told else "")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A file."""

    name: str
    versions: tuple[Version, ...]
    """For which it is written; the first is taken if nobody chooses."""
    steps: tuple[Step, ...]
    quirks: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file.

    Raises:
        ScenarioFault: it cannot be read, or is none.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioFault(f"{path}: {error}") from error
    if len(text) > FILE_BYTES_MAX:
        raise ScenarioFault(f"{path}: longer than {FILE_BYTES_MAX} characters")
    return parse_scenario(text, str(path))


def parse_scenario(text: str, source: str) -> Scenario:
    """The scenario that a text is.

    Raises:
        ScenarioFault: it is none; ``source`` stands before each line.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioFault(f"{source}: {error}") from error
    reader = _Reader(source)
    scenario = reader.scenario(table)
    if reader.faults:
        raise ScenarioFault("\n".join(reader.faults))
    return scenario


class _Reader:
    """Reads on after an error, so that all are told at once."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.faults: list[str] = []

    def fault(self, where: str, what: str) -> None:
        self.faults.append(f"{self._source}: {where}: {what}")

    def scenario(self, table: dict[str, Any]) -> Scenario:
        for key in table.keys() - _TOP:
            self.fault(key, f"no such key; there are {', '.join(sorted(_TOP))}")
        known = {each.value: each for each in Version}
        versions = self._words(table, "versions", known)
        steps = table.get("step", [])
        if not isinstance(steps, list) or not 0 < len(steps) <= STEPS_MAX:
            self.fault("step", f"1 to {STEPS_MAX} tables [[step]]")
            steps = []
        variables = table.get("variables", {})
        if not isinstance(variables, dict):
            self.fault("variables", "a table")
            variables = {}
        return Scenario(
            name=str(table.get("name", "")) or self._source,
            versions=tuple(known[each] for each in versions) or (Version.V1_6, Version.V2_1),
            steps=tuple(self._step(number, each) for number, each in enumerate(steps, 1)),
            quirks=tuple(self._words(table, "quirks", QUIRKS)),
            variables={name: _text(value) for name, value in variables.items()},
        )

    def _words(self, table: dict[str, Any], key: str, known: Mapping[str, Any]) -> list[str]:
        words = table.get(key, [])
        if not isinstance(words, list):
            self.fault(key, "a list of words")
            return []
        for each in words:
            if each not in known:
                self.fault(key, f"{each!r} is none of {', '.join(known)}")
        return [each for each in words if each in known]

    def _step(self, number: int, table: Any) -> Step:
        where = f"step {number}"
        kinds = [kind for kind in KINDS if isinstance(table, dict) and kind in table]
        if len(kinds) != 1:
            self.fault(where, f"has exactly one of {', '.join(KINDS)}")
            return Step(number, "wait", 0.0)
        (kind,) = kinds
        what, allowed = table[kind], KINDS[kind]
        match kind:
            case "do" if what not in DEEDS:
                self.fault(f"{where}: do", f"{what!r} is none of {', '.join(DEEDS)}")
            case "do":
                allowed = DEEDS[what]
            case "fault" if what not in FAULTS:
                self.fault(f"{where}: fault", f"{what!r} is none of {', '.join(FAULTS)}")
            case "wait":
                what = self._time(f"{where}: wait", what)
            case "expect" | "refuse" | "command":
                self._expectation(f"{where}: {kind}", what)
        options = {name: value for name, value in table.items() if name != kind}
        for name in options.keys() - allowed:
            self.fault(f"{where}: {name}", f"no such key beside {kind}")
        for name, value in options.items():
            options[name] = self._option(f"{where}: {name}", name, value)
        return Step(number, kind, what, options)

    def _expectation(self, where: str, what: Any) -> None:
        texts = list(what.values()) if isinstance(what, dict) else [what]
        families = isinstance(what, str) or (isinstance(what, dict) and what.keys() <= {"1x", "2x"})
        if not families or not texts or not all(isinstance(each, str) and each for each in texts):
            self.fault(where, "an action and words, or a table of them with 1x and 2x")

    def _option(self, where: str, name: str, value: Any) -> Any:
        match name:
            case "within" | "lasts" | "amount":
                return self._time(where, value)
            case "token":
                wanted = isinstance(value, str) and bool(value)
            case "payload":
                wanted = isinstance(value, dict)
            case "evse" | "phases":
                wanted = isinstance(value, int) and not isinstance(value, bool) and value > 0
            case _:
                wanted = isinstance(value, int | float) and not isinstance(value, bool)
        if not wanted:
            self.fault(where, f"{value!r} is of no use here")
        return value

    def _time(self, where: str, value: Any) -> float:
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            self.fault(where, f"{value!r} is no time like 30s, 5m or 2h")
            return 0.0
        return float(found[1]) * _UNITS_S[found[2]]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
