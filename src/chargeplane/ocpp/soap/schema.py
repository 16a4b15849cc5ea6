"""The struct types as the WSDLs see them: elements in order, how often, text or attribute.

The types of 1.6 come from its JSON schemas. Where the 1.6 WSDLs say something else, they win on
this wire, and ``OPTIONAL``, ``SPELLINGS`` and ``INTEGER_MAX`` are the complete list of it. The rest
of the tables says what a JSON schema has no word for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from msgspec import Struct
from msgspec import inspect as shape

from chargeplane.ocpp.violations import type_info

__all__ = ["INTEGER_MAX", "Element", "elements", "spelling", "text_member"]

INTEGER_MAX = 2**31 - 1
"""Every integer is an ``xsd:int``; the JSON schemas of 1.6 leave its size open."""

# Required lists that may have no element. JSON demands the member, and lets it be empty.
OPTIONAL = frozenset({("v16", "MeterValuesRequest", "meterValue")})

# Values that only the JSON schemas know. This one is a misspelling that they carry on purpose.
SPELLINGS = {("UnitOfMeasure", "Celcius"): "Celsius"}

# Elements with text of their own, whose other members are XML attributes.
TEXTS = {("v15", "Value"): "value"}

# Strings that are xsd:anyURI: (type, member), the same in every version.
URIS = frozenset({("GetDiagnosticsRequest", "location"), ("UpdateFirmwareRequest", "location")})


@dataclass(frozen=True, slots=True)
class Element:
    """A member of a type."""

    attribute: str
    """Its name in Python."""
    name: str
    """Its name on the wire."""
    kind: shape.Type
    """What one of it is, without the wrappers for absence, limits and lists."""
    required: bool
    """Whether the WSDL demands it at least once."""
    repeated: bool
    uri: bool = False
    empty: bool = False
    """Whether its absence is an empty list for the struct, which demands the member."""


@cache
def elements(struct: type[Struct]) -> tuple[Element, ...]:
    """The members of a type, in the order of the WSDL."""
    info = type_info(struct)
    assert isinstance(info, shape.StructType)
    return tuple(_element(struct, field) for field in info.fields)


def _element(struct: type[Struct], field: shape.Field) -> Element:
    kind = _bare(field.type)
    repeated = isinstance(kind, shape.ListType)
    if isinstance(kind, shape.ListType):
        kind = _bare(kind.item_type)
    optional = (_package(struct), struct.__name__, field.encode_name) in OPTIONAL
    return Element(
        attribute=field.name,
        name=field.encode_name,
        kind=kind,
        required=field.required and not optional,
        repeated=repeated,
        uri=(struct.__name__, field.encode_name) in URIS,
        empty=optional,
    )


def _bare(kind: shape.Type) -> shape.Type:
    while True:
        match kind:
            case shape.UnionType(types=types):  # only ever ``X | UnsetType``
                kind = types[0]
            case shape.Metadata(type=inner):
                kind = inner
            case _:
                return kind


def _package(struct: type[Struct]) -> str:
    return struct.__module__.rsplit(".", 2)[-2]


def text_member(struct: type[Struct]) -> str | None:
    """The member that is the text of the element, for types with simple content."""
    return TEXTS.get((_package(struct), struct.__name__))


def spelling(enumeration: type, value: str) -> str:
    """How an enumeration value is written in SOAP."""
    return SPELLINGS.get((enumeration.__name__, value), value)
