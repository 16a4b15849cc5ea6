"""Commands about many variables, cut into messages that the station takes.

A 2.x station may say how many items and bytes of a message it takes (``ItemsPerMessage`` and
``BytesPerMessage`` of DeviceDataCtrlr: B05.FR.11, B06.FR.05), a 1.x station how many keys it tells
at once (``GetConfigurationMaxKeys``), and a 1.x station changes one key at a time. What was asked
for at once goes out in as many messages as that takes, one after the other, and has one outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from chargeplane.csms.contract import NotConnected, Send
from chargeplane.csms.provisioning.commands_v2 import datum_of
from chargeplane.csms.provisioning.device_model import Item, outcome_of_items
from chargeplane.csms.provisioning.history import values_of
from chargeplane.csms.provisioning.tables import key_of
from chargeplane.domain.commands import (
    GetVariables,
    NoAnswer,
    Outcome,
    SetVariables,
    Unsupported,
    Variable,
    VariableValue,
)

__all__ = [
    "MESSAGES_MAX",
    "Bounds",
    "Many",
    "TooMany",
    "bounds_of",
    "portions",
    "send_all",
    "together",
]

MESSAGES_MAX: Final = 100
"""For one command."""
_HEAD_BYTES: Final = 100
"""Of a message without its items: its id, its action, brackets."""
NOT_SENT: Final = "NotSent"
NO_ANSWER: Final = "NoAnswer"

Many = GetVariables | SetVariables
_MAX_KEYS: Final = Variable(name="GetConfigurationMaxKeys")


class TooMany(Exception):
    """It would take more than ``MESSAGES_MAX`` messages."""


class Bounds(NamedTuple):
    """What a station takes in one message; None: it has not said."""

    items: int | None = None
    bytes: int | None = None


def bounds_of(
    connection: Connection, tenant_id: UUID, station_id: str, ocpp_version: str, command: Many
) -> Bounds:
    """The bounds that count for a command, as far as the station has told its variables."""
    if not ocpp_version.startswith("2"):
        if isinstance(command, SetVariables):
            return Bounds(items=1)
        return Bounds(*_numbers(connection, tenant_id, station_id, _MAX_KEYS))
    message = "SetVariables" if isinstance(command, SetVariables) else "GetVariables"
    asked = (
        Variable(component="DeviceDataCtrlr", name=name, instance=message)
        for name in ("ItemsPerMessage", "BytesPerMessage")
    )
    return Bounds(*_numbers(connection, tenant_id, station_id, *asked))


def portions(command: Many, bounds: Bounds) -> list[Many]:
    """The command in as many parts as the bounds ask for; the parts keep its order.

    An item that is too long by itself goes alone: the station shall say so.

    Raises:
        TooMany: there would be more than ``MESSAGES_MAX``.
    """
    items = _items(command)
    if not items or bounds == Bounds():
        return [command]
    parts = list(_cut(items, bounds))
    if len(parts) > MESSAGES_MAX:
        raise TooMany(
            f"{len(items)} variables are {len(parts)} messages to this station; "
            f"{MESSAGES_MAX} are sent at once"
        )
    return [_like(command, part) for part in parts]


async def send_all(send: Send, tenant_id: UUID, station_id: str, parts: Sequence[Many]) -> Outcome:
    """Send one part after the other, and nothing more after a silence; the outcome of all.

    Raises:
        NotConnected: as ``send``, of the first part.
    """
    outcomes: list[Outcome] = []
    for part in parts:
        try:
            outcomes.append(await send(tenant_id, station_id, part))
        except NotConnected:
            if not outcomes:
                raise
            break
        if isinstance(outcomes[-1], NoAnswer | Unsupported):
            break
    return together(parts, outcomes)


def together(parts: Sequence[Many], outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of all parts. Those behind the last outcome were not sent.

    What nobody has answered for, or was not sent, is told as such for each variable, unless that
    is all there is to tell.
    """
    last = outcomes[-1]
    if len(outcomes) == 1 and (len(parts) == 1 or isinstance(last, NoAnswer | Unsupported)):
        return last
    told: list[Item] = []
    response: dict[str, Any] = {"messages": len(outcomes)}
    for part, outcome in zip(parts, outcomes, strict=False):
        if isinstance(outcome, NoAnswer | Unsupported):
            status = NO_ANSWER if isinstance(outcome, NoAnswer) else NOT_SENT
            told += _unanswered(part, status, outcome.reason)
            continue
        told += msgspec.convert(outcome.response.get("results", []), list[Item])
        for name, value in outcome.response.items():
            if isinstance(value, list) and name != "results":
                response.setdefault(name, []).extend(value)
    for part in parts[len(outcomes) :]:
        told += _unanswered(part, NOT_SENT, None)
    return outcome_of_items(told, response)


def _items(command: Many) -> Sequence[Variable | VariableValue]:
    return command.values if isinstance(command, SetVariables) else command.variables


def _like(command: Many, items: Sequence[Any]) -> Many:
    some = tuple(items)
    if isinstance(command, SetVariables):
        return SetVariables(values=some)
    return GetVariables(variables=some)


def _cut(
    items: Sequence[Variable | VariableValue], bounds: Bounds
) -> Iterator[list[Variable | VariableValue]]:
    items_max = max(1, bounds.items or len(items))
    part: list[Variable | VariableValue] = []
    length = _HEAD_BYTES
    for each in items:
        own = 0 if bounds.bytes is None else len(msgspec.json.encode(datum_of(each))) + 1
        is_full = bounds.bytes is not None and length + own > bounds.bytes
        if part and (len(part) == items_max or is_full):
            yield part
            part, length = [], _HEAD_BYTES
        part.append(each)
        length += own
    yield part


def _unanswered(part: Many, status: str, reason: str | None) -> list[Item]:
    names = [each.variable if isinstance(each, VariableValue) else each for each in _items(part)]
    return [Item(each, status, False, reason=reason) for each in names]


def _numbers(
    connection: Connection, tenant_id: UUID, station_id: str, *variables: Variable
) -> list[int | None]:
    keys = [key_of(each) for each in variables]
    told = values_of(connection, tenant_id, station_id, keys)
    return [_number(told.get(key)) for key in keys]


def _number(text: str | None) -> int | None:
    """What a station says in digits; a bound of nothing is none."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < 10
    return int(text) or None if is_number and text is not None else None
