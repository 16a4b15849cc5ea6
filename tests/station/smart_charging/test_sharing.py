"""How EVSEs share the limit of a station."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.station.smart_charging.sharing import Share, shared

AMPERES = st.decimals(0, 63, places=1)
WANTED = st.dictionaries(st.integers(1, 9), AMPERES.map(lambda each: Share(each, Decimal(6))))


@pytest.mark.parametrize(
    ("available", "wanted", "parts"),
    [
        (32, [32, 32], [16, 16]),
        (32, [32, 8], [24, 8]),
        (32, [8, 32, 32], [8, 12, 12]),
        (17, [32, 32, 32], [8.5, 8.5, 0]),
        (11, [32, 8], [11, 0]),
        (5, [32, 32], [0, 0]),
        (32, [5, 32], [0, 32]),
        (0, [32], [0]),
        (10, [], []),
    ],
)
def test_shares_worked_by_hand(available: int, wanted: list[int], parts: list[float]) -> None:
    shares = {key: Share(Decimal(each), Decimal(6)) for key, each in enumerate(wanted)}
    found = shared(Decimal(available), shares)
    assert [float(found[each]) for each in range(len(wanted))] == parts


@given(AMPERES, WANTED)
def test_nobody_gets_too_much_and_nobody_gets_too_little(
    available: Decimal, wanted: dict[int, Share]
) -> None:
    parts = shared(available, wanted)
    assert parts.keys() == wanted.keys()
    assert sum(parts.values()) <= available + Decimal("1e-20")
    for key, part in parts.items():
        assert part == 0 or wanted[key].least <= part <= wanted[key].most


@given(AMPERES, WANTED)
def test_what_is_left_is_of_use_to_nobody_who_is_served(
    available: Decimal, wanted: dict[int, Share]
) -> None:
    parts = shared(available, wanted)
    left = available - sum(parts.values())
    served = [key for key, part in parts.items() if part > 0]
    assert left < Decimal("1e-20") or all(parts[key] == wanted[key].most for key in served)
