"""The console has a word for every value that the program may tell of a transaction."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chargeplane.domain.transactions import ChargingState, SessionState, StopReason

UI = Path(__file__).parents[2] / "ui" / "src"


def words(folder: str, language: str) -> dict[str, str]:
    path = UI / folder / f"words.{language}.json"
    return dict[str, str](json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_reason_and_state_of_a_transaction_has_a_word(language: str) -> None:
    of_block, of_all = words("blocks/transactions", language), words("lib", language)
    for reason in StopReason:
        assert f"reason_{reason}" in of_block
    for charging in ChargingState:
        assert f"charging_{charging}" in of_block
    for state in SessionState:
        assert f"state_{state}" in of_all
