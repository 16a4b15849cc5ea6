"""No error is swallowed: handlers name what they expect, and do something about it."""

import ast
from collections.abc import Iterator

from tests.architecture.rules.finding import Finding, last_name, parsed

PLACES = ("src/", "tools/")
BROAD = frozenset({"Exception", "BaseException"})

# Paths of the outermost loops, which must outlive anything.
OUTERMOST: frozenset[str] = frozenset({"src/chargeplane/csms/gateway/dispatcher.py"})


def check(path: str, source: str) -> Iterator[Finding]:
    """Bare, broad and empty handlers."""
    if not path.startswith(PLACES):
        return
    for node in ast.walk(parsed(source)):
        match node:
            case ast.ExceptHandler(type=None):
                yield Finding(path, node.lineno, "bare except; name the errors you expect")
            case ast.ExceptHandler(type=caught, body=body) if caught is not None:
                if any(is_broad(each) for each in ast.walk(caught)) and path not in OUTERMOST:
                    yield Finding(
                        path,
                        node.lineno,
                        "a broad except hides bugs; name the errors you expect "
                        "(only the outermost loops, listed in OUTERMOST, catch everything)",
                    )
                if all(isinstance(each, ast.Pass) for each in body):
                    yield Finding(
                        path,
                        node.lineno,
                        "the error is dropped; handle it, or say why it does not matter "
                        "beside contextlib.suppress(...)",
                    )
            case ast.Call(func=func, args=args) if last_name(func) == "suppress":
                if any(is_broad(each) for each in args):
                    yield Finding(path, node.lineno, "suppress names the errors it drops, each")


def is_broad(node: ast.AST) -> bool:
    """True for `Exception` and `BaseException`."""
    return last_name(node) in BROAD
