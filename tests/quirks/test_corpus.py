"""What real stations do, as conversations of our own making: each ends as its row must end."""

from __future__ import annotations

from pathlib import Path

import pytest

from chargeplane.csms.central import CentralSystem
from chargeplane.runtime.clock import SimulatedClock
from tests.quirks.corpus_reader import CORPUS, read
from tests.quirks.playing import played


def sentence(path: Path) -> str:
    """The name of a test: the row, and what the station does."""
    return f"{path.stem[:2]}: a station that {read(path).does}"


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.toml")), ids=sentence)
async def test_it_is_served(path: Path, central: CentralSystem, clock: SimulatedClock) -> None:
    told = await played(read(path), central, clock)
    assert not told, "\n".join(told)
