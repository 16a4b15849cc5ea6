"""OCPP 1.6, 2.0.1 and 2.1: the types of the JSON schemas.

2.x names its datatypes. The 1.6 core schemas describe everything in place, so the names come from
the 1.6 WSDLs, field by field beside the schema, and so does the order of the fields: that is the
order in which SOAP wants the elements.
"""

from __future__ import annotations

from typing import Any

from chargeplane.ocpp.versions import Version
from tools.generator.model import Field, ListOf, Message, Named, Scalar, Struct
from tools.generator.model import VersionModel as Model
from tools.generator.sources import ActionRow, Schema, action_rows, digest, schemas, soap_table

CUSTOM_DATA = "CustomDataType"


def read(version: Version) -> Model:
    """The model of a version that is defined by JSON schemas."""
    files = schemas(version)
    model = Model(version, f"{len(files)} JSON schemas", digest(files))
    reader = _Reader(model, soap_table()["1.6"]["types"] if version is Version.V1_6 else {})
    used = set()
    for row in action_rows(version):
        request_file, response_file = _file_names(row, files)
        used |= {request_file, response_file}
        response = None
        if response_file in files:
            response = reader.payload(f"{row.name}Response", files[response_file])
        request = reader.payload(f"{row.name}Request", files[request_file])
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
    if unused := files.keys() - used:
        raise SystemExit(f"{version}: no row in messages.csv for {sorted(unused)}")
    return model


def _file_names(row: ActionRow, files: dict[str, Schema]) -> tuple[str, str]:
    """1.6 and the SEND of 2.1 leave out the word Request."""
    request = f"{row.name}Request"
    return (request if request in files else row.name), f"{row.name}Response"


class _Reader:
    def __init__(self, model: Model, soap_types: dict[str, Any]) -> None:
        self.model = model
        self.soap_types = soap_types
        self.definitions: dict[str, Schema] = {}

    def payload(self, name: str, schema: Schema) -> Struct:
        self.definitions = schema.get("definitions", {})
        return self.struct(name, schema)

    def struct(self, name: str, schema: Schema) -> Struct:
        if schema.get("additionalProperties") is not False:
            raise SystemExit(f"{self.model.version} {name}: an open object is not expected")
        properties: dict[str, Schema] = schema.get("properties", {})
        required = set(schema.get("required", ()))
        soap_names = {row[0]: row[1] for row in self.soap_types.get(name, ())}
        if soap_names and soap_names.keys() != properties.keys():
            raise SystemExit(f"{name}: WSDL and JSON schema differ in fields")
        fields = []
        for wire_name in soap_names or _custom_data_last(properties):
            type_ = self.field(properties[wire_name], soap_names.get(wire_name, ""))
            fields.append(Field(wire_name, type_, wire_name in required))
        return Struct(name, tuple(fields))

    def field(self, schema: Schema, inline_name: str) -> Scalar | Named | ListOf:
        if schema.get("type") == "array":
            item = self.item(schema["items"], inline_name)
            return ListOf(item, schema.get("minItems"), schema.get("maxItems"))
        return self.item(schema, inline_name)

    def item(self, schema: Schema, inline_name: str) -> Scalar | Named:
        reference = schema.get("$ref", "").rpartition("/")[2]
        if reference == CUSTOM_DATA:
            return Scalar("custom")
        if reference:
            return self.item(self.definitions[reference], reference)
        if "enum" in schema:
            return self.model.add_enum(inline_name, tuple(schema["enum"]))
        if schema.get("type") == "object":
            return self.model.add_datatype(self.struct(inline_name, schema))
        return _scalar(schema)


def _custom_data_last(properties: dict[str, Schema]) -> list[str]:
    return sorted(properties, key=lambda name: name == "customData")


def _scalar(schema: Schema) -> Scalar:
    match schema.get("type"):
        case "string" if schema.get("format") == "date-time":
            return Scalar("datetime")
        case "string":
            return Scalar("str", length_max=schema.get("maxLength"))
        case "integer" | "number" as kind:
            if schema.get("multipleOf") is not None:
                return Scalar("tenths")
            name = "int" if kind == "integer" else "float"
            return Scalar(name, minimum=schema.get("minimum"), maximum=schema.get("maximum"))
        case "boolean":
            return Scalar("bool")
        case None:
            return Scalar("any")
        case other:
            raise SystemExit(f"a schema type that is not expected: {other}")
