"""Ids that we choose and stations carry: of transactions (1.x), reservations, starts, requests.

The messages have signed integers, and 32 bits are what a station has room for; ours are positive.
"""

from __future__ import annotations

import secrets
from typing import Final

__all__ = ["WIRE_ID_MAX", "new_wire_id"]

WIRE_ID_MAX: Final = 2**31 - 1


def new_wire_id() -> int:
    """A random one, so that nobody can guess the next. It may be taken: callers look."""
    return secrets.randbelow(WIRE_ID_MAX) + 1
