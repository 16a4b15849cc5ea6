"""The close codes of RFC 6455 that this package uses, and the faults that end in one."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CloseCode", "LinkClosed", "MessageFault", "is_valid_on_wire"]


class CloseCode(IntEnum):
    """Why a link ended (RFC 6455 7.4.1)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS = 1005
    """The peer gave none. Never on the wire."""
    ABNORMAL = 1006
    """There was no closing handshake. Never on the wire."""
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014


_NEVER_ON_WIRE = frozenset({CloseCode.NO_STATUS, CloseCode.ABNORMAL})


def is_valid_on_wire(code: int) -> bool:
    """Whether a peer may send this code."""
    if 3000 <= code <= 4999:
        return True
    return code in CloseCode._value2member_map_ and code not in _NEVER_ON_WIRE


class MessageFault(Exception):
    """What the peer sent ends the link with this code."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(f"{code.value}: {reason}")
        self.code = code
        self.reason = reason


class LinkClosed(Exception):
    """The link has ended, or is about to."""
