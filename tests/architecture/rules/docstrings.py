"""Every module says what it is and what it promises."""

import ast
from collections.abc import Iterator

from tests.architecture.rules.finding import SRC, Finding, parsed


def check(path: str, source: str) -> Iterator[Finding]:
    """A module without a docstring, an empty `__init__` included."""
    if path.startswith(SRC) and not (ast.get_docstring(parsed(source)) or "").strip():
        yield Finding(
            path, 1, "no docstring; open the module by saying what it is and what it promises"
        )
