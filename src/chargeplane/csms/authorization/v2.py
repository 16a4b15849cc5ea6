"""Authorization in 2.x."""

from __future__ import annotations

from chargeplane.csms.authorization.service import Authorizer
from chargeplane.csms.contract import Ask, Decision, Handler, Heard, Station
from chargeplane.csms.outcomes import reads
from chargeplane.csms.token_info import id_token_info, token_of_2x
from chargeplane.domain.commands import ClearCache
from chargeplane.domain.tokens import TokenStatus
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET

__all__ = ["authorize", "clear_cache"]

_UNVERIFIED = v21.AuthorizeCertificateStatusEnumType.CERT_CHAIN_ERROR


def authorize(authorizer: Authorizer) -> Handler:
    """The handler of Authorize (C01, C02, C04 to C06, C09)."""

    async def handle(heard: Heard) -> Decision:
        request: v21.AuthorizeRequest = heard.request
        # Nobody here can verify a contract certificate yet, and one that was not verified must
        # never be accepted (C07.FR.17).
        has_certificate = bool(request.certificate or request.iso15118_certificate_hash_data)
        refusal = TokenStatus.INVALID if has_certificate else None
        answer = await authorizer.answer(heard, token_of_2x(request.id_token), refusal)
        response = v21.AuthorizeResponse(
            id_token_info=id_token_info(answer.authorization),
            certificate_status=_UNVERIFIED if has_certificate else UNSET,
        )
        return Decision(response, answer.rows, answer.events)

    return handle


def clear_cache(_: Station, __: ClearCache) -> Ask:
    """ClearCache (C11)."""
    return Ask(v21.ClearCacheRequest(), reads())
