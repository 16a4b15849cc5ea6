"""What the generated types of every version are made of.

All wire types are immutable msgspec structs with snake_case attributes; on the wire the names are
the camelCase ones of the specification. An optional field that was not sent is ``UNSET``, never
``None``: OCPP has no null (2.x Part 4, 4.2: optional fields are left out), so the type system does
not have it either. ``UNSET`` is falsy, and ``given(x)`` turns it into ``None``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

__all__ = [
    "UNSET",
    "CustomDataType",
    "Datatype",
    "Int32",
    "Message",
    "Request",
    "Response",
    "Tenths",
    "UnsetType",
    "decode_custom",
    "given",
]

T = TypeVar("T")

Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
"""``xsd:int`` of the SOAP versions."""

TENTH = Decimal("0.1")
Tenths = Annotated[Decimal, Meta(extra={"multiple_of": TENTH})]
"""A decimal with at most one fractional digit (1.6: limits and rates); a float could not say so."""

CUSTOM_VENDOR_ID_LENGTH_MAX = 255


class Datatype(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", gc=False
):
    """A group of fields with a name in the specification."""


class Message(Datatype, frozen=True, kw_only=True):
    """A request or a response: what a frame or an envelope carries."""


class Request(Message, frozen=True, kw_only=True):
    """The payload of a CALL or a SEND."""


class Response(Message, frozen=True, kw_only=True):
    """The payload of a CALLRESULT."""


class CustomDataType(dict[str, Any]):
    """Vendor data inside a 2.x message: any JSON members beside the required ``vendorId``.

    The only open object of 2.x; it keeps the names that the vendor gave its members.
    """

    @property
    def vendor_id(self) -> str:
        """The vendor, usually a reversed domain name; at most 255 characters."""
        vendor_id: str = self["vendorId"]
        return vendor_id


def decode_custom(expected: type, value: object) -> object:
    """Give msgspec the wire types that it does not know itself (its ``dec_hook``).

    Raises:
        ValueError: the value is not custom data.
    """
    if expected is not CustomDataType:
        raise NotImplementedError(f"{expected.__name__} is not a wire type")
    if not isinstance(value, dict):
        raise ValueError(f"Expected `object`, got `{type(value).__name__}`")
    vendor_id = value.get("vendorId")
    if vendor_id is None:
        raise ValueError("Object missing required field `vendorId`")
    if not isinstance(vendor_id, str):
        raise ValueError(f"Expected `str`, got `{type(vendor_id).__name__}` - at `$.vendorId`")
    if len(vendor_id) > CUSTOM_VENDOR_ID_LENGTH_MAX:
        raise ValueError("Expected `str` of length <= 255 - at `$.vendorId`")
    return CustomDataType(value)


def given(value: T | UnsetType) -> T | None:
    """The value of an optional field, or None where it was left out."""
    return None if value is UNSET else value
