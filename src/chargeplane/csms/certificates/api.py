"""The routes of certificates: what we have issued, what stations have, and who may ask about it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from chargeplane.csms.certificates import tables
from chargeplane.csms.certificates.service import Certificates
from chargeplane.csms.certificates.status import StatusDesk
from chargeplane.csms.certificates.tables import Certificate, Installed
from chargeplane.runtime.pki import PkiFault, Purpose, pem_of
from chargeplane.runtime.rest import (
    PUBLIC,
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)
from chargeplane.runtime.store import Store

__all__ = ["routes"]

READ = requires("certificates:read")


class CertificateView(Struct, frozen=True):
    """A certificate that we have issued."""

    fingerprint: str
    serial_number: str
    station_id: str
    purpose: str
    common_name: str
    state: str
    """issued, installed, refused, unanswered or revoked."""
    reason: str | None
    chain: str
    """PEM, the leaf first, without the root."""
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    revoked_at: datetime | None


class InstalledView(Struct, frozen=True):
    """A certificate that a station has listed."""

    use: str
    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    reported_at: datetime


class Root(Struct, frozen=True):
    """What stations have to trust."""

    certificate: str
    """PEM."""
    not_after: datetime
    waiting: int
    """Stations with TLS that have another one, and are given this one when they are connected."""


@get("/certificates", guards=[READ], summary="List issued certificates")
async def list_certificates(
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    station_id: Annotated[str | None, QueryParameter(max_length=255)] = None,
) -> Page[CertificateView]:
    """Those of our own authority, the latest first."""
    look = partial(
        tables.issued,
        tenant_id=principal.tenant_id,
        count_max=page.fetch_max,
        station_id=station_id,
        before=page.after(tuple[datetime, str]),
    )
    rows = await store.read(look)
    return page.of(rows, _view, key=lambda row: (row.issued_at, row.fingerprint))


@get("/certificates/root", guards=[READ], summary="Show the root certificate")
async def show_root(certificates: Injected[Certificates], principal: Injected[Principal]) -> Root:
    """The root of our own authority."""
    local = certificates.local
    if local is None:
        raise Problem.not_found("certificate authority", "root")
    waiting = await certificates.roots.waiting_count(principal.tenant_id, local)
    return Root(pem_of([local.root]), local.root.not_valid_after_utc, waiting)


@post(
    "/certificates/{fingerprint:str}/revoke",
    guards=[requires("certificates:write")],
    status_code=200,
    summary="Revoke a certificate",
)
async def revoke_certificate(
    fingerprint: FromPath[str],
    certificates: Injected[Certificates],
    principal: Injected[Principal],
) -> CertificateView:
    """Let it count no longer. A station that is connected by it is cut off."""
    found = await certificates.revoke(principal.tenant_id, fingerprint)
    if found is None:
        raise Problem.not_found("certificate", fingerprint)
    return _view(found)


@get(
    "/stations/{station_id:str}/certificates",
    guards=[READ],
    summary="List the certificates in a station",
)
async def list_installed_certificates(
    station_id: FromPath[str], store: Injected[Store], principal: Injected[Principal]
) -> list[InstalledView]:
    """As it has listed them last (get-installed-certificate-ids)."""
    look = partial(tables.installed_of, tenant_id=principal.tenant_id, station_id=station_id)
    return [_installed(each) for each in await store.read(look)]


@get(
    "/certificates/lists/{purpose:str}",
    opt=PUBLIC,
    media_type="application/pkix-crl",
    summary="Get a revocation list",
)
async def show_revocation_list(
    purpose: FromPath[str], certificates: Injected[Certificates], desk: Injected[StatusDesk]
) -> Response[bytes]:
    """The list (RFC 5280) of one of our authorities, in DER. Certificates name its address."""
    try:
        body = await desk.revocation_list(Purpose(purpose), certificates.clock.now())
    except (PkiFault, ValueError) as fault:
        raise Problem.not_found("authority", purpose) from fault
    return Response(body, media_type="application/pkix-crl")


@post(
    "/certificates/ocsp",
    opt=PUBLIC,
    status_code=200,
    media_type="application/ocsp-response",
    summary="Ask for the status of a certificate",
)
async def ask_ocsp(
    request: Request[Principal | None, str | None, State], desk: Injected[StatusDesk]
) -> Response[bytes]:
    """The OCSP responder (RFC 6960) of our own authorities; both bodies are DER.

    Certificates name its address, so whoever holds one may ask: nobody needs a token.
    """
    try:
        body = await desk.respond(await request.body())
    except PkiFault as fault:
        raise Problem.of_field("body", str(fault)) from fault
    return Response(body, media_type="application/ocsp-response")


def routes(certificates: Certificates, desk: StatusDesk) -> Routes:
    """Everything about certificates."""
    handlers = (
        list_certificates,
        show_root,
        revoke_certificate,
        list_installed_certificates,
        show_revocation_list,
        ask_ocsp,
    )
    return Routes("Certificates", handlers, {"certificates": certificates, "desk": desk})


def _view(row: Certificate) -> CertificateView:
    return CertificateView(*row[1:-1])


def _installed(row: Installed) -> InstalledView:
    return InstalledView(*row[2:])
