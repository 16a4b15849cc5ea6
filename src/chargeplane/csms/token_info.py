"""Id tokens on the wire: what a station shows, and what it is told about it, in both families."""

from __future__ import annotations

from typing import Final

from chargeplane.domain.tokens import CUT, Authorization, IdToken, TokenStatus
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.runtime.store import storable

__all__ = ["id_tag_info", "id_token_info", "token_of_1x", "token_of_2x"]

_A = v16.AuthorizationStatus
_B = v21.AuthorizationStatusEnumType
_STATUS_1X: Final = {
    TokenStatus.ACCEPTED: _A.ACCEPTED,
    TokenStatus.BLOCKED: _A.BLOCKED,
    TokenStatus.EXPIRED: _A.EXPIRED,
    TokenStatus.CONCURRENT_TRANSACTION: _A.CONCURRENT_TX,
}
"""1.x has no word for the others; all of them mean that it may not charge."""
_STATUS_2X: Final = {
    TokenStatus.ACCEPTED: _B.ACCEPTED,
    TokenStatus.BLOCKED: _B.BLOCKED,
    TokenStatus.CONCURRENT_TRANSACTION: _B.CONCURRENT_TX,
    TokenStatus.EXPIRED: _B.EXPIRED,
    TokenStatus.INVALID: _B.INVALID,
    TokenStatus.NO_CREDIT: _B.NO_CREDIT,
    TokenStatus.NOT_ALLOWED_TYPE_EVSE: _B.NOT_ALLOWED_TYPE_EVSE,
    TokenStatus.NOT_AT_THIS_LOCATION: _B.NOT_AT_THIS_LOCATION,
    TokenStatus.NOT_AT_THIS_TIME: _B.NOT_AT_THIS_TIME,
    TokenStatus.UNKNOWN: _B.UNKNOWN,
}
PARENT_LENGTH_MAX = 20
TOKEN_LENGTH_MAX = 255
"""As long as a token of 2.1 may be; stations of older versions send what is too long for them."""


def token_of_1x(id_tag: str) -> IdToken:
    """A tag, which has no type."""
    return IdToken(storable(_bounded(id_tag)))


def token_of_2x(token: v21.IdTokenType, whole: str | None = None) -> IdToken:
    """A token with the station's word for its type; ``whole`` if it was too long for the message.

    What is left of a token that was cut may be the token of somebody else.
    """
    value = token.id_token if whole is None else _bounded(whole)
    return IdToken(storable(value), storable(token.type))


def _bounded(token: str) -> str:
    return token if len(token) <= TOKEN_LENGTH_MAX else token[:TOKEN_LENGTH_MAX] + CUT


def id_tag_info(authorization: Authorization) -> v16.IdTagInfo:
    """What a 1.x station is told. A group that is too long for it is left out."""
    group_id = authorization.group_id
    return v16.IdTagInfo(
        status=_STATUS_1X.get(authorization.status, _A.INVALID),
        expiry_date=authorization.expires_at or UNSET,
        parent_id_tag=group_id if group_id and len(group_id) <= PARENT_LENGTH_MAX else UNSET,
    )


def id_token_info(authorization: Authorization) -> v21.IdTokenInfoType:
    """What a 2.x station is told."""
    group_id = authorization.group_id
    return v21.IdTokenInfoType(
        status=_STATUS_2X[authorization.status],
        cache_expiry_date_time=authorization.expires_at or UNSET,
        group_id_token=v21.IdTokenType(id_token=group_id, type="Central") if group_id else UNSET,
    )
