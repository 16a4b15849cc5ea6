"""The device model of a station: its variables, and the 1.6 configuration keys that name them.

A variable is one thing with two names: its component and variable in 2.x, its key in 1.x. What it
holds is text, as on the wire; ``number``, ``flag`` and ``words`` read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

__all__ = ["Change", "Kind", "Mutability", "Place", "Rows", "Variable", "Variables", "place_of"]

LISTS_MAX = 256
"""Lists that are remembered with their words: stations that are built alike share them."""
_TEXT = re.compile(r"([^.@\[]*)\.([^.@\[]+)(?:\[([^\]]+)\])?(?:@(\d{1,9})(?:\.(\d{1,9}))?)?")


class Kind(StrEnum):
    """The type of a value, in the words of 2.x."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE_TIME = "dateTime"
    OPTION = "OptionList"
    SEQUENCE = "SequenceList"
    MEMBERS = "MemberList"


class Mutability(StrEnum):
    """Who may do what, in the words of 2.x."""

    READ_ONLY = "ReadOnly"
    READ_WRITE = "ReadWrite"
    WRITE_ONLY = "WriteOnly"


class Change(StrEnum):
    """What became of an attempt to set a variable."""

    ACCEPTED = "Accepted"
    REBOOT_REQUIRED = "RebootRequired"
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True)
class Place:
    """Which variable: the name that 2.x knows it by."""

    component: str
    variable: str
    instance: str | None = None
    """Of the variable."""
    evse_id: int | None = None
    connector_id: int | None = None

    def __str__(self) -> str:
        """As people write it: ``Component.Variable[instance]``, behind it ``@evse.connector``."""
        text = f"{self.component}.{self.variable}"
        if self.instance:
            text += f"[{self.instance}]"
        where = [str(each) for each in (self.evse_id, self.connector_id) if each is not None]
        return f"{text}@{'.'.join(where)}" if where else text

    def folded(self) -> Place:
        """For look-ups: 2.x compares names without regard to case."""
        return replace(
            self,
            component=self.component.casefold(),
            variable=self.variable.casefold(),
            instance=self.instance.casefold() if self.instance else None,
        )


@dataclass(slots=True)
class Variable:
    """One variable with its value and its limits."""

    place: Place
    value: str = ""
    kind: Kind = Kind.STRING
    mutability: Mutability = Mutability.READ_ONLY
    key: str | None = None
    """The 1.x configuration key; None if 1.x has none."""
    only_1x: bool = False
    """Whether 2.x does not have it."""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    needs_reboot: bool = False
    allows: Callable[[str], bool] | None = None
    """Whether the station can do what the central system sets; None: all that fits."""
    read: Callable[[], str] | None = None
    """Where the value comes from, if the station knows it from elsewhere."""

    @property
    def actual(self) -> str:
        """The value now."""
        return self.read() if self.read else self.value

    def fits(self, value: str) -> bool:
        """Whether a value is of the kind and within the limits."""
        match self.kind:
            case Kind.BOOLEAN:
                return value.lower() in {"true", "false"}
            case Kind.INTEGER | Kind.DECIMAL:
                try:
                    number = int(value) if self.kind is Kind.INTEGER else float(value)
                except ValueError:
                    return False
                low, high = self.minimum, self.maximum
                return (low is None or number >= low) and (high is None or number <= high)
            case Kind.OPTION:
                return not self.choices or value in self.choices
            case Kind.SEQUENCE | Kind.MEMBERS:
                words = split(value)
                return not self.choices or all(word in self.choices for word in words)
        return self.maximum is None or len(value) <= self.maximum


class Rows:
    """The variables of stations that are built alike, and where to find which."""

    def __init__(self, variables: Iterable[Variable]) -> None:
        """Args: the rows; nobody changes them any more."""
        self.by_place = {each.place.folded(): each for each in variables}
        self.by_key = {
            each.key.casefold(): place for place, each in self.by_place.items() if each.key
        }
        self.exact = {
            (each.place.component, each.place.variable, each.place.instance): each
            for each in self.by_place.values()
            if each.place.evse_id is None
        }
        """Those of the station itself, in the spelling of this program."""
        self.components = frozenset(
            (place.component, place.evse_id, place.connector_id)
            for place, each in self.by_place.items()
            if not each.only_1x
        )

    def __iter__(self) -> Iterator[Variable]:
        return iter(self.by_place.values())


