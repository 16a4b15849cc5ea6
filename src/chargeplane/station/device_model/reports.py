"""What the reports of 2.x share: which variables are meant, bounds, and sending part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from chargeplane.ocpp import v21
from chargeplane.ocpp.codec import encode_unchecked
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.wire import Datatype, Request
from chargeplane.station.conversation import Outcome
from chargeplane.station.device_model.variables import Place, Variable
from chargeplane.station.hub import Hub

__all__ = ["beyond_limits", "component_of", "matches", "place_of_2x", "send_parts", "variable_of"]

ITEMS_MAX = 50
PART_BYTES_MAX = 65_536
"""Of one part of a report, about."""

D = TypeVar("D", bound=Datatype)


def place_of_2x(component: v21.ComponentType, variable: v21.VariableType) -> Place:
    """The place that a message names. A component with an instance is none of this station."""
    evse = component.evse or None
    return Place(
        f"{component.name}[{component.instance}]" if component.instance else component.name,
        variable.name,
        variable.instance or None,
        evse.id if evse else None,
        evse.connector_id or None if evse else None,
    )


def component_of(place: Place) -> v21.ComponentType:
    """The component of a place, for the wire."""
    if place.evse_id is None:
        return v21.ComponentType(name=place.component)
    evse = v21.EVSEType(id=place.evse_id)
    if place.connector_id is not None:
        evse = v21.EVSEType(id=place.evse_id, connector_id=place.connector_id)
    return v21.ComponentType(name=place.component, evse=evse)


def variable_of(place: Place) -> v21.VariableType:
    """The variable of a place, for the wire."""
    if place.instance is None:
        return v21.VariableType(name=place.variable)
    return v21.VariableType(name=place.variable, instance=place.instance)


def matches(variable: Variable, asked: v21.ComponentVariableType) -> bool:
    """Whether a variable is asked for; what is left out matches all (B08.FR.20 to FR.23)."""
    place, component = variable.place, asked.component
    if component.instance or component.name.casefold() != place.component.casefold():
        return False
    if component.evse and component.evse.id != place.evse_id:
        return False
    if component.evse and (component.evse.connector_id or place.connector_id) != place.connector_id:
        return False
    if not asked.variable:
        return True
    instance = asked.variable.instance
    return asked.variable.name.casefold() == place.variable.casefold() and (
        not instance or instance.casefold() == (place.instance or "").casefold()
    )


def beyond_limits(
    hub: Hub, component: str, message: str | None, request: Request, items: int
) -> ErrorCode | None:
    """The error for a request with more items or bytes than the device model allows.

    ``ItemsPerMessage`` and ``BytesPerMessage`` of the component, with the message as instance
    (B06.FR.16, B06.FR.17, B08.FR.17, B08.FR.18, D01.FR.11, N04.FR.09, N06.FR.06, N06.FR.07).
    """
    if items > hub.variables.number(component, "ItemsPerMessage", message):
        return ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION
    if len(encode_unchecked(request)) > hub.variables.number(component, "BytesPerMessage", message):
        return ErrorCode.FORMAT_VIOLATION
    return None


def send_parts(hub: Hub, data: Sequence[D], part: Callable[[int, list[D], bool], Request]) -> None:
    """Send a report, each part when the one before was taken."""
    parts: list[list[D]] = [[]]
    size_bytes = 0
    for each in data:
        bytes_more = len(msgspec.json.encode(each))
        if parts[-1] and (len(parts[-1]) >= ITEMS_MAX or size_bytes + bytes_more > PART_BYTES_MAX):
            parts.append([])
            size_bytes = 0
        parts[-1].append(each)
        size_bytes += bytes_more

    def send(number: int, _outcome: Outcome | None = None) -> None:
        if number < len(parts):
            request = part(number, parts[number], number + 1 < len(parts))
            hub.ask(request, partial(send, number + 1), early=True)

    send(0)
