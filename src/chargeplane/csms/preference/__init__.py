"""Preferences: what a tenant chooses for itself while the program runs (``csms.preferences``).

They are kept in the database, beside what the program was started with and never against it: no
address, no port and nothing that guards the door is among them. Each has a default, and can be set
back to it. ``GET`` and ``PATCH /preferences`` are all there is; administrators change them.
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.preference.api import routes
from chargeplane.csms.preference.service import Chosen

__all__ = ["Chosen", "block"]


def block(chosen: Chosen) -> Block:
    """The block for the central system."""
    return Block("preference", routes=(routes(chosen),))
