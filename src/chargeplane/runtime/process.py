"""Settings of the whole process that suit a server."""

from __future__ import annotations

import gc
import sys

__all__ = ["tune"]

# New containers until the next look at the young ones. A message makes some hundred, nearly all of
# which are gone by reference counting when it is answered.
YOUNG_OBJECTS = 50_000
OLDER_RUNS = 20, 50
# How long the loop may keep the interpreter while the writer, back from SQLite, waits for it.
# A commit takes several calls; the sooner it comes to the disk, the less the loop waits for it.
SWITCH_S = 0.0002


def tune() -> None:
    """Call it once, when everything is loaded and before anybody is served.

    What exists by now is never garbage, and the collector looks at it no more. Left alone, it would
    walk through all modules and all stations many times each second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *OLDER_RUNS)
    sys.setswitchinterval(SWITCH_S)
