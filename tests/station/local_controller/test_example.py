"""The example in the folder of examples does what it says."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from tests.station.server import server

EXAMPLE = Path(__file__).parents[3] / "examples" / "local_controller.py"


async def test_the_example_shows_two_stations_that_share_the_power(
    capsys: pytest.CaptureFixture[str],
) -> None:
    spec = spec_from_file_location("local_controller_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = module_from_spec(spec)
    spec.loader.exec_module(example)
    async with server() as at:
        await example.main(at.url, 1.0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "22 kW together: CP1 takes 11000 W of 11000",
        "22 kW together: CP2 takes 11000 W of 11000",
    ]
    assert all(line.endswith("W of any") for line in lines[2:])
    assert len(lines) == 4
