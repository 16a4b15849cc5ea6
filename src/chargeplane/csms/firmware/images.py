"""Images: what is uploaded, verified, kept and removed.

Who signs an image has to lead to a root of the manufacturer (``roots``). Many manufacturers publish
none, so somebody may accept an image without; who it was stays with the image.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from chargeplane.csms.contract import Notice, Notify
from chargeplane.csms.exchange import Exchange
from chargeplane.csms.firmware import tables
from chargeplane.csms.firmware.proof import IsRevoked, Proof, proof_of
from chargeplane.csms.firmware.roots import Roots
from chargeplane.csms.firmware.signing import SignatureFault, check_signature
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
    intermediate_certificates: str | None = None
    accept_unproven: bool = False


class Images:
    """Keeps images."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        exchange: Exchange,
        notify: Notify = lambda notice: None,
        is_revoked: IsRevoked = lambda certificate: False,
    ) -> None:
        """For the images of a store.

        Args:
            store: with the images.
            clock: what time it is.
            exchange: with their files.
            notify: told of images that are refused.
            is_revoked: whether a certificate counts no longer.
        """
        self.store = store
        self.clock = clock
        self.roots = Roots(store, clock)
        self._exchange = exchange
        self._notify = notify
        self._is_revoked = is_revoked

    async def add(self, tenant_id: UUID, new: NewImage, by: str = "") -> Image:
        """Describe an image; its file follows. ``by``: whose name stays with it.

        Raises:
            ImageFault: its certificate does not count, or there are too many images.
        """
        if (new.signature is None) != (new.signing_certificate is None):
            raise ImageFault("signature", "a signature and its certificate come together")
        if new.signature is None and (new.intermediate_certificates or new.accept_unproven):
            raise ImageFault("signature", "without a signature there is nothing to be proven")
        image = Image(
            tenant_id=tenant_id,
            id=new_id(),
            firmware_version=storable(new.firmware_version),
            vendor=_storable(new.vendor),
            model=_storable(new.model),
            note=_storable(new.note),
            signature=_storable(new.signature),
            signing_certificate=_storable(new.signing_certificate),
            signer=None,
            signer_until=None,
            intermediates=_storable(new.intermediate_certificates),
            root_fingerprint=None,
            root_name=None,
            proof_fault=None,
            proven_at=None,
            accepted_by=None,
            kept=None,
            size_bytes=None,
            sha256=None,
            created_at=self.clock.now(),
        )
        image = await self._proven(image, new.accept_unproven, by)
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
            if isinstance(fault, SignatureFault):
                detail = f"image {image.firmware_version}, signed by {image.signer}: {fault}"
                self._tell(image.tenant_id, "InvalidFirmwareSignature", detail)
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

    async def prove_again(self, tenant_id: UUID) -> None:
        """After the roots have changed: look anew where the signers of images lead to."""
        look = partial(tables.images, tenant_id=tenant_id, count_max=tables.IMAGES_MAX)
        now, found = self.clock.now(), []
        for each in await self.store.read(look):
            if each.signing_certificate is None:
                continue
            proof = await self._proof(each)
            # One that came before there were roots is not refused because of the first of them.
            if proof.fault is None or each.proven_at is not None:
                found.append(_with(each, proof, now))
        if found:
            await self.store.write(Function(partial(tables.set_proofs, proofs=found)))

    async def _proof(self, image: Image) -> Proof:
        roots = await self.roots.for_vendor(image.tenant_id, image.vendor)
        pem, more = image.signing_certificate or "", image.intermediates
        return proof_of(pem, more, roots, self.clock.now(), self._is_revoked)

    async def _proven(self, image: Image, is_accepted: bool, by: str) -> Image:
        """A new image with its proof; ``ImageFault`` if there is none and nobody accepts that."""
        if image.signing_certificate is None:
            return image
        proof = await self._proof(image)
        if proof.fault is not None and not (is_accepted and proof.is_acceptable):
            type_ = (
                "FirmwareNotProven" if proof.is_acceptable else "InvalidFirmwareSigningCertificate"
            )
            whose = f", signed by {proof.signer.name}" if proof.signer else ""
            self._tell(
                image.tenant_id, type_, f"image {image.firmware_version}{whose}: {proof.fault}"
            )
            raise ImageFault("signing_certificate", proof.fault)
        image = _with(image, proof, self.clock.now())
        return image if proof.fault is None else image._replace(accepted_by=storable(by))

    def _tell(self, tenant_id: UUID, type_: str, detail: str) -> None:
        self._notify(Notice(tenant_id, "", type_, detail=storable(detail)))


def _with(image: Image, proof: Proof, now: datetime) -> Image:
    signer = proof.signer
    return image._replace(
        signer=image.signer if signer is None else storable(signer.name),
        signer_until=image.signer_until if signer is None else signer.until,
        root_fingerprint=proof.root_fingerprint,
        root_name=proof.root_name,
        proof_fault=proof.fault,
        proven_at=now,
    )


def _storable(text: str | None) -> str | None:
    return None if text is None else storable(text)
