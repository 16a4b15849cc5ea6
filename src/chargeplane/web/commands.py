"""The description of commands: one route takes them all, and each has a body of its own.

The framework sees one route with a body of bytes. Here every command of the domain gets its schema,
so that clients have types for it and the console makes its forms of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chargeplane.domain.commands import COMMANDS, Command

__all__ = ["OPERATION", "describe_commands"]

OPERATION = "send_command"
"""The operation that takes a command by its name."""
_PREFIX = "Command"
_REFERENCE = f"#/components/schemas/{_PREFIX}{{name}}"


def describe_commands(
    document: dict[str, Any], commands: Mapping[str, type[Command]] = COMMANDS
) -> None:
    """Add the bodies of all commands to a description that has their operation.

    ``x-commands`` maps the name in the path to the schema of the body.
    """
    operations = [
        operation
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and operation.get("operationId") == OPERATION
    ]
    if not operations:
        return
    references, defined = msgspec.json.schema_components(
        list(commands.values()), ref_template=_REFERENCE
    )
    schemas = document["components"].setdefault("schemas", {})
    for name, schema in defined.items():
        schemas[f"{_PREFIX}{name}"] = _without_tag(schema)
    for operation in operations:
        operation["x-commands"] = dict(zip(commands, references, strict=True))
        operation["requestBody"] = {
            "description": "The fields of the command that the path names.",
            "content": {"application/json": {"schema": {"anyOf": list(references)}}},
        }


def _without_tag(schema: dict[str, Any]) -> dict[str, Any]:
    """The path names the command already; nobody need repeat it in the body."""
    properties = schema.get("properties", {})
    if "enum" in properties.get("command", {}):
        del properties["command"]
        schema["required"] = [each for each in schema["required"] if each != "command"]
    return schema
