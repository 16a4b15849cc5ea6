"""How tests are spread over workers: each by itself, but those that share what is dear to make."""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = frozenset(
    {
        "tests/architecture/test_the_tree.py",  # the whole tree, read and parsed
        "tests/cli/test_simulator.py",  # a demonstration, which charges until the last test
        "tests/cli/test_whole_interface.py",  # a server with all blocks
    }
)
"""Files of which one worker takes all tests."""


class Spreading(LoadScopeScheduling):
    """Gives a worker one test at a time, or one of these files."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return path if path in TOGETHER else nodeid
