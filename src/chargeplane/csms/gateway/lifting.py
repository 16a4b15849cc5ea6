"""Between what a station speaks and what blocks understand: the newest version of its family."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import cache
from typing import Any

from chargeplane.ocpp.errors import ErrorCode, LocalError
from chargeplane.ocpp.family import lift, lower
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response

__all__ = ["lifted", "lowered"]

_log = logging.getLogger(__name__)


def lifted(message: Request | Response, now: datetime) -> Any:
    """The message in the newest version of its family."""
    found = lift(message, now=now)
    if not found.remarks:
        return found.message
    for remark in found.remarks:
        _log.debug("lifted %s: %s: %s", type(message).__name__, remark.path, remark.reason)
    return found.message


def lowered(message: Request | Response, version: Version) -> Any:
    """The message as ``version`` says it.

    Raises:
        LocalError: it cannot be said there.
    """
    empty = _empty(type(message), version)
    if empty is not None and message == empty[0]:
        return empty[1]
    found = lower(message, version)
    if found.message is None:
        raise LocalError(ErrorCode.NOT_SUPPORTED, found.losses[-1].reason)
    return found.message


@cache
def _empty(
    kind: type[Request | Response], version: Version
) -> tuple[Request | Response, Request | Response] | None:
    """The message of this type with no fields, and how ``version`` says it; None if it cannot.

    It is the usual answer, and since messages never change, one is enough for everybody.
    """
    try:
        empty = kind()
    except TypeError:  # it has fields that it must have
        return None
    said = lower(empty, version).message
    return None if said is None else (empty, said)
