"""The page of attacks and defences names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/threat-model.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_proof_is_a_test_that_exists(file: str, name: str) -> None:
    source = (ROOT / file).read_text(encoding="utf-8")
    assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE)


def test_the_reference_names_tests_that_exist() -> None:
    page = (ROOT / "docs/reference/security.md").read_text(encoding="utf-8")
    named = {Path(each).name for each in re.findall(r"`([\w/]*test_\w+\.py)`", page)}
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(named) > 10
    assert named - there == set()


def test_every_attack_has_a_proof() -> None:
    assert len(ROWS) > 10
    assert [row[:60] for row in ROWS if "::test_" not in row] == []
