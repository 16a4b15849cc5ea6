"""The routes of manufacturers' roots: whom the tenant trusts to say who may sign firmware."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Final

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from chargeplane.csms.firmware import root_tables
from chargeplane.csms.firmware.images import Images
from chargeplane.csms.firmware.root_tables import Root
from chargeplane.csms.firmware.roots import RootFault
from chargeplane.runtime.rest import (
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    requires,
)

__all__ = ["HANDLERS"]

READ, WRITE = requires("firmware:read"), requires("firmware:write")
Name = Annotated[str, Meta(min_length=1, max_length=50)]
Note = Annotated[str, Meta(max_length=2_000)]
Certificate = Annotated[str, Meta(min_length=1, max_length=20_000)]


class FirmwareRootView(Struct, frozen=True, kw_only=True):
    """The root of a manufacturer."""

    fingerprint: str
    name: str
    vendor: str | None
    """It counts for images of this vendor alone; null: for all."""
    note: str | None
    certificate: str
    """PEM, as stations take it with `install-certificate`."""
    not_after: datetime
    added_at: datetime
    added_by: str


class FirmwareRootWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A root to be trusted."""

    certificate: Certificate
    """PEM; one certificate of an authority."""
    vendor: Name | None = None
    note: Note | None = None


@get("/firmware-roots", guards=[READ], summary="List the roots of manufacturers")
async def list_firmware_roots(
    images: Injected[Images], principal: Injected[Principal], page: Injected[PageRequest]
) -> Page[FirmwareRootView]:
    """In the order of their fingerprints."""
    look = partial(
        root_tables.roots_listed,
        tenant_id=principal.tenant_id,
        count_max=page.fetch_max,
        after=page.after(str),
    )
    return page.of(await images.store.read(look), _view, key=lambda each: each.fingerprint)


@post("/firmware-roots", guards=[WRITE], summary="Trust the root of a manufacturer")
async def add_firmware_root(
    data: JSONBody[FirmwareRootWanted], images: Injected[Images], principal: Injected[Principal]
) -> FirmwareRootView:
    """Images whose signer leads to it are proven from then on, those that are here too."""
    try:
        root = await images.roots.add(
            principal.tenant_id, data.certificate, principal.name, data.vendor, data.note
        )
    except RootFault as fault:
        raise Problem.of_field("certificate", str(fault)) from fault
    if root is None:
        raise Problem.conflict("root-exists", "this root is trusted already")
    await images.prove_again(principal.tenant_id)
    return _view(root)


@delete(
    "/firmware-roots/{fingerprint:str}",
    guards=[WRITE],
    summary="Trust the root of a manufacturer no longer",
)
async def remove_firmware_root(
    fingerprint: FromPath[str], images: Injected[Images], principal: Injected[Principal]
) -> None:
    """Images that no other root proves are shown as not proven. Stations keep what they have."""
    if not await images.roots.remove(principal.tenant_id, fingerprint):
        raise Problem.not_found("root of a manufacturer", fingerprint)
    await images.prove_again(principal.tenant_id)


HANDLERS: Final = (list_firmware_roots, add_firmware_root, remove_firmware_root)


def _view(root: Root) -> FirmwareRootView:
    return FirmwareRootView(**{name: getattr(root, name) for name in Root._fields[1:]})