class Variables:
    """All variables of a station, by place and by key.

    A station copies a variable only when it is about to change it: thousands of stations that are
    built alike share the rest.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._own: dict[Place, Variable] = {}
        self._by_name: dict[tuple[str, str, str | None], Variable] = {}
        """Those of its own that stand at the station itself, for quick reading."""
        self.changed: Callable[[Variable], None] = lambda _: None
        """Told after each change."""

    def __iter__(self) -> Iterator[Variable]:
        """All of them, to be read; for a change take one with ``find``."""
        return (self._own.get(place, row) for place, row in self._rows.by_place.items())

    def find(self, place: Place) -> Variable | None:
        """The variable at a place of 2.x."""
        found = self._mine(place.folded())
        return None if found is None or found.only_1x else found

    def at(self, place: Place) -> Variable:
        """The variable at a place, whether 2.x has it or not.

        Raises:
            KeyError: the station does not have the variable, which is a bug of ours.
        """
        found = self._mine(place.folded())
        if found is None:
            raise KeyError(str(place))
        return found

    def _mine(self, place: Place) -> Variable | None:
        own = self._own.get(place)
        if own is None and (row := self._rows.by_place.get(place)) is not None:
            own = self._own[place] = replace(row)
            if place.evse_id is None:
                name = row.place
                self._by_name[name.component, name.variable, name.instance] = own
        return own

    def has_component(self, place: Place) -> bool:
        """Whether any variable has this component, on this EVSE and connector."""
        return (place.component.casefold(), place.evse_id, place.connector_id) in (
            self._rows.components
        )

    def of_key(self, key: str) -> Variable | None:
        """The variable behind a 1.x key; keys are compared without regard to case."""
        place = self._rows.by_key.get(key.casefold())
        return None if place is None else self._mine(place)

    def keys(self) -> Iterator[Variable]:
        """All that 1.x knows."""
        rows = self._rows
        return (self._own.get(place, rows.by_place[place]) for place in rows.by_key.values())

    def change(self, variable: Variable, value: str) -> Change:
        """Set a variable as the central system asks for it."""
        if variable.mutability is Mutability.READ_ONLY or not variable.fits(value):
            return Change.REJECTED
        if variable.allows is not None and not variable.allows(value):
            return Change.REJECTED
        variable.value = value.lower() if variable.kind is Kind.BOOLEAN else value
        self.changed(variable)
        return Change.REBOOT_REQUIRED if variable.needs_reboot else Change.ACCEPTED

    def preset(self, values: Mapping[str, str]) -> None:
        """Set values as a manufacturer does, whatever may be written later.

        Args:
            values: by 1.x key, or as ``Component.Variable[instance]@evse.connector``, of which
                everything behind the variable may be left out.

        Raises:
            ValueError: there is no such variable, or the value does not fit.
        """
        for name, value in values.items():
            found = self.of_key(name) or self._named(name)
            if found is None or not found.fits(value):
                raise ValueError(f"the station has no {name} that could be {value!r}")
            found.value = value

    def _named(self, name: str) -> Variable | None:
        return self._mine(place_of(name).folded()) if _TEXT.fullmatch(name) else None

    def text(self, component: str, variable: str, instance: str | None = None) -> str:
        """A value.

        Raises:
            KeyError: the station does not have the variable, which is a bug of ours.
        """
        name = (component, variable, instance)
        found = self._by_name.get(name) or self._rows.exact[name]
        return found.read() if found.read else found.value

    def number(self, component: str, variable: str, instance: str | None = None) -> float:
        """A value as a number."""
        return float(self.text(component, variable, instance))

    def flag(self, component: str, variable: str) -> bool:
        """A value as a boolean."""
        return self.text(component, variable) == "true"

    def words(self, component: str, variable: str) -> tuple[str, ...]:
        """A value as a list."""
        return split(self.text(component, variable))


@lru_cache(LISTS_MAX)
def split(value: str) -> tuple[str, ...]:
    """The words of a comma-separated list."""
    return tuple(word for word in map(str.strip, value.split(",")) if word)


def place_of(text: str) -> Place:
    """The place that ``str(place)`` is the text of.

    Raises:
        ValueError: it is the text of none.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no variable")
    component, variable, instance, evse_id, connector_id = found.groups()
    return Place(
        component,
        variable,
        instance,
        int(evse_id) if evse_id else None,
        int(connector_id) if connector_id else None,
    )
