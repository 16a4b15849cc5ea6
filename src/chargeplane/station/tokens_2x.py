"""Id tokens as 2.x says them: with a type, which a driver's card has even if nobody named it."""

from __future__ import annotations

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import given
from chargeplane.station.known_tokens import Known

__all__ = ["id_token_2x", "known_of_2x", "token_of_2x"]

CARD = "ISO14443"


def id_token_2x(token: IdToken) -> v21.IdTokenType:
    """For the wire."""
    return v21.IdTokenType(id_token=token.value, type=token.type or CARD)


def token_of_2x(wire: v21.IdTokenType) -> IdToken:
    """From the wire."""
    return IdToken(wire.id_token, wire.type)


def known_of_2x(token: IdToken, info: v21.IdTokenInfoType) -> Known:
    """What the central system says of a token."""
    return Known(
        token,
        info.status.value,
        info.group_id_token.id_token if info.group_id_token else None,
        given(info.cache_expiry_date_time),
        tuple(info.evse_id or ()),
    )
