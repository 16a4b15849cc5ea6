"""Sites: the places where stations stand.

A site has an id, which stations carry as ``site_id``, a name, and what people need to find it. A
station may name a site that nobody has described yet. A site with stations cannot be removed.

A station stands where its site is: ``GET /places`` and the live view ``places`` are the map.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from chargeplane.csms.contract import Block
from chargeplane.csms.site.api import routes
from chargeplane.csms.site.map import Atlas
from chargeplane.runtime.store import Store

__all__ = ["block"]


def block(
    store: Store,
    is_connected: Callable[[UUID, str], bool],
    drawing: Callable[[UUID], frozenset[str]],
) -> Block:
    """The block for the central system; ``drawing``: the stations that draw power now."""
    return Block("site", routes=(routes(Atlas(store, is_connected, drawing)),))
