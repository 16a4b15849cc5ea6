"""Images: what is uploaded, verified, kept and removed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from chargeplane.csms.exchange import Exchange
from chargeplane.csms.firmware import tables
from chargeplane.csms.firmware.signing import (
    SignatureFault,
    check_signature,
    signer_of,
)
from chargeplane.csms.firmware.tables import Image
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, new_id, storable

__all__ = ["IMAGE_BYTES_MAX", "ImageFault", "Images", "NewImage"]

IMAGE_BYTES_MAX: Final = 256 << 20


class ImageFault(Exception):
    """What is wrong with an image, by the field that it is about."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NewImage(NamedTuple):
    """What is said of an image before its file comes."""

    firmware_version: str
    vendor: str | None = None
    model: str | None = None
    note: str | None = None
    signature: str | None = None
    signing_certificate: str | None = None


class Images:
    """Keeps images."""

    def __init__(self, store: Store, clock: Clock, exchange: Exchange) -> None:
        self.store = store
        self.clock = clock
        self._exchange = exchange

    async def add(self, tenant_id: UUID, new: NewImage) -> Image:
        """Describe an image; its file follows.

        Raises:
            ImageFault: its certificate does not count, or there are too many images.
        """
        if (new.signature is None) != (new.signing_certificate is None):
            raise ImageFault("signature", "a signature and its certificate come together")
        now, signer = self.clock.now(), None
        if new.signing_certificate is not None:
            try:
                signer = signer_of(new.signing_certificate, now)
            except SignatureFault as fault:
                raise ImageFault("signing_certificate", str(fault)) from fault
        image = Image(
            tenant_id=tenant_id,
            id=new_id(),
            firmware_version=storable(new.firmware_version),
            vendor=_storable(new.vendor),
            model=_storable(new.model),
            note=_storable(new.note),
            signature=_storable(new.signature),
            signing_certificate=_storable(new.signing_certificate),
            signer=_storable(signer.name if signer else None),
            signer_until=signer.until if signer else None,
            kept=None,
            size_bytes=None,
            sha256=None,
            created_at=now,
        )
        if not await self.store.write(Function(partial(tables.add_image, image=image))):
            raise ImageFault("firmware_version", f"more than {tables.IMAGES_MAX} images")
        return image

    async def fill(self, image: Image, chunks: AsyncIterator[bytes]) -> Image:
        """Keep the file of an image that has none.

        Raises:
            ImageFault: it is empty, or its signature is not right; nothing is kept.
            TooLarge: it is more than may be kept.
        """
        kept = await self._exchange.keep(chunks, IMAGE_BYTES_MAX)
        try:
            if kept.size_bytes == 0:
                raise ImageFault("body", "the file is empty")
            if image.signature is not None and image.signing_certificate is not None:
                check_signature(kept.sha256, image.signature, image.signing_certificate)
        except (ImageFault, SignatureFault) as fault:
            await self._exchange.drop(kept.name)
            raise ImageFault("body", str(fault)) from fault
        work = partial(tables.fill_image, tenant_id=image.tenant_id, id_=image.id, file=kept)
        if not await self.store.write(Function(work)):
            await self._exchange.drop(kept.name)
            raise ImageFault("body", "the image has a file already")
        return image._replace(kept=kept.name, size_bytes=kept.size_bytes, sha256=kept.sha256)

    async def remove(self, image: Image) -> bool:
        """Forget an image, and its file; False if an open update needs it."""
        work = partial(tables.remove_image, tenant_id=image.tenant_id, id_=image.id)
        if not await self.store.write(Function(work)):
            return False
        if image.kept is not None:
            await self._exchange.drop(image.kept)
        return True

    async def find(self, tenant_id: UUID, id_: UUID) -> Image | None:
        """An image, or None."""
        return await self.store.read(partial(tables.image, tenant_id=tenant_id, id_=id_))


def _storable(text: str | None) -> str | None:
    return None if text is None else storable(text)
