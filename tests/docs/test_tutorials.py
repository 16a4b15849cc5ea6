"""The programs in the tutorials run as they stand."""

import re
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).resolve().parents[2] / "docs" / "tutorials"
PAGES = sorted(path for path in TUTORIALS.glob("*.md") if "```python" in path.read_text())


def test_there_are_tutorials_with_programs() -> None:
    assert PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_runs_as_it_stands(page: Path) -> None:
    pieces = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    assert pieces
    program = compile("\n".join(pieces), str(page), "exec")
    exec(program, {"__name__": "tutorial"})
