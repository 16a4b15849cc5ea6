"""Whether what was heard is what a line of a talk says."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["PLACEHOLDER", "filled", "mismatch"]

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def mismatch(wanted: Any, found: Any, names: dict[str, Any], path: str = "$") -> str | None:
    """Where the two differ, None if they do not; placeholders put what they stand for in names."""
    if wanted == "*":
        return None
    if isinstance(wanted, str) and wanted.startswith("*") and isinstance(found, str):
        return None if found.endswith(wanted[1:]) else f"{path} is {found!r} and not {wanted!r}"
    if isinstance(wanted, str) and (name := PLACEHOLDER.fullmatch(wanted)):
        if names.setdefault(name[1], found) == found:
            return None
        return f"{path} is {found!r}, and {wanted} was {names[name[1]]!r}"
    if isinstance(wanted, dict) and isinstance(found, dict):
        if missing := wanted.keys() - found.keys():
            return f"{path} has no {', '.join(sorted(missing))}"
        pairs = [(wanted[key], found[key], f"{path}.{key}") for key in wanted]
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = [(a, b, f"{path}[{i}]") for i, (a, b) in enumerate(zip(wanted, found, strict=True))]
    else:
        return None if wanted == found else f"{path} is {found!r} and not {wanted!r}"
    return next((told for each in pairs if (told := mismatch(*each[:2], names, each[2]))), None)


def filled(text: str, names: dict[str, Any]) -> str:
    """A text with the values of its placeholders; what no name stands for is left alone."""
    return PLACEHOLDER.sub(lambda found: str(names.get(found[1], found[0])), text)
