"""Both judges of a message: the official schema, and our decoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from functools import cache
from typing import Any

from jsonschema import Draft4Validator, Draft6Validator

from chargeplane.ocpp import codec
from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.errors import RemoteError
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from tools.generator.sources import schemas

VERSIONS = (Version.V1_6, Version.V2_0_1, Version.V2_1)
FILES = tuple((version, name) for version in VERSIONS for name in schemas(version))
PRECISION = 500  # digits, for the remainder of a number as large as 1e400
DRAFTS = {
    "http://json-schema.org/draft-04/schema#": Draft4Validator,
    "http://json-schema.org/draft-06/schema#": Draft6Validator,
}


def is_draft_4(version: Version, name: str) -> bool:
    """Whether the file is one of the 56 of the 1.6 core."""
    return DRAFTS[schemas(version)[name]["$schema"]] is Draft4Validator


@cache
def schema_accepts(version: Version, name: str) -> Callable[[str], bool]:
    """The verdict of the official schema, with decimals where it counts in tenths."""
    schema = schemas(version)[name]
    validator_class = DRAFTS[schema["$schema"]]
    if not is_draft_4(version, name):
        judge = validator_class(schema)
        return lambda text: judge.is_valid(json.loads(text))
    judge = validator_class(json.loads(json.dumps(schema), parse_float=Decimal))

    def verdict(text: str) -> bool:
        with localcontext(Context(prec=PRECISION)):
            return judge.is_valid(json.loads(text, parse_float=Decimal))

    return verdict


def type_of(version: Version, name: str) -> type[Request] | type[Response]:
    """Our type for a schema file."""
    if name.endswith("Response"):
        action = find(version, name.removesuffix("Response"))
        assert action is not None
        assert action.response is not None
        return action.response
    action = find(version, name.removesuffix("Request"))
    assert action is not None
    return action.request


def our_error(version: Version, name: str) -> Callable[[str], RemoteError | None]:
    """Our verdict: None, or the error that would be answered."""
    expected: Any = type_of(version, name)

    def judge(text: str) -> RemoteError | None:
        try:
            codec.decode(expected, text.encode())
        except RemoteError as error:
            return error
        return None

    return judge
