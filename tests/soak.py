"""How many cases a test takes that lives from the number of its cases.

What holds for any order, any fault or any kill is shown by very many of them. ``make test`` takes
every tenth part of their number, from the first seed on, so that it stays quick; ``make soak``
takes all. Such a test carries the marker ``soak``. What takes long by its nature, such as a
browser, another's program, or a server that is killed, is marked ``long`` by its folder
(``make test-long``).
"""

from __future__ import annotations

import os

SOAKING = os.environ.get("CHARGEPLANE_SOAK") == "1"


def cases(count: int, quick: int | None = None) -> int:
    """How many cases to take of ``count``; ``quick`` in ``make test``, by default a tenth."""
    if SOAKING:
        return count
    return count // 10 if quick is None else quick
