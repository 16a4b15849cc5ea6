"""The overview: what is wrong now, how much power flows now, and what comes next.

One answer (``GET /overview``) and one live view for the first page of a console. What is slow to
read is read seldom: who is here and what is faulted every two seconds at the most, the figures of
the last day every minute. What flows now comes from the ``pulse``, at once. Whoever is limited to
some sites has an overview of these.
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.overview.api import routes
from chargeplane.csms.overview.service import HEARD, Overview

__all__ = ["HEARD", "Overview", "block"]


def block(overview: Overview) -> Block:
    """The block for the central system."""
    return Block("overview", routes=(routes(overview),))
