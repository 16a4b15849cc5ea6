"""Log lines tell the ids of stations and transactions in fields: people look for them."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.rules.finding import Finding, last_name, parsed

PLACES = ("src/",)
NAMED = re.compile(r"\b(station|transaction) %[sr]")


def check(path: str, source: str) -> Iterator[Finding]:
    """Ids that stand in the text alone."""
    if not path.startswith(PLACES):
        return
    for node in ast.walk(parsed(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=logger), args=[ast.Constant(value=str(text)), *_]
            ) if last_name(logger) == "_log" and (found := NAMED.search(text)):
                field = f"{found[1]}_id"
                yield Finding(path, node.lineno, f"tell it in a field: extra={{{field!r}: ...}}")
