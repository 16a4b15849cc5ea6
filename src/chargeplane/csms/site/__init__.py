"""Sites: the places where stations stand.

A site has an id, which stations carry as ``site_id``, a name, and what people need to find it. A
station may name a site that nobody has described yet. A site with stations cannot be removed.
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.site.api import routes

__all__ = ["block"]


def block() -> Block:
    """The block for the central system."""
    return Block("site", routes=(routes(),))
