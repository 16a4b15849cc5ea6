"""Modules import one way: no circle of imports, those for types alone and late ones included."""

import ast
from collections.abc import Iterable, Iterator, Set
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import PurePosixPath

from tests.architecture.rules.finding import Finding, parsed


def check(files: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """One circle, if there is any; when it is resolved, the next one shows."""
    sources = dict(files)
    paths = {module_of(path): path for path in sources}
    lines = {
        module: dict(imports(module, path, sources[path], paths.keys()))
        for module, path in paths.items()
    }
    try:
        TopologicalSorter(lines).prepare()
    except CycleError as error:
        # As graphlib tells it each module is imported by the next one.
        circle = error.args[1][::-1]
        ways = [f"{one} -> {other}" for one, other in pairwise(circle)]
        yield Finding(
            paths[circle[0]],
            lines[circle[0]][circle[1]],
            f"closes a circle of imports ({', '.join(ways)}); move what both need to a module "
            "below them, or name it by a Protocol beside who uses it",
        )


def module_of(path: str) -> str:
    """The dotted name under which a source is imported."""
    parts = PurePosixPath(path.removeprefix("src/")).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(module: str, path: str, source: str, known: Set[str]) -> Iterator[tuple[str, int]]:
    """The modules of the project that one imports, each with a line."""
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: -(node.level - 1) or None] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            # `from package import module` imports the module, not the package's names.
            names = [
                inner if (inner := f"{base}.{alias.name}") in known else base
                for alias in node.names
            ]
        else:
            continue
        yield from ((name, node.lineno) for name in names if name in known and name != module)
