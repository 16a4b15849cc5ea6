"""How EVSEs share what the station may take: evenly, but nobody gets more than can be used."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

__all__ = ["Share", "shared"]


class Share(NamedTuple):
    """What one EVSE could use, in the unit that is shared out."""

    most: Decimal
    least: Decimal
    """With less than this it takes nothing."""


def shared(available: Decimal, wanted: Mapping[int, Share]) -> dict[int, Decimal]:
    """What each gets. If it is too little for all, the last ones get nothing (K04).

    Args:
        available: for all together.
        wanted: by EVSE, those first that shall be served first.
    """
    served = {evse_id: each for evse_id, each in wanted.items() if each.most >= each.least}
    while True:
        parts = _filled(available, served)
        short = [evse_id for evse_id, part in parts.items() if part < served[evse_id].least]
        if not short:
            return dict.fromkeys(wanted, Decimal(0)) | parts
        last = [evse_id for evse_id in served if evse_id in short][-1]
        del served[last]


def _filled(available: Decimal, wanted: Mapping[int, Share]) -> dict[int, Decimal]:
    """As water fills vessels: those that need little are filled, the others stand equally high."""
    parts: dict[int, Decimal] = {}
    waiting = sorted(wanted, key=lambda evse_id: wanted[evse_id].most)
    while waiting:
        evse_id = waiting.pop(0)
        parts[evse_id] = min(wanted[evse_id].most, available / (len(waiting) + 1))
        available -= parts[evse_id]
    return parts
