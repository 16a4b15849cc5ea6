"""What the framework's description does not know: our errors, our headers, readable names.

A function from one OpenAPI document to another; the framework makes the first.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from chargeplane.runtime.rest.problems import MEDIA_TYPE, ProblemBody
from chargeplane.web.commands import describe_commands

__all__ = ["described"]

_METHODS = ("get", "post", "put", "patch", "delete")
_GENERIC = re.compile(r"(?P<outer>[A-Za-z]+)_(?P<module>[a-z_0-9.]+\.)(?P<inner>\w+)_(?=\")")
_PROBLEM = {"$ref": "#/components/responses/Problem"}
_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeat a request under the same key, and it is carried out once only.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}


def described(schema: dict[str, Any], public: frozenset[str]) -> dict[str, Any]:
    """The same document with problems as the answers to errors, in plain JSON types.

    Args:
        schema: what the framework makes.
        public: the names of the operations that need no token.
    """
    text = msgspec.json.encode(schema).decode()
    document: dict[str, Any] = msgspec.json.decode(_with_short_names(text))
    components = document.setdefault("components", {})
    _, defined = msgspec.json.schema_components(
        [ProblemBody], ref_template="#/components/schemas/{name}"
    )
    components.setdefault("schemas", {}).update(defined)
    components["responses"] = {
        "Problem": {
            "description": "An error; `type` tells its kind.",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
    }
    for item in document["paths"].values():
        for method in _METHODS:
            if method in item:
                if item[method].get("operationId") in public:
                    item[method].pop("security", None)
                _complete(method, item[method])
    describe_commands(document)
    return document


def _complete(method: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    for code in [code for code in answers if code.startswith("4")]:
        del answers[code]
    is_guarded = bool(operation.get("security"))
    if is_guarded:
        answers["401"] = answers["403"] = _PROBLEM
    answers["4XX"] = answers["5XX"] = _PROBLEM
    if method == "post" and is_guarded:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)


def _with_short_names(text: str) -> str:
    """Write ``PageOfUserView`` for ``Page_chargeplane.runtime.access.views.UserView_``.

    Two modules that each have such a view keep the name of the module.
    """
    modules: dict[str, set[str]] = {}
    for found in _GENERIC.finditer(text):
        modules.setdefault(found["inner"], set()).add(found["module"])

    def short(found: re.Match[str]) -> str:
        is_alone = len(modules[found["inner"]]) == 1
        module = "" if is_alone else found["module"].replace(".", "_")
        return f"{found['outer']}Of{module}{found['inner']}"

    return _GENERIC.sub(short, text)
