"""Only the command line prints."""

import ast
from collections.abc import Iterator

from tests.architecture.rules.finding import SRC, Finding, parsed

ALLOWED = (f"{SRC}cli/", f"{SRC}__main__.py")


def check(path: str, source: str) -> Iterator[Finding]:
    """Calls of print() outside cli/."""
    if not path.startswith(SRC) or path.startswith(ALLOWED):
        return
    for node in ast.walk(parsed(source)):
        match node:
            case ast.Call(func=ast.Name(id="print")):
                yield Finding(
                    path,
                    node.lineno,
                    "print() outside cli/; return the value, or log it with structured fields",
                )
