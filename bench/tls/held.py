"""What a connection holds in the memory of a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.tls.serving import served
from bench.tls.stations import Secured, both, come

__all__ = ["held"]

FEW, MANY = 200, 800
KINDS = "ours", "picows", "bare"
GOAL_KB = 50


def held(folder: Path) -> Iterator[str]:
    """The lines of the report."""
    yield (
        "memory for each connection that is held, kB: at first, and when all have come again "
        f"(goal {GOAL_KB})"
    )
    yield f"  {'':<12} " + "".join(f"{kind:>10}" for kind in KINDS)
    for title, secured in both(folder):
        figures = (_each_kb(folder, kind, secured) for kind in KINDS)
        yield f"  {title:<12} " + "".join(f"{each:>10}" for each in figures)


def _each_kb(folder: Path, kind: str, secured: Secured) -> str:
    """What one more connection adds."""
    port = served(folder, kind)
    try:
        stations = come(port.port, secured, range(FEW))
        before_kb = port.memory_kb()
        stations += come(port.port, secured, range(FEW, MANY))
        first_kb = port.memory_kb() - before_kb
        for each in stations:
            each.close()
        stations = come(port.port, secured, range(MANY))
        again_kb = port.memory_kb() - before_kb
        for each in stations:
            each.close()
    finally:
        port.stop()
    more = MANY - FEW
    return f"{first_kb / more:.0f}, {again_kb / more:.0f}"
