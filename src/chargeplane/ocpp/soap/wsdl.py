"""Writes the WSDL of either service of a version, from the struct types.

The official files may not be changed or passed on with changes, so these are our own: the same
operations, names, order, cardinalities and values, described in our words. Limited strings are
called by their length (``String20``), since the struct types know no other name for them.

OCPP 1.2 names no action for outputs. We name ``/XResponse`` there too: it is what later versions
say and what we send, and without it a toolkit would expect the action that WS-Addressing derives
from the names of port and operation.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree
from msgspec import Struct
from msgspec import inspect as shape

from chargeplane.ocpp.soap.schema import Element, elements, spelling, text_member
from chargeplane.ocpp.soap.services import Service, element_of, namespace_of, operations
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Message

__all__ = ["wsdl"]

_XSD = "http://www.w3.org/2001/XMLSchema"
_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOAP = "http://schemas.xmlsoap.org/wsdl/soap12/"
_WSAW = "http://www.w3.org/2006/05/addressing/wsdl"
_HTTP = "http://schemas.xmlsoap.org/soap/http"

_NAMES = {
    Service.CENTRAL_SYSTEM: "CentralSystemService",
    Service.CHARGE_POINT: "ChargePointService",
}
_TEXTS = {
    Service.CENTRAL_SYSTEM: "What an OCPP {version} station asks of its central system.",
    Service.CHARGE_POINT: "What a central system asks of an OCPP {version} station.",
}
_PLAIN = {
    shape.IntType: "xsd:int",
    shape.BoolType: "xsd:boolean",
    shape.DateTimeType: "xsd:dateTime",
    shape.StrType: "xsd:string",
}


def wsdl(version: Version, service: Service, address: str) -> bytes:
    """The description of a service that listens at ``address``.

    Raises:
        LocalError: the version is defined for JSON alone.
    """
    namespace = namespace_of(version, service)
    name = _NAMES[service]
    root = etree.Element(
        f"{{{_WSDL}}}definitions",
        nsmap={"wsdl": _WSDL, "soap12": _SOAP, "xsd": _XSD, "wsaw": _WSAW, "tns": namespace},
        name=name,
        targetNamespace=namespace,
    )
    _document(root, _WSDL, _TEXTS[service].format(version=version))
    types = etree.SubElement(root, f"{{{_WSDL}}}types")
    messages: list[type[Message]] = []
    for action in operations(version, service).values():
        assert action.response is not None  # 1.x has no SEND
        messages += [action.request, action.response]
    _Schema(types, namespace).write(messages)
    _messages(root, messages)
    _port_type(root, name, version, service)
    _binding(root, name, version, service)
    port = _node(_node(root, _WSDL, "service", name=name), _WSDL, "port")
    port.set("name", f"{name}Soap12")
    port.set("binding", f"tns:{name}Soap")
    _node(port, _SOAP, "address", location=address)
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


class _Schema:
    """Writes the types; each is noted when first needed, and written once."""

    def __init__(self, parent: etree._Element, namespace: str) -> None:
        self._root = _node(
            parent, _XSD, "schema", targetNamespace=namespace, elementFormDefault="qualified"
        )
        self._simple: dict[str, etree._Element] = {}

    def write(self, messages: list[type[Message]]) -> None:
        structs = dict.fromkeys(s for message in messages for s in _structs(message))
        complex_types = [self._complex(struct) for struct in structs if not text_member(struct)]
        self._root.extend(self._simple[name] for name in sorted(self._simple))
        self._root.extend(complex_types)
        _node(self._root, _XSD, "element", name="chargeBoxIdentity", type="xsd:string")
        for message in messages:
            type_name = f"tns:{message.__name__}"
            _node(self._root, _XSD, "element", name=element_of(message), type=type_name)

    def _complex(self, struct: type[Struct]) -> etree._Element:
        node = etree.Element(f"{{{_XSD}}}complexType", name=struct.__name__)
        text = (struct.__doc__ or "").partition("\n")[0]
        _document(_node(node, _XSD, "annotation"), _XSD, text)
        sequence = _node(node, _XSD, "sequence")
        for element in elements(struct):
            child = _node(sequence, _XSD, "element", name=element.name)
            self._type(child, element)
            child.set("minOccurs", "1" if element.required else "0")
            child.set("maxOccurs", "unbounded" if element.repeated else "1")
        return node

    def _type(self, node: etree._Element, element: Element) -> None:
        """Name the type of an element; text with attributes is described in place."""
        kind = element.kind
        if not isinstance(kind, shape.StructType) or not text_member(kind.cls):
            node.set("type", self._name(element))
            return
        content = _node(_node(node, _XSD, "complexType"), _XSD, "simpleContent")
        for member in elements(kind.cls):
            if member.name == text_member(kind.cls):
                content = _node(content, _XSD, "extension", base=self._name(member))
            else:
                attribute = _node(content, _XSD, "attribute", name=member.name)
                attribute.set("type", self._name(member))
                attribute.set("use", "required" if member.required else "optional")

    def _name(self, element: Element) -> str:
        match element.kind:
            case shape.StructType(cls=cls):
                return f"tns:{cls.__name__}"
            case shape.EnumType(cls=cls):
                values = dict.fromkeys(spelling(cls, member.value) for member in cls)
                facets = [("enumeration", value) for value in values]
                return self._restriction(cls.__name__, "xsd:string", facets)
            case shape.StrType(max_length=int(length_max)):
                facets = [("maxLength", str(length_max))]
                return self._restriction(f"String{length_max}", "xsd:string", facets)
            case shape.DecimalType():  # every decimal of 1.6 is one of tenths
                return self._restriction("DecimalOne", "xsd:decimal", [("fractionDigits", "1")])
            case _:
                return "xsd:anyURI" if element.uri else _PLAIN[type(element.kind)]

    def _restriction(self, name: str, base: str, facets: list[tuple[str, str]]) -> str:
        if name not in self._simple:
            node = self._simple[name] = etree.Element(f"{{{_XSD}}}simpleType", name=name)
            restriction = _node(node, _XSD, "restriction", base=base)
            for facet, value in facets:
                _node(restriction, _XSD, facet, value=value)
        return f"tns:{name}"


def _structs(struct: type[Struct]) -> Iterator[type[Struct]]:
    """A type and all that it is made of."""
    yield struct
    for element in elements(struct):
        if isinstance(element.kind, shape.StructType):
            yield from _structs(element.kind.cls)


def _messages(root: etree._Element, messages: list[type[Message]]) -> None:
    header = _node(root, _WSDL, "message", name="Header")
    _node(header, _WSDL, "part", name="ChargeBoxIdentity", element="tns:chargeBoxIdentity")
    for message in messages:
        node = _node(root, _WSDL, "message", name=message.__name__)
        _node(node, _WSDL, "part", name="parameters", element=f"tns:{element_of(message)}")


def _port_type(root: etree._Element, name: str, version: Version, service: Service) -> None:
    port_type = _node(root, _WSDL, "portType", name=name)
    for action in operations(version, service).values():
        operation = _node(port_type, _WSDL, "operation", name=action.name)
        _document(operation, _WSDL, (action.request.__doc__ or "").partition("\n")[0])
        for end, message, wsa_action in (
            ("input", f"tns:{action.name}Request", f"/{action.name}"),
            ("output", f"tns:{action.name}Response", f"/{action.name}Response"),
        ):
            node = _node(operation, _WSDL, end, message=message)
            node.set(f"{{{_WSAW}}}Action", wsa_action)


def _binding(root: etree._Element, name: str, version: Version, service: Service) -> None:
    binding = _node(root, _WSDL, "binding", name=f"{name}Soap", type=f"tns:{name}")
    _node(binding, _SOAP, "binding", style="document", transport=_HTTP)
    _node(binding, _WSAW, "UsingAddressing").set(f"{{{_WSDL}}}required", "true")
    for action in operations(version, service).values():
        operation = _node(binding, _WSDL, "operation", name=action.name)
        _node(operation, _SOAP, "operation", soapAction=f"/{action.name}", style="document")
        given = _node(operation, _WSDL, "input")
        header = _node(given, _SOAP, "header", message="tns:Header", use="literal")
        header.set("part", "ChargeBoxIdentity")
        _node(given, _SOAP, "body", use="literal")
        _node(_node(operation, _WSDL, "output"), _SOAP, "body", use="literal")


def _document(parent: etree._Element, namespace: str, text: str) -> None:
    _node(parent, namespace, "documentation").text = text


def _node(parent: etree._Element, namespace: str, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{namespace}}}{tag}", attributes)
