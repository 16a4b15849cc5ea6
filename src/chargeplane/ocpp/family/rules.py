"""What the tables of differences between two versions can say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from msgspec import inspect as shape

    from chargeplane.ocpp.violations import Path

__all__ = [
    "ANY",
    "NOW",
    "UNSAID",
    "Assumed",
    "InDoubt",
    "Losses",
    "Quick",
    "Reshape",
    "Rules",
    "Said",
    "Shortcut",
    "Walk",
]

ANY: Final = "*"
"""In place of a value: every other one. In place of a field: all of them."""
NOW: Final = object()
"""In place of a value: the current time."""
UNSAID: Final = object()
"""What ``Quick`` gives for a value that the other version cannot say."""


class Walk(Protocol):
    """The walk over one message, as far as a rule takes part in it."""

    def remark(self, path: Path, reason: str, value: Any = None) -> None:
        """Tell of a difference."""

    def items(
        self, values: list[Any], source: shape.ListType, target: shape.ListType, path: Path
    ) -> Any:
        """An array as the other version says it, item by item."""


Reshape = Callable[[Walk, Any, "shape.Type", "shape.Type", "Path"], Any]
"""Gives a value another shape, where names alone do not do it."""


class InDoubt(Exception):
    """The quick way does not know this value; the walk does."""


class Losses:
    """Whether anything was said less exactly, or not at all."""

    __slots__ = ("happened",)

    def __init__(self) -> None:
        self.happened = False


Quick = Callable[[Any, Losses], Any]
"""A typed value as the other version says it, or ``UNSAID``.

Raises:
    InDoubt: the walk must say it.
"""

Shortcut = Callable[
    [Callable[["shape.Type", "shape.Type"], Quick], "shape.Type", "shape.Type"], Quick
]
"""Makes the quick way of what has a ``Reshape``: from the quick way of any two types, and the two
types that it lies between."""


@dataclass(frozen=True, slots=True)
class Said:
    """How another version says a value."""

    value: str
    reason: str = ""
    """Why it is not quite the same; empty where it is."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """The value of a field that the other version demands and this one did not give."""

    value: Any
    reason: str


@dataclass(frozen=True)
class Rules:
    """All that has to be known to say the messages of one version in another one.

    Datatypes go by their name in the version that is converted from, enumerations and missing
    fields by their name in the version that is converted to.
    """

    renames: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Datatype: field here -> field there."""
    values: Mapping[str, Mapping[str, Said]] = field(default_factory=dict)
    """Enumeration: value here -> value there; a value that both have needs no row."""
    assumed: Mapping[tuple[str, str], Assumed] = field(default_factory=dict)
    """(datatype, field) that is required there and may be missing here."""
    essential: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Datatype: optional fields without which the rest would mean something else. Where one of
    them cannot be said, the whole value is not said."""
    whole: frozenset[str] = frozenset()
    """Datatypes whose lists lose their meaning when one item is left out."""
    texts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Datatype: fields with text for people, which may be cut."""
    datatypes: Mapping[str, Reshape] = field(default_factory=dict)
    """Datatypes that have another shape there."""
    fields: Mapping[tuple[str, str], Reshape] = field(default_factory=dict)
    """(datatype, field) that has another shape there."""
    shortcuts: Mapping[str | tuple[str, str], Shortcut] = field(default_factory=dict)
    """Of ``datatypes`` and ``fields``, which are in doubt without."""
    keeps_words: bool = False
    """What both versions have they call alike: it is worth trying a payload as it stands."""
    total: bool = False
    """A message always has a counterpart: texts are cut and numbers are moved into their range
    where a required field would be lost otherwise."""
