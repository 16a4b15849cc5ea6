"""The protocol and the domain do no input or output and read no clock: time is an argument."""

import ast
from collections.abc import Iterator

from tests.architecture.rules.finding import SRC, Finding, last_name, parsed

PURE = (f"{SRC}ocpp/", f"{SRC}domain/")
FORBIDDEN = frozenset(
    "asyncio concurrent http multiprocessing sched select selectors socket socketserver ssl "
    "subprocess threading time urllib.request".split()
)
CLOCKS = frozenset({"now", "utcnow", "today"})


def check(path: str, source: str) -> Iterator[Finding]:
    """Forbidden imports, and calls that read the clock."""
    if not path.startswith(PURE):
        return
    dates = {"datetime", "date"}
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (Finding(path, node.lineno, wrong) for wrong in forbidden(node))
        if isinstance(node, ast.ImportFrom) and node.module == "datetime":
            dates |= {alias.asname for alias in node.names if alias.asname}
    for node in ast.walk(parsed(source)):
        match node:
            case ast.Attribute(attr=attr, value=value) if (
                attr in CLOCKS and last_name(value) in dates
            ):
                yield Finding(
                    path,
                    node.lineno,
                    f"{last_name(value)}.{attr} reads the clock; take `now` as an argument instead",
                )


def forbidden(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """A sentence for each forbidden module that one import statement names."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif node.level == 0 and node.module:
        names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    else:
        return
    for name in FORBIDDEN:
        if any(f"{each}.".startswith(f"{name}.") for each in names):
            yield (
                f"imports {name}; no sockets, threads or clock here: "
                "take text and `now` as arguments, and let runtime/ do the rest"
            )
