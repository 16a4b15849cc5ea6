"""Where a fault stands: the member, the type that owns it, and what around it may be left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from msgspec import inspect as shape

from chargeplane.ocpp.violations import Path, type_info

__all__ = ["Fields", "Place", "bare", "fields_of", "place_of"]

Fields = dict[str, shape.Field]


@dataclass(frozen=True, slots=True)
class Place:
    """What the type of a message says about one path in it."""

    path: Path
    owner: str
    """The name of the type that has the member; empty for the payload itself."""
    optional: bool
    """Whether the value may be left out. An item of a list may; how many must stay is a rule of
    the list."""
    removable: Path | None
    """The smallest part at or around the path that may be left out; None: there is none."""


def place_of(expected: type, path: Path) -> Place:
    """The place of a path in a message type."""
    here = bare(type_info(expected))
    owner, optional = "", False
    removable: Path | None = None
    for depth, part in enumerate(path, start=1):
        if isinstance(here, shape.StructType):
            owner = here.cls.__name__
            field = fields_of(here.cls).get(str(part))
            optional = field is None or not field.required
            here = bare(field.type) if field else shape.AnyType()
        elif isinstance(here, shape.ListType):
            owner, optional, here = "", True, bare(here.item_type)
        else:  # the required vendorId of custom data
            owner = here.cls.__name__ if isinstance(here, shape.CustomType) else ""
            optional, here = False, shape.AnyType()
        if optional:
            removable = path[:depth]
    return Place(path, owner, optional, removable)


@cache
def fields_of(struct: type) -> Fields:
    """The fields of a wire type by their names on the wire."""
    info = type_info(struct)
    assert isinstance(info, shape.StructType)
    return {field.encode_name: field for field in info.fields}


def bare(expected: shape.Type | None) -> shape.Type:
    """A type without the wrappings that say it is optional or has more limits."""
    if isinstance(expected, shape.UnionType):
        expected = expected.types[0]  # only ever ``X | UnsetType``
    while isinstance(expected, shape.Metadata):
        expected = expected.type
    return expected or shape.AnyType()
