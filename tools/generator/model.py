"""The types of one OCPP version, as far as the generator needs to know them."""

from __future__ import annotations

from dataclasses import dataclass, field

from chargeplane.ocpp.versions import Direction, Version


@dataclass(frozen=True)
class Scalar:
    """A value without fields of its own, with its limits."""

    kind: str
    """str, int, int32, float, tenths, bool, datetime, any or custom."""
    length_max: int | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Named:
    """A reference to an enumeration or a datatype."""

    name: str


@dataclass(frozen=True)
class ListOf:
    """A JSON array, or a repeated XML element."""

    item: Scalar | Named
    length_min: int | None = None
    length_max: int | None = None


FieldType = Scalar | Named | ListOf


@dataclass(frozen=True)
class Field:
    """One field of a struct, by its wire name."""

    name: str
    type: FieldType
    required: bool


@dataclass(frozen=True)
class Struct:
    """A datatype, a request or a response."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Message:
    """An action with its payloads."""

    action: str
    direction: Direction
    block: str
    meaning: str
    section: str
    use_cases: str
    request: Struct
    response: Struct | None


@dataclass
class VersionModel:
    """Everything that one version says."""

    version: Version
    source: str
    sha256: str
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    datatypes: dict[str, Struct] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)

    def add_enum(self, name: str, values: tuple[str, ...]) -> Named:
        """Remember an enumeration; a name has one meaning in a version."""
        if self.enums.setdefault(name, values) != values:
            raise SystemExit(f"{self.version}: two enumerations are called {name}")
        return Named(name)

    def add_datatype(self, struct: Struct) -> Named:
        """Remember a datatype; a name has one meaning in a version."""
        if self.datatypes.setdefault(struct.name, struct) != struct:
            raise SystemExit(f"{self.version}: two datatypes are called {struct.name}")
        return Named(struct.name)
