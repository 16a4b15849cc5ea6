"""Id tokens: who wants to charge.

A 1.x tag has no type; a 2.x token has one. Both are compared without regard to case: tags by 1.6
(CiString), tokens by 2.x (identifierString). The spelling that a station sent is kept.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

__all__ = ["CUT", "Authorization", "IdToken", "TokenStatus"]

# What stands at the end of a token that did not fit into a message. No real token ends so.
CUT = "…"


class IdToken(Struct, frozen=True):
    """One token. ``type`` is the station's word for it, empty for a 1.x tag."""

    value: str
    type: str = ""
    group_id: str | None = None

    @property
    def key(self) -> str:
        """What look-ups compare."""
        return self.value.casefold()

    @property
    def is_known(self) -> bool:
        """False for the empty token that stands for one that was not sent."""
        return bool(self.value)

    @property
    def is_cut(self) -> bool:
        """True if only the beginning is known; such a token must not be charged to anybody."""
        return self.value.endswith(CUT)

    def same_as(self, other: IdToken) -> bool:
        """True if both name the same token. A 1.x tag may be the token of any type."""
        return self.key == other.key and (
            not self.type or not other.type or self.type.casefold() == other.type.casefold()
        )


class TokenStatus(StrEnum):
    """Whether a token may charge, in the words of both families."""

    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    CONCURRENT_TRANSACTION = "concurrent_transaction"
    EXPIRED = "expired"
    INVALID = "invalid"
    NO_CREDIT = "no_credit"
    NOT_ALLOWED_TYPE_EVSE = "not_allowed_type_evse"
    NOT_AT_THIS_LOCATION = "not_at_this_location"
    NOT_AT_THIS_TIME = "not_at_this_time"
    UNKNOWN = "unknown"


class Authorization(Struct, frozen=True):
    """The decision about a token."""

    status: TokenStatus
    group_id: str | None = None
    expires_at: datetime | None = None
