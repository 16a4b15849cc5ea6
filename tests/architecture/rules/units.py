"""Public numbers say their unit: `timeout_s`, `energy_wh`, `limit_a_max`."""

import ast
from collections.abc import Iterator

from tests.architecture.rules.finding import GENERATED, SRC, Finding, last_name, parsed

# The last word of a name that leaves the unit open, and what to end it with.
QUANTITIES = dict.fromkeys(
    "age backoff delay duration interval latency period timeout ttl".split(), "_s or _ms"
) | {
    "capacity": "_wh, _bytes or _max",
    "current": "_a",
    "energy": "_wh or _kwh",
    "frequency": "_hz",
    "limit": "_a, _w, or _max for a bound",
    "power": "_w or _kw",
    "size": "_bytes, or _max for a bound",
    "temperature": "_celsius",
    "voltage": "_v",
}
NUMBERS = frozenset({"int", "float", "Decimal"})
WRAPPERS = frozenset({"Annotated", "ClassVar", "Final", "Optional", "Required", "NotRequired"})
PROPERTIES = frozenset({"property", "cached_property"})


def check(path: str, source: str) -> Iterator[Finding]:
    """Names that end in a quantity and hold a bare number. The names on the wire are not ours."""
    if not path.startswith(SRC) or path.startswith(GENERATED):
        return
    for line, name in numbers(parsed(source)):
        suffix = QUANTITIES.get(name.lower().rsplit("_", 1)[-1])
        if suffix and not name.startswith("_"):
            yield Finding(path, line, f"{name} leaves its unit open; end the name in {suffix}")


def numbers(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of each field, parameter, property and module constant that is a number."""
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind) if is_number(kind):
                yield node.lineno, name
            case ast.arg(arg=name, annotation=kind) if kind is not None and is_number(kind):
                yield node.lineno, name
            case ast.FunctionDef(name=name, returns=kind) if kind is not None and is_number(kind):
                if any(last_name(decorator) in PROPERTIES for decorator in node.decorator_list):
                    yield node.lineno, name
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() | float())):
                yield node.lineno, name


def is_number(kind: ast.expr) -> bool:
    """True for `int`, `int | None`, `Final[int]`, `Annotated[int, ...]` and their like."""
    match kind:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return is_number(left) or is_number(right)
        case ast.Subscript(value=outer, slice=inner) if last_name(outer) in WRAPPERS:
            return is_number(inner.elts[0] if isinstance(inner, ast.Tuple) else inner)
        case ast.Constant(value=str() as quoted):
            return is_number(ast.parse(quoted, mode="eval").body)
    return last_name(kind) in NUMBERS
