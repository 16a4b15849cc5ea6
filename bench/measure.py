"""Timing in pairs, and the printing of ratios."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

ROUNDS = 15
Work = Callable[[], None]


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes, in processor time."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


@dataclass(frozen=True)
class Pace:
    """What a comparison found: operations per second of both, and the ratio."""

    ours: float
    theirs: float
    ratio: float
    """The median of the pairs; above 1 we are the faster."""

    def line(self, name: str, peer: str) -> str:
        """One line of the report."""
        return (
            f"  {name:<28} {self.ours:>11,.0f}/s   {peer} {self.theirs:>11,.0f}/s   "
            f"ratio {self.ratio:8.2f}"
        )


def paired(ours: Work, theirs: Work, count: int, count_theirs: int | None = None) -> Pace:
    """Time both in turn. Each call does ``count`` operations; a slow peer may do fewer."""
    ours()
    theirs()
    pairs = [
        (count / seconds(ours), (count_theirs or count) / seconds(theirs)) for _ in range(ROUNDS)
    ]
    return Pace(
        median(pair[0] for pair in pairs),
        median(pair[1] for pair in pairs),
        median(pair[0] / pair[1] for pair in pairs),
    )
