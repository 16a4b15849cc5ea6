"""The routes of signed messages."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import delete, get, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from chargeplane.csms.security import tables
from chargeplane.csms.security.signing import Signatures, SigningFault
from chargeplane.csms.security.tables import SignedMessage, SigningRule
from chargeplane.runtime.rest import (
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)
from chargeplane.runtime.store import Store

__all__ = ["signing_routes"]

PATH = "/stations/{station_id:str}/signing-rule"


class SigningRuleView(Struct, frozen=True):
    """What is wanted of a station's signatures."""

    is_required: bool
    """Messages that are not signed, or not well, are refused."""
    certificate: str
    """PEM: what they are verified with; empty: the certificates that we have issued to it."""
    changed_at: datetime


class NewSigningRule(Struct, frozen=True, forbid_unknown_fields=True):
    """What is wanted of a station's signatures."""

    certificate: Annotated[str, Meta(max_length=65_536)] = ""
    """PEM; empty: the certificates that our own authority has issued to the station."""
    is_required: bool = False


class SignedMessageView(Struct, frozen=True):
    """A signature of a station."""

    id: UUID
    frame_id: UUID
    action: str
    verdict: str
    """valid, or what is wrong with it."""
    thumbprint: str | None
    """Of the certificate that the station names: SHA-256 in base64url."""
    signed: str
    """``protected.payload`` of the JSON Web Signature."""
    signature: str
    """Hexadecimal."""
    received_at: datetime


@get(PATH, guards=[requires("stations:read")], summary="Show a station's signing rule")
async def show_signing_rule(
    station_id: FromPath[str], store: Injected[Store], principal: Injected[Principal]
) -> SigningRuleView:
    """Whether its messages have to be signed, and by whom."""
    look = partial(tables.signing_rules, tenant_id=principal.tenant_id, station_id=station_id)
    for rule in await store.read(look):
        return _rule(rule)
    raise Problem.not_found("signing rule of the station", station_id)


@put(PATH, guards=[requires("stations:write")], summary="Require signed messages of a station")
async def set_signing_rule(
    station_id: FromPath[str],
    data: JSONBody[NewSigningRule],
    signatures: Injected[Signatures],
    store: Injected[Store],
    principal: Injected[Principal],
) -> SigningRuleView:
    """Install the certificate that it signs with, and say whether it has to (2.x)."""
    look = partial(tables.station_row, tenant_id=principal.tenant_id, station_id=station_id)
    if await store.read(look) is None:
        raise Problem.not_found("station", station_id)
    try:
        rule = await signatures.set_rule(
            principal.tenant_id,
            station_id,
            is_required=data.is_required,
            certificate=data.certificate,
        )
    except SigningFault as fault:
        raise Problem.of_field("certificate", str(fault)) from fault
    return _rule(rule)


@delete(PATH, guards=[requires("stations:write")], summary="Drop a station's signing rule")
async def drop_signing_rule(
    station_id: FromPath[str], signatures: Injected[Signatures], principal: Injected[Principal]
) -> None:
    """Want no signatures any more, and forget the certificate."""
    if not await signatures.drop_rule(principal.tenant_id, station_id):
        raise Problem.not_found("signing rule of the station", station_id)


@get(
    "/stations/{station_id:str}/signed-messages",
    guards=[requires("stations:read")],
    summary="List signed messages of a station",
)
async def list_signed_messages(
    station_id: FromPath[str],
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
) -> Page[SignedMessageView]:
    """Signatures with the verdict about them, the latest first."""
    look = partial(
        tables.signed_of,
        tenant_id=principal.tenant_id,
        station_id=station_id,
        count_max=page.fetch_max,
        before=page.after(UUID),
    )
    return page.of(await store.read(look), _message, key=lambda each: each.id)


def signing_routes(signatures: Signatures) -> Routes:
    """Everything about signed messages."""
    handlers = (show_signing_rule, set_signing_rule, drop_signing_rule, list_signed_messages)
    return Routes("Signed messages", handlers, {"signatures": signatures})


def _rule(rule: SigningRule) -> SigningRuleView:
    return SigningRuleView(rule.is_required, rule.certificate, rule.changed_at)


def _message(row: SignedMessage) -> SignedMessageView:
    return SignedMessageView(row.id, *row[3:])
