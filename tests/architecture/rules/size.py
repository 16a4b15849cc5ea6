"""A file has at most 500 lines and a function at most 70, so that both can be read in one go."""

import ast
from collections.abc import Iterator

from tests.architecture.rules.finding import GENERATED, Finding, parsed

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70


def check(path: str, source: str) -> Iterator[Finding]:
    """Too long files and functions, except for generated code and the data of tests."""
    if path.startswith(GENERATED) or (path.startswith("tests/") and "/data/" in path):
        return
    lines = len(source.splitlines())
    if lines > FILE_LINES_MAX:
        yield Finding(
            path,
            FILE_LINES_MAX + 1,
            f"the file has {lines} lines, {FILE_LINES_MAX} are the most; "
            "split it where its subject splits",
        )
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield Finding(
                    path,
                    node.lineno,
                    f"{node.name} has {lines} lines, {FUNCTION_LINES_MAX} are the most; "
                    "name its steps and make each a function",
                )
