"""``lift`` and ``lower``.

A payload that the other version accepts as it is says the same in both. Where versions differ in
little more than what was added, the usual message is therefore written and read again by msgspec.
Elsewhere it is said field by field (``quick``), and only one that is in doubt is tried that way.
What is refused, or lost in part and has to be told, takes the slow walk (``conversion``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from chargeplane.ocpp.catalogue import action_of, find
from chargeplane.ocpp.codec import decoder, encode_unchecked, name_of
from chargeplane.ocpp.errors import ErrorCode, LocalError, RemoteError
from chargeplane.ocpp.family import tables_1x, tables_2x
from chargeplane.ocpp.family.conversion import Conversion, Unsaid
from chargeplane.ocpp.family.quick import quick
from chargeplane.ocpp.family.remarks import Lifted, Lowered, Remark
from chargeplane.ocpp.family.rules import UNSAID, InDoubt, Losses, Quick, Rules
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.violations import type_info
from chargeplane.ocpp.wire import Request, Response, decode_custom

__all__ = ["lift", "lower", "said_in"]

Message = Request | Response

_RULES: dict[tuple[Version, Version], Rules] = tables_1x.RULES | tables_2x.RULES


@dataclass(frozen=True, slots=True)
class _Way:
    """How messages of one type become messages of another one."""

    source: type[Message]
    target: type[Message]
    rules: Rules
    version: Version
    decode: Callable[[bytes], Message]
    quick: Quick

    def unremarked(self, message: Message) -> Message | None:
        """The message, if there is nothing to tell of it."""
        if self.rules.keeps_words and (said := self.directly(message)) is not None:
            return said
        losses = Losses()
        try:
            said = self.quick(message, losses)
        except InDoubt:
            return self.directly(message)
        return None if said is UNSAID or losses.happened else said

    def directly(self, message: Message) -> Message | None:
        """The message, if its payload is one of the other version as it stands."""
        try:
            return self.decode(encode_unchecked(message))
        except (msgspec.MsgspecError, ValueError, RemoteError):
            return None

    def step_by_step(self, message: Message, now: datetime | None) -> tuple[Any, list[Remark]]:
        """The message or ``Unsaid``, and the remarks."""
        conversion = Conversion(self.rules, self.version, now)
        payload = msgspec.to_builtins(message, builtin_types=(datetime, Decimal))
        said = conversion.value(payload, type_info(self.source), type_info(self.target), ())
        if isinstance(said, Unsaid):
            return said, conversion.remarks
        try:
            said = msgspec.convert(said, self.target, dec_hook=decode_custom)
        except (msgspec.ValidationError, ValueError) as error:
            raise LocalError(
                ErrorCode.INTERNAL_ERROR, f"{name_of(self.source)}: {error}"
            ) from error
        return said, conversion.remarks


def lift(message: Message, *, now: datetime | None = None) -> Lifted:
    """The message as the newest version of its family says it.

    Args:
        message: a valid request or response of any version; one of 1.6 or 2.1 is returned as it is.
        now: the time for an answer of 1.2 that left it out; without it, 1970 is assumed.

    Raises:
        LocalError: the message breaks the schema of its own version.
    """
    way = _way_up(type(message))
    if way is None:
        return Lifted(message)
    if (lifted := way.unremarked(message)) is not None:
        return Lifted(lifted)
    said, remarks = way.step_by_step(message, now)
    if isinstance(said, Unsaid):
        raise LocalError(ErrorCode.INTERNAL_ERROR, f"{name_of(way.source)}: {said.reason}")
    return Lifted(said, tuple(remarks))


def lower(message: Message, version: Version) -> Lowered:
    """The message in the words of an older version of its family.

    Args:
        message: a valid request or response of 1.6 or 2.1 (or of ``version`` itself).
        version: what the other end speaks.

    Raises:
        ValueError: ``version`` is not an older version of the same family.
        LocalError: the message breaks the schema of its own version.
    """
    action = action_of(type(message))
    if action.version is version:
        return Lowered(message)
    way = _way_down(type(message), version)
    if way is None:
        return Lowered(None, (Remark("$", f"{version} has no {action.name}"),))
    if (lowered := way.unremarked(message)) is not None:
        return Lowered(lowered)
    said, losses = way.step_by_step(message, None)
    if isinstance(said, Unsaid):
        return Lowered(None, (*losses, Remark("$", said.reason)))
    return Lowered(said, tuple(losses))


def said_in(message: Message, version: Version) -> Message | None:
    """The message of ``lower`` alone, which is much quicker where there are losses to tell of.

    Raises:
        ValueError: as ``lower``.
        LocalError: as ``lower``.
    """
    if action_of(type(message)).version is version:
        return message
    way = _way_down(type(message), version)
    if way is None:
        return None
    if way.rules.keeps_words and (said := way.directly(message)) is not None:
        return said
    try:
        said = way.quick(message, Losses())
    except InDoubt:
        return lower(message, version).message
    return None if said is UNSAID else said


@cache
def _way_down(source: type[Message], version: Version) -> _Way | None:
    action = action_of(source)
    if (action.version, version) not in _RULES:
        raise ValueError(f"a message of {action.version} is not lowered to {version}")
    return _way(source, version)


@cache
def _way_up(source: type[Message]) -> _Way | None:
    version = action_of(source).version
    newest = version.newest_of_family
    return None if version is newest else _way(source, newest)


@cache
def _way(source: type[Message], version: Version) -> _Way | None:
    action = action_of(source)
    other = find(version, action.name)
    if other is None:
        return None
    target = other.request if source is action.request else other.response
    if target is None:
        return None
    rules = _RULES[action.version, version]
    quickly = quick(rules, type_info(source), type_info(target))
    return _Way(source, target, rules, version, decoder(target), quickly)
