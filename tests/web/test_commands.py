"""Every command has a schema of its own in the description."""

from __future__ import annotations

import copy
from typing import Any

from chargeplane.domain.commands import COMMANDS
from chargeplane.web.commands import OPERATION, describe_commands

PATH = "/stations/{station_id}/commands/{name}"


def document() -> dict[str, Any]:
    return {"components": {}, "paths": {PATH: {"post": {"operationId": OPERATION}}}}


def test_every_command_leads_to_the_schema_of_its_body() -> None:
    told = document()
    describe_commands(told)
    named = told["paths"][PATH]["post"]["x-commands"]
    assert set(named) == set(COMMANDS)
    for reference in named.values():
        schema = told["components"]["schemas"][reference["$ref"].rpartition("/")[2]]
        assert schema["type"] == "object"
        assert "command" not in schema.get("properties", {})
        assert "command" not in schema.get("required", [])


def test_what_has_no_commands_stays_as_it_is() -> None:
    plain = {"components": {}, "paths": {"/me": {"get": {"operationId": "me"}}}}
    told = copy.deepcopy(plain)
    describe_commands(told)
    assert told == plain
