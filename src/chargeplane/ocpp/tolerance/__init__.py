"""Repairs of what real stations send: named, reported, and bounded.

What a station sends is often almost right. A repair makes of it what was meant, and says what it
did: every ``Repair`` names its rule, the place, what stood there and what stands there now, so
that it can be counted and shown for each station. What we send ourselves is never repaired.

Nothing here runs for a frame that is right; ``Peer`` asks only after the decoder has refused.
All functions are total: whatever comes in, they return, and never raise.

* ``registry``: the repairs there are; ``words``: the data they use
* ``text``, ``strings``: JSON that does not parse
* ``payloads``, ``members``, ``values``, ``dates``: payloads that the schema refuses
* ``actions``: which action is meant
"""

from chargeplane.ocpp.tolerance.registry import REPAIRS, RepairRule, Stage
from chargeplane.ocpp.tolerance.repair import Repair
from chargeplane.ocpp.tolerance.tolerance import STRICT, TOLERANT, Tolerance

__all__ = ["REPAIRS", "STRICT", "TOLERANT", "Repair", "RepairRule", "Stage", "Tolerance"]
