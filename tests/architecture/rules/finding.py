"""What a rule says, and what all rules need to read a source."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

SRC = "src/chargeplane/"
GENERATED = tuple(f"{SRC}ocpp/{version}/" for version in ("v12", "v15", "v16", "v201", "v21"))


@dataclass(frozen=True)
class Finding:
    """One breach of a rule: where it is, and what to do instead."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


Rule = Callable[[str, str], Iterator[Finding]]


@cache
def parsed(source: str) -> ast.Module:
    """The syntax tree of a source. Every rule asks for it, so it is kept."""
    return ast.parse(source)


def last_name(node: ast.AST) -> str:
    """`timeout` of both `timeout` and `limits.timeout`; empty for anything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
