"""Making a station keep to its templates: one action, and an outcome for each value."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection

from chargeplane.csms.provisioning import templates
from chargeplane.csms.provisioning.commanding import CommandAnswer, Commander
from chargeplane.csms.provisioning.history import values_of
from chargeplane.csms.provisioning.tables import key_of
from chargeplane.csms.provisioning.templates import Place, State, Wanted
from chargeplane.domain.commands import Variable
from chargeplane.runtime.rest import Principal, Problem
from chargeplane.runtime.store import Store

__all__ = ["AT_ONCE_MAX", "Applied", "Applier"]

AT_ONCE_MAX: Final = 20
"""Values in one message to a 2.x station; fewer if it says so (B05.FR.11)."""
_BOUND: Final = key_of(
    Variable(component="DeviceDataCtrlr", name="ItemsPerMessage", instance="SetVariables")
)
NOT_SENT: Final = "not_sent"


class Applied(Struct, frozen=True):
    """What came of one value."""

    variable: Variable
    wanted: str
    outcome: str
    """accepted, refused, unsupported, no_answer; not_sent: the station had stopped answering."""
    status: str | None
    """The station's own word."""
    reason: str | None


class Applier:
    """Sets what deviates, a message at a time, until the station answers no more."""

    def __init__(self, store: Store, commander: Commander) -> None:
        self._store = store
        self._commander = commander

    async def apply(
        self, principal: Principal, station_id: str, template_id: UUID | None
    ) -> list[Applied]:
        """What came of each value that deviates or is not known; those that are kept are left.

        Args:
            principal: who wants it.
            station_id: where.
            template_id: only the values of this template; None: of all that are for the station.

        Raises:
            Problem: there is no such station or template, or the station is not connected.
        """
        look = partial(_look, principal.tenant_id, station_id, template_id)
        found, at_once = await self._store.read(look)
        left = [each for each in found if each.state is not State.KEPT]
        told: list[Applied] = []
        while left:
            some, left = left[:at_once], left[at_once:]
            values = [each.wanted for each in some]
            try:
                answer = await self._commander.set_variables(principal, station_id, values)
            except Problem:
                if not told:
                    raise
                return told + [_unsent(each) for each in (*some, *left)]
            told += _told(some, answer)
            if answer.outcome == "no_answer":
                return told + [_unsent(each) for each in left]
        return told


def _look(
    tenant_id: UUID, station_id: str, template_id: UUID | None, connection: Connection
) -> tuple[list[Wanted], int]:
    place = templates.place_of(connection, tenant_id, station_id)
    if place is None:
        raise Problem.not_found("station", station_id)
    if template_id is None:
        found = templates.wanted_at(connection, tenant_id, place)
    else:
        template = templates.find(connection, tenant_id, template_id)
        if template is None or not templates.fits(template, place):
            raise Problem.not_found("template of this station", str(template_id))
        found = templates.wanted_by(connection, tenant_id, place, template)
    return found, _at_once(connection, tenant_id, place)


def _at_once(connection: Connection, tenant_id: UUID, place: Place) -> int:
    """How many values go into one message. 1.x changes one key at a time."""
    if not (place.ocpp_version or "").startswith("2"):
        return 1
    told = values_of(connection, tenant_id, place.id, [_BOUND]).get(_BOUND) or ""
    bound = int(told) if told.isascii() and told.isdigit() else AT_ONCE_MAX
    return max(1, min(bound, AT_ONCE_MAX))


def _told(some: Sequence[Wanted], answer: CommandAnswer) -> list[Applied]:
    """The station may answer for each value, in any order; else its whole answer counts."""
    results: dict[str, Any] = {
        key_of(Variable(**each["variable"])): each for each in answer.response.get("results", ())
    }
    told = []
    for one in some:
        own = results.get(key_of(one.wanted.variable))
        if own is None:
            outcome, status, reason = answer.outcome, answer.status, answer.reason
        else:
            outcome = "accepted" if own["is_done"] else "refused"
            status, reason = own["status"], own["reason"]
        told.append(Applied(one.wanted.variable, one.wanted.value, outcome, status, reason))
    return told


def _unsent(one: Wanted) -> Applied:
    return Applied(one.wanted.variable, one.wanted.value, NOT_SENT, None, None)
