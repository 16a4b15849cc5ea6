"""The routes of firmware images: what people upload, and what stations can be given."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from litestar import Request, delete, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct, structs

from chargeplane.csms.exchange import TooLarge
from chargeplane.csms.firmware import root_api, tables
from chargeplane.csms.firmware.images import ImageFault, Images, NewImage
from chargeplane.csms.firmware.tables import Image
from chargeplane.runtime.rest import (
    SITED,
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)

__all__ = ["routes"]

READ, WRITE = requires("firmware:read"), requires("firmware:write")
# As long as 2.x has room for.
Version = Annotated[str, Meta(min_length=1, max_length=50)]
Name = Annotated[str, Meta(min_length=1, max_length=50)]
Signature = Annotated[str, Meta(min_length=1, max_length=800)]
Certificate = Annotated[str, Meta(min_length=1, max_length=5_500)]
Intermediates = Annotated[str, Meta(min_length=1, max_length=40_000)]


class ImageView(Struct, frozen=True, kw_only=True):
    """A firmware image."""

    id: UUID
    firmware_version: str
    vendor: str | None
    """For stations of this vendor alone; null: for all."""
    model: str | None
    note: str | None
    is_signed: bool
    signer: str | None
    """The name in the certificate; its signature was verified when the file came."""
    signer_until: datetime | None
    proof: Literal["proven", "not_proven"] | None
    """Whether the signer leads to a root of the manufacturer; null: the image is not signed."""
    root_name: str | None
    root_fingerprint: str | None
    proof_fault: str | None
    """Why it is not proven."""
    proven_at: datetime | None
    """When that was looked at last: at the upload, and when the roots change."""
    accepted_by: str | None
    """Who has accepted the image without a proof."""
    size_bytes: int | None
    """Null: the file has not come yet."""
    sha256: str | None
    created_at: datetime


class ImageWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image to be added; its file follows."""

    firmware_version: Version
    """As stations name it when they boot."""
    vendor: Name | None = None
    model: Name | None = None
    note: Annotated[str, Meta(max_length=2_000)] | None = None
    signature: Signature | None = None
    """Over the whole file: RSA-PSS or ECDSA with SHA-256, in Base64."""
    signing_certificate: Certificate | None = None
    """PEM. Stations get it as it is, with all certificates that follow the first."""
    intermediate_certificates: Intermediates | None = None
    """PEM; more certificates between the signer and a root. Stations do not get them."""
    accept_unproven: bool = False
    """Take the image also if its signer leads to no root that you trust."""


@get("/firmware", guards=[READ], opt=SITED, summary="List firmware images")
async def list_images(
    images: Injected[Images], principal: Injected[Principal], page: Injected[PageRequest]
) -> Page[ImageView]:
    """The latest first. Whoever is limited to sites sees them too, for the stations there."""
    look = partial(
        tables.images,
        tenant_id=principal.tenant_id,
        count_max=page.fetch_max,
        before=page.after(UUID),
    )
    return page.of(await images.store.read(look), _view, key=lambda each: each.id)


@post("/firmware", guards=[WRITE], summary="Add a firmware image")
async def add_image(
    data: JSONBody[ImageWanted], images: Injected[Images], principal: Injected[Principal]
) -> ImageView:
    """Say what it is; then send its file with PUT to `firmware/{image_id}/content`."""
    try:
        new = NewImage(**structs.asdict(data))
        image = await images.add(principal.tenant_id, new, principal.name)
    except ImageFault as fault:
        raise Problem.of_field(fault.field, str(fault)) from fault
    return _view(image)


@get("/firmware/{image_id:uuid}", guards=[READ], opt=SITED, summary="Show a firmware image")
async def show_image(
    image_id: FromPath[UUID], images: Injected[Images], principal: Injected[Principal]
) -> ImageView:
    """One image."""
    return _view(await _found(images, principal, image_id))


@put(
    "/firmware/{image_id:uuid}/content",
    guards=[WRITE],
    request_max_body_size=None,
    summary="Send the file of a firmware image",
)
async def fill_image(
    image_id: FromPath[UUID],
    request: Request[Principal, str, State],
    images: Injected[Images],
    principal: Injected[Principal],
) -> ImageView:
    """The bytes as they are (`application/octet-stream`), once. The signature is verified."""
    image = await _found(images, principal, image_id)
    if request.content_type[0] != "application/octet-stream":
        raise Problem("unsupported-media-type", 415, "Unsupported media type", "send it as octets")
    if image.kept is not None:
        raise Problem.conflict("image-complete", "the image has a file already")
    try:
        return _view(await images.fill(image, request.stream()))
    except ImageFault as fault:
        raise Problem.of_field(fault.field, str(fault)) from fault
    except TooLarge as error:
        raise Problem("too-large", 413, "Too large", str(error)) from error


@delete("/firmware/{image_id:uuid}", guards=[WRITE], summary="Remove a firmware image")
async def remove_image(
    image_id: FromPath[UUID], images: Injected[Images], principal: Injected[Principal]
) -> None:
    """Forget it, and its file. Not while an update needs it."""
    image = await _found(images, principal, image_id)
    if not await images.remove(image):
        raise Problem.conflict("image-in-use", "an update that is not over needs the image")


def routes(images: Images) -> Routes:
    """Everything about images, and the roots of who signs them."""
    handlers = (list_images, add_image, show_image, fill_image, remove_image)
    return Routes("Firmware", (*handlers, *root_api.HANDLERS), {"images": images})


async def _found(images: Images, principal: Principal, id_: UUID) -> Image:
    image = await images.find(principal.tenant_id, id_)
    if image is None:
        raise Problem.not_found("firmware image", id_)
    return image


def _view(image: Image) -> ImageView:
    return ImageView(
        id=image.id,
        firmware_version=image.firmware_version,
        vendor=image.vendor,
        model=image.model,
        note=image.note,
        is_signed=image.signature is not None,
        signer=image.signer,
        signer_until=image.signer_until,
        proof=_proof(image),
        root_name=image.root_name,
        root_fingerprint=image.root_fingerprint,
        proof_fault=image.proof_fault,
        proven_at=image.proven_at,
        accepted_by=image.accepted_by,
        size_bytes=image.size_bytes,
        sha256=image.sha256,
        created_at=image.created_at,
    )


def _proof(image: Image) -> Literal["proven", "not_proven"] | None:
    if image.signature is None:
        return None
    return "not_proven" if image.root_fingerprint is None else "proven"
