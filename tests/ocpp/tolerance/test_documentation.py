"""The page of repairs says what the program does."""

from __future__ import annotations

from pathlib import Path

import pytest

from chargeplane.ocpp.tolerance import REPAIRS, Stage

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "repairs.md"
HEAD = "| name | what it repairs | where seen |\n| --- | --- | --- |\n"


def table(stage: Stage) -> str:
    """The rows of one stage; a dagger marks what may lose something."""
    return HEAD + "".join(
        f"| `{rule.name}`{' †' if rule.lossy else ''}{'' if rule.default else ' (off)'} "
        f"| {rule.description} | {rule.seen} |\n"
        for rule in REPAIRS.values()
        if rule.stage is stage
    )


@pytest.mark.parametrize("stage", Stage)
def test_the_page_has_the_repairs_as_they_are_registered(stage: Stage) -> None:
    assert table(stage) in PAGE.read_text(), f"copy this table to the page:\n{table(stage)}"


def test_the_page_has_no_other_repairs() -> None:
    listed = PAGE.read_text().partition("## Values")[0]
    rows = [line for line in listed.splitlines() if line.startswith("| `")]
    assert len(rows) == len(REPAIRS)
