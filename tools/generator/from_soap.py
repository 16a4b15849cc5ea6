"""OCPP 1.2 and 1.5: the types of the SOAP services, which also serve their JSON form."""

from __future__ import annotations

from typing import Any

from chargeplane.ocpp.versions import Version
from tools.generator.model import Field, FieldType, ListOf, Message, Named, Scalar, Struct
from tools.generator.model import VersionModel as Model
from tools.generator.sources import action_rows, digest, soap_table

_XSD = {
    "string": Scalar("str"),
    "anyURI": Scalar("str"),
    "int": Scalar("int32"),
    "boolean": Scalar("bool"),
    "dateTime": Scalar("datetime"),
}


def read(version: Version) -> Model:
    """The model of a version that is defined by WSDLs alone."""
    facts = soap_table()[version]
    model = Model(version, "the WSDLs of both services", digest(facts))
    for row in action_rows(version):
        request = _struct(model, facts, f"{row.name}Request")
        response = _struct(model, facts, f"{row.name}Response")
        model.messages.append(
            Message(
                row.name,
                row.direction,
                row.block,
                row.meaning,
                row.section,
                row.use_cases,
                request,
                response,
            )
        )
    return model


def _struct(model: Model, facts: dict[str, Any], name: str) -> Struct:
    fields = []
    for wire_name, kind, least, most in facts["types"][name]:
        item = _item(model, facts, kind)
        type_: FieldType = item
        if most is None:
            type_ = ListOf(item, length_min=least or None)
        fields.append(Field(wire_name, type_, required=least > 0))
    return Struct(name, tuple(fields))


def _item(model: Model, facts: dict[str, Any], kind: str) -> Scalar | Named:
    if kind in facts["enums"]:
        return model.add_enum(kind, tuple(facts["enums"][kind]))
    if kind in facts["strings"]:
        return Scalar("str", length_max=facts["strings"][kind])
    if kind in facts["types"]:
        return model.add_datatype(_struct(model, facts, kind))
    return _XSD[kind]
