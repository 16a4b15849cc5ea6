"""Contract certificates of vehicles (M01, M02): passed to whoever provides them, and back.

What vehicle and provider say to each other is EXI (ISO 15118) in base64, which nobody here reads.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from chargeplane.csms.contract import Decision, Handler, Heard
from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET

__all__ = ["ContractAnswer", "ContractFault", "ContractProvider", "contract"]

_log = logging.getLogger(__name__)
ANSWER_S_MAX: Final = 20.0
"""A station gives its request up after about 30 s, and the vehicle before that."""
AT_ONCE_MAX: Final = 100
"""Vehicles that wait for the provider."""
ANSWER_CHARACTERS_MAX: Final = {Version.V2_0_1: 5_600, Version.V2_1: 17_000}


class ContractAnswer(NamedTuple):
    """What a provider of contract certificates answers; EXI passes through as it is."""

    is_accepted: bool
    exi: str
    remaining: int | None = None
    """Further contracts that the vehicle may ask for; 2.1 alone tells it."""


class ContractFault(Exception):
    """A provider has no answer. The text goes to the station."""


ContractProvider = Callable[[v21.Get15118EVCertificateRequest], Awaitable[ContractAnswer]]
"""Asks for the contract certificate of a vehicle; raises ``ContractFault``."""


def contract(provider: ContractProvider | None) -> Handler:
    """Get15118EVCertificate: whoever provides contracts answers."""
    waiting = 0

    async def handle(heard: Heard) -> Decision:
        nonlocal waiting
        try:
            if provider is None:
                raise ContractFault("there is no provider of contracts")
            if waiting >= AT_ONCE_MAX:
                raise ContractFault(f"{AT_ONCE_MAX} vehicles wait for the provider")
            waiting += 1
            try:
                answer = await _asked(provider, heard)
            finally:
                waiting -= 1
        except ContractFault as fault:
            _log.warning(
                "no contract for a vehicle: %s", fault, extra={"station_id": heard.station.id}
            )
            return Decision(_failed(str(fault)), durable=False)
        return Decision(_said(answer), durable=False)

    return handle


async def _asked(provider: ContractProvider, heard: Heard) -> ContractAnswer:
    request: v21.Get15118EVCertificateRequest = heard.request
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            answer = await provider(request)
    except TimeoutError:
        raise ContractFault("the provider of contracts does not answer") from None
    if len(answer.exi) > ANSWER_CHARACTERS_MAX.get(heard.station.version, 0):
        raise ContractFault(f"OCPP {heard.station.version} has no room for the provider's answer")
    return answer


def _said(answer: ContractAnswer) -> v21.Get15118EVCertificateResponse:
    kinds = v21.Iso15118EVCertificateStatusEnumType
    return v21.Get15118EVCertificateResponse(
        status=kinds.ACCEPTED if answer.is_accepted else kinds.FAILED,
        exi_response=answer.exi,
        remaining_contracts=UNSET if answer.remaining is None else answer.remaining,
    )


def _failed(reason: str) -> v21.Get15118EVCertificateResponse:
    return v21.Get15118EVCertificateResponse(
        status=v21.Iso15118EVCertificateStatusEnumType.FAILED,
        status_info=v21.StatusInfoType(reason_code="NoContract", additional_info=reason[:512]),
        exi_response="",
    )
