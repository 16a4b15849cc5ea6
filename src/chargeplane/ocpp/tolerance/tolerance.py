"""Which repairs are made for one station, and the four questions that ``Peer`` asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, tzinfo
from typing import Any

from chargeplane.ocpp.catalogue import Action, action_of
from chargeplane.ocpp.tolerance.actions import counterparts, foreign, misfit, spelt
from chargeplane.ocpp.tolerance.payloads import repair_payload
from chargeplane.ocpp.tolerance.registry import REPAIRS
from chargeplane.ocpp.tolerance.repair import Repair
from chargeplane.ocpp.tolerance.text import repair_text
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.violations import violations
from chargeplane.ocpp.wire import Request

__all__ = ["STRICT", "TOLERANT", "Tolerance"]


class Tolerance:
    """A choice of repairs; it keeps nothing of what it repairs, and may be shared."""

    __slots__ = ("names", "zone")

    def __init__(self, names: Iterable[str] | None = None, *, zone: tzinfo = UTC) -> None:
        """Choose repairs.

        Args:
            names: of the repairs to make; None for all that are made by default.
            zone: of the station, for times that it writes without one.

        Raises:
            ValueError: a name is not one of ``REPAIRS``.
        """
        defaults = (rule.name for rule in REPAIRS.values() if rule.default)
        self.names = frozenset(defaults if names is None else names)
        self.zone = zone
        unknown = sorted(self.names - REPAIRS.keys())
        if unknown:
            raise ValueError(
                f"there is no repair called {', '.join(unknown)}; there are {', '.join(REPAIRS)}"
            )

    def __repr__(self) -> str:
        return f"<Tolerance with {len(self.names)} of {len(REPAIRS)} repairs>"

    def allows(self, name: str) -> bool:
        """Whether the repair of this name is made."""
        return name in self.names

    def text(self, text: str) -> tuple[str, tuple[Repair, ...]] | None:
        """JSON that parses, out of a text that does not; None if it is beyond repair."""
        return repair_text(text, self.allows) if self.names else None

    def payload(self, expected: type, payload: Any) -> tuple[Any, tuple[Repair, ...]] | None:
        """A payload without violations, out of a parsed one that has some.

        None if it is beyond repair, and if it has the shape of the other family, so that
        ``relative`` serves it better.

        Args:
            expected: a request or response type.
            payload: parsed JSON; it is not changed.
        """
        if self.names and self._fits_elsewhere(expected, payload):
            return None
        return repair_payload(expected, payload, self.allows, self.zone)

    def action(self, version: Version, name: str) -> tuple[Action, Repair] | None:
        """The action that an unknown name stands for, perhaps of another version."""
        for rule, find in (("action-spelling", spelt), ("foreign-action", foreign)):
            action = find(version, name) if self.allows(rule) else None
            if action is not None:
                return action, Repair(rule, "$[2]", name, f"{action.version} {action.name}")
        return None

    def relative(self, action: Action, payload: Any) -> tuple[Action, Repair] | None:
        """The same action in the other family, if its shape is nearer to that of the payload.

        So is that of a 1.6 BootNotification on a 2.0.1 connection. None also if the other schema
        would not take the payload, as it is or after repairs.
        """
        if not self.allows("payload-of-another-version"):
            return None
        found = sorted(counterparts(action), key=lambda other: misfit(payload, other.request))
        if not found or misfit(payload, found[0].request) >= misfit(payload, action.request):
            return None
        best = found[0]
        if repair_payload(best.request, payload, self.allows, self.zone) is None:
            return None
        before, after = str(action.version), str(best.version)
        return best, Repair("payload-of-another-version", "$", before, after)

    def _fits_elsewhere(self, expected: type, payload: Any) -> bool:
        if not issubclass(expected, Request) or not violations(payload, expected):
            return False
        return self.relative(action_of(expected), payload) is not None


STRICT = Tolerance(())
"""Repairs nothing: for the conformance kit."""

TOLERANT = Tolerance()
"""Makes every repair that is on by default."""
