"""Repairs, shown for each station: what was odd about what it sent, how often, and when last.

The gateway counts (``csms.repair_counts``); here the counts are read, each with what it means.
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.repairs.api import Repairs, routes
from chargeplane.runtime.store import Store

__all__ = ["block"]


def block(store: Store) -> Block:
    """The block: routes alone."""
    return Block("repairs", routes=(routes(Repairs(store)),))
