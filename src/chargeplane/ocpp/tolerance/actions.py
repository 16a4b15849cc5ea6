"""Which action is meant: a misspelt one, or one of another version."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from chargeplane.ocpp.catalogue import Action, actions
from chargeplane.ocpp.tolerance.words import plain
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.violations import Rule, violations

__all__ = ["counterparts", "foreign", "misfit", "spelt"]

NAME_LENGTH_MAX = 64


def spelt(version: Version, name: str) -> Action | None:
    """The action of ``version`` that has the letters of ``name``."""
    if len(name) > NAME_LENGTH_MAX:
        return None
    key = plain(name)
    found = _by_letters(version)
    return found.get(key) or found.get(key.removesuffix("request").removesuffix("req"))


@cache
def _by_letters(version: Version) -> dict[str, Action]:
    return {plain(name): action for name, action in actions(version).items()}


def foreign(version: Version, name: str) -> Action | None:
    """The action called ``name`` in the version nearest to ``version``, which has none."""
    if spelt(version, name):
        return None
    return next((found for other in _others(version) if (found := spelt(other, name))), None)


def _others(version: Version) -> Iterator[Version]:
    """The other versions: those of the family first, the newest first."""
    family = version.newest_of_family
    newest_first = [other for other in reversed(Version) if other is not version]
    yield from (other for other in newest_first if other.newest_of_family is family)
    yield from (other for other in newest_first if other.newest_of_family is not family)


def counterparts(action: Action) -> Iterator[Action]:
    """The same action in the other family, where the same end may send it, newest first."""
    family = action.version.newest_of_family
    for other in _others(action.version):
        found = actions(other).get(action.name)
        if found and other.newest_of_family is not family and found.direction is action.direction:
            yield found


def misfit(payload: Any, expected: type) -> int:
    """How many members are missing or not known at the top of a payload."""
    shape = (Rule.UNKNOWN, Rule.REQUIRED)
    return sum(f.rule in shape and len(f.path) == 1 for f in violations(payload, expected))
