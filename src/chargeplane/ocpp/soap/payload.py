"""Payloads: XML elements <-> the same dicts and structs that JSON payloads become.

Reading loses nothing and judges nothing: text that is no number stays text, an element that the
type does not know stays under its name, so that ``codec.build`` and ``tolerance`` see the fault and
name it. Writing validates first, with the schema of the version and the WSDL's own rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from lxml import etree
from msgspec import Struct
from msgspec import inspect as shape

from chargeplane.ocpp.codec import encode, name_of
from chargeplane.ocpp.errors import ErrorCode, LocalError
from chargeplane.ocpp.soap.schema import INTEGER_MAX, Element, elements, spelling, text_member
from chargeplane.ocpp.soap.tree import Node
from chargeplane.ocpp.wire import UNSET, Datatype, Message

__all__ = ["read_payload", "write_payload"]

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
# More digits than any value of OCPP has are left as text, which no number field accepts.
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII).fullmatch
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,10})?|\.[0-9]{1,10})", re.ASCII).fullmatch


def read_payload(node: Node, expected: type[Struct]) -> dict[str, Any]:
    """The payload (dicts, lists, strings, numbers) in an element that should be of this type.

    Elements count by local name, in any order. Attributes that the type does not have appear as
    ``@name``, stray text as ``#text``: no schema has such members, so they are reported as unknown.
    """
    known = {element.name: element for element in elements(expected)}
    text_name = text_member(expected)
    payload: dict[str, Any] = {}
    if text_name:
        payload[text_name] = node.text
    elif stray := node.text.strip():
        payload["#text"] = stray
    for name, value in node.attributes.items():
        if not name.startswith("{"):  # xsi:type, soap:encodingStyle and the like say nothing here
            payload[name if text_name and name in known else f"@{name}"] = value
    for child in node.children:
        element = known.get(child.name)
        _add(payload, child.name, _value(child, element), element is not None and element.repeated)
    for element in known.values():
        if element.empty:
            payload.setdefault(element.name, [])
    return payload


def _add(payload: dict[str, Any], name: str, value: Any, repeated: bool) -> None:
    if name not in payload:
        payload[name] = [value] if repeated else value
    elif isinstance(payload[name], list):
        payload[name].append(value)
    else:  # once too often: a list is what the type will refuse
        payload[name] = [payload[name], value]


def _value(node: Node, element: Element | None) -> Any:
    if node.attributes.get(_NIL) in {"true", "1"}:
        return None
    if element is None:
        return _anything(node)
    if isinstance(element.kind, shape.StructType):
        return read_payload(node, element.kind.cls)
    if node.children:
        return _anything(node)
    return _READ.get(type(element.kind), str)(node.text)


def _anything(node: Node) -> Any:
    if not node.children:
        return node.text
    found: dict[str, Any] = {}
    for child in node.children:
        _add(found, child.name, _anything(child), False)
    return found


def _read_integer(text: str) -> int | str:
    return int(text) if _INTEGER(text.strip()) else text


def _read_decimal(text: str) -> Decimal | str:
    return Decimal(text.strip()) if _DECIMAL(text.strip()) else text


def _read_boolean(text: str) -> bool | str:
    return _TRUTHS.get(text.strip(), text)


# xsd collapses white space around everything but strings and enumerations.
_READ: dict[type[shape.Type], Callable[[str], Any]] = {
    shape.IntType: _read_integer,
    shape.DecimalType: _read_decimal,
    shape.BoolType: _read_boolean,
    shape.DateTimeType: str.strip,
}


def write_payload(parent: etree._Element, name: str, namespace: str, message: Any) -> None:
    """Append a message to ``parent``, as the element ``name``.

    Raises:
        LocalError: the message breaks the schema or the WSDL of its version.
    """
    kind: type[Message] = type(message)
    encode(message)
    try:
        _write(etree.SubElement(parent, f"{{{namespace}}}{name}"), message)
    except (ValueError, OverflowError) as error:  # characters or times that XML has no words for
        raise LocalError(
            ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"{name_of(kind)}: {error}"
        ) from error


def _write(node: etree._Element, struct: Datatype) -> None:
    namespace = etree.QName(node).namespace
    text_name = text_member(type(struct))
    for element in elements(type(struct)):
        value = getattr(struct, element.attribute)
        if value is UNSET:
            continue
        if element.name == text_name:
            node.text = _text(value, element)
        elif text_name:
            node.set(element.name, _text(value, element))
        elif element.repeated and element.required and not value:
            raise ValueError(f"`{element.name}` needs at least one element")
        else:
            for each in value if element.repeated else [value]:
                child = etree.SubElement(node, f"{{{namespace}}}{element.name}")
                if isinstance(each, Datatype):
                    _write(child, each)
                else:
                    child.text = _text(each, element)


def _text(value: Any, element: Element) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() if not -INTEGER_MAX - 1 <= value <= INTEGER_MAX:
            raise ValueError(f"`{element.name}` is no 32-bit integer")
        case datetime():
            return _time_text(value)
        case Decimal():
            return f"{value:f}"
        case Enum():
            return spelling(type(value), value.value)
        case _:
            return str(value)


def _time_text(time: datetime) -> str:
    """UTC, with at most three decimals, cut and not rounded."""
    time = time.astimezone(UTC)
    text = time.isoformat(timespec="milliseconds" if time.microsecond >= 1000 else "seconds")
    return text.replace("+00:00", "Z")
