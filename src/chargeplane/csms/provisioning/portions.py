"""Commands about many variables, cut into messages that the station takes.

A 2.x station may say how many items and bytes of a message it takes (``ItemsPerMessage`` and
``BytesPerMessage`` of DeviceDataCtrlr: B05.FR.11, B06.FR.05, B08.FR.06), a 1.x station how many
keys it tells at once (``GetConfigurationMaxKeys``), and a 1.x station changes one key at a time.
What was asked for at once goes out in as many messages as that takes, one after the other, and has
one outcome. A report that is asked for in several messages comes as several reports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
    Accepted,
    ComponentVariable,
    GetReport,
    GetVariables,
    NoAnswer,
    Outcome,
    Refused,
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
_REPORT_HEAD_BYTES: Final = 200
"""The same, with a request id and all criteria."""
NOT_SENT: Final = "NotSent"
NO_ANSWER: Final = "NoAnswer"

Many = GetVariables | SetVariables | GetReport
One = Variable | VariableValue | ComponentVariable
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
    message = type(command).__name__
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
    head_bytes = _REPORT_HEAD_BYTES if isinstance(command, GetReport) else _HEAD_BYTES
    parts = list(_cut(items, bounds, head_bytes))
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
    is all there is to tell. Of reports, ``request_ids`` tells those that are to come.
    """
    last = outcomes[-1]
    if len(outcomes) == 1 and (len(parts) == 1 or isinstance(last, NoAnswer | Unsupported)):
        return last
    if isinstance(parts[0], GetReport):
        return _reports(len(parts), outcomes)
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


def _reports(parts_count: int, outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of a report that was asked for in several messages: it comes in as many."""
    accepted = [each for each in outcomes if isinstance(each, Accepted)]
    failed = Counter(_word(each) for each in outcomes if not isinstance(each, Accepted))
    failed[NOT_SENT] += parts_count - len(outcomes)
    told = ", ".join(f"{count} × {word}" for word, count in failed.most_common() if count)
    reason = f"{parts_count - len(accepted)} of {parts_count} messages: {told}" if told else None
    ids = [each.response["request_id"] for each in accepted]
    response = {"messages": len(outcomes), "request_ids": ids}
    if accepted:
        return Accepted(status=accepted[0].status, reason=reason, response=response)
    return Refused(status=_word(outcomes[0]), reason=reason, response=response)


def _word(outcome: Outcome) -> str:
    return outcome.status if isinstance(outcome, Accepted | Refused) else NO_ANSWER


def _items(command: Many) -> Sequence[One]:
    return command.values if isinstance(command, SetVariables) else command.variables


def _like(command: Many, items: Sequence[Any]) -> Many:
    some = tuple(items)
    if isinstance(command, SetVariables):
        return SetVariables(values=some)
    if isinstance(command, GetReport):
        return GetReport(criteria=command.criteria, variables=some)
    return GetVariables(variables=some)


def _cut(items: Sequence[One], bounds: Bounds, head_bytes: int) -> Iterator[list[One]]:
    items_max = max(1, bounds.items or len(items))
    part: list[One] = []
    length = head_bytes
    for each in items:
        own = 0 if bounds.bytes is None else len(msgspec.json.encode(datum_of(each))) + 1
        is_full = bounds.bytes is not None and length + own > bounds.bytes
        if part and (len(part) == items_max or is_full):
            yield part
            part, length = [], head_bytes
        part.append(each)
        length += own
    yield part


def _unanswered(part: Many, status: str, reason: str | None) -> list[Item]:
    named: Iterable[Variable] = ()
    if isinstance(part, SetVariables):
        named = [each.variable for each in part.values]
    elif isinstance(part, GetVariables):
        named = part.variables
    return [Item(each, status, False, reason=reason) for each in named]


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
