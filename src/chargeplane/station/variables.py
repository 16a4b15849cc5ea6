"""The device model of a station: its variables, and the 1.6 configuration keys that name them.

A variable is one thing with two names: its component and variable in 2.x, its key in 1.x. What it
holds is text, as on the wire; ``number``, ``flag`` and ``words`` read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = ["Change", "Kind", "Mutability", "Place", "Variable", "Variables"]


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


class Variables:
    """All variables of a station, by place and by key."""

    def __init__(self, variables: Iterator[Variable]) -> None:
        self._all = {each.place.folded(): each for each in variables}
        self._by_key = {each.key.casefold(): each for each in self._all.values() if each.key}
        self.changed: Callable[[Variable], None] = lambda _: None
        """Told after each change."""

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._all.values())

    def find(self, place: Place) -> Variable | None:
        """The variable at a place of 2.x."""
        found = self._all.get(place.folded())
        return None if found is None or found.only_1x else found

    def has_component(self, place: Place) -> bool:
        """Whether any variable has this component, on this EVSE and connector."""
        wanted = (place.component.casefold(), place.evse_id, place.connector_id)
        return any(
            (each.component, each.evse_id, each.connector_id) == wanted
            for each, variable in self._all.items()
            if not variable.only_1x
        )

    def of_key(self, key: str) -> Variable | None:
        """The variable behind a 1.x key; keys are compared without regard to case."""
        return self._by_key.get(key.casefold())

    def keys(self) -> Iterator[Variable]:
        """All that 1.x knows."""
        return iter(self._by_key.values())

    def change(self, variable: Variable, value: str) -> Change:
        """Set a variable as the central system asks for it."""
        if variable.mutability is Mutability.READ_ONLY or not variable.fits(value):
            return Change.REJECTED
        variable.value = value.lower() if variable.kind is Kind.BOOLEAN else value
        self.changed(variable)
        return Change.REBOOT_REQUIRED if variable.needs_reboot else Change.ACCEPTED

    def preset(self, values: Mapping[str, str]) -> None:
        """Set values as a manufacturer does, whatever may be written later.

        Args:
            values: by 1.x key, or by ``Component.Variable`` or ``Component.Variable[instance]``.

        Raises:
            ValueError: there is no such variable, or the value does not fit.
        """
        for name, value in values.items():
            found = self.of_key(name) or self._all.get(_place(name).folded())
            if found is None or not found.fits(value):
                raise ValueError(f"the station has no {name} that could be {value!r}")
            found.value = value

    def text(self, component: str, variable: str, instance: str | None = None) -> str:
        """A value.

        Raises:
            KeyError: the station does not have the variable, which is a bug of ours.
        """
        return self._all[Place(component, variable, instance).folded()].actual

    def number(self, component: str, variable: str, instance: str | None = None) -> float:
        """A value as a number."""
        return float(self.text(component, variable, instance))

    def flag(self, component: str, variable: str) -> bool:
        """A value as a boolean."""
        return self.text(component, variable) == "true"

    def words(self, component: str, variable: str) -> tuple[str, ...]:
        """A value as a list."""
        return split(self.text(component, variable))


def split(value: str) -> tuple[str, ...]:
    """The words of a comma-separated list."""
    return tuple(word for word in map(str.strip, value.split(",")) if word)


def _place(name: str) -> Place:
    component, _, rest = name.partition(".")
    variable, _, instance = rest.partition("[")
    return Place(component, variable, instance.rstrip("]") or None)
