"""Between what a station speaks and what blocks understand: the newest version of its family."""

from __future__ import annotations

import logging
from datetime import datetime
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
    for remark in found.remarks:
        _log.debug("lifted %s: %s: %s", type(message).__name__, remark.path, remark.reason)
    return found.message


def lowered(message: Request | Response, version: Version) -> Any:
    """The message as ``version`` says it.

    Raises:
        LocalError: it cannot be said there.
    """
    found = lower(message, version)
    if found.message is None:
        raise LocalError(ErrorCode.NOT_SUPPORTED, found.losses[-1].reason)
    return found.message
