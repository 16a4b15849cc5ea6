"""Images, their signatures, and the block with one station."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import update

from chargeplane.csms.contract import (
    Ask,
    Block,
    Decision,
    NotConnected,
    Notice,
    Registration,
    Station,
)
from chargeplane.csms.files import Files
from chargeplane.csms.firmware import Campaigns, Firmware, Images, block
from chargeplane.csms.firmware.images import NewImage
from chargeplane.csms.firmware.tables import Image, Update, updates_listed
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known, stations
from chargeplane.domain.commands import (
    Accepted,
    Command,
    Outcome,
    Unsupported,
    UpdateFirmware,
)
from chargeplane.domain.events import Event
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.pki import Authority, KeyKind, PrivateKey, Purpose, new_key, pem_of
from chargeplane.runtime.store import Function, Row, Store
from tests.csms.making import NOW, TENANT_ID, decided, heard, kept

CONTENT = b"new firmware" * 1_000
LIFE = timedelta(days=30)
ROOT = Authority.new("maker", KeyKind.P256, datetime.now(UTC) - 3 * LIFE, 12 * LIFE)
"""Of a manufacturer that is trusted."""
NAMES = ("CP1", "CP2", "CP3")


def signer(
    kind: KeyKind = KeyKind.P256, now: datetime = NOW, by: Authority = ROOT
) -> tuple[PrivateKey, str]:
    """A key, and its certificate in PEM."""
    key = new_key(kind)
    issued = by.issue(key.public_key(), "Firmware of Acme", Purpose.FIRMWARE, now, LIFE)
    return key, pem_of([issued.certificate])


def signed(key: PrivateKey, content: bytes) -> str:
    """The signature as stations know it."""
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)
        return b64encode(key.sign(content, pss, SHA256())).decode()
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return b64encode(key.sign(content, ec.ECDSA(SHA256()))).decode()


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for each in chunks:
        yield each


class Works:
    """The block with the files; stations that are here answer as ``answers`` says."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.clock = SimulatedClock(NOW)
        self.files = Files(store, self.clock, folder, lambda _: None, "https://csms.example/api/v1")
        self.firmware = Firmware(store, self.clock, self.files)
        self.notices: list[Notice] = []
        self.revoked: list[x509.Certificate] = []
        self.images = Images(
            store, self.clock, self.files, self.notices.append, self.revoked.__contains__
        )
        self.here: set[str] = set()
        self.asked: list[str] = []
        self.told: list[Event] = []
        self.answers: Outcome = Accepted()
        self.campaigns = self.new_campaigns()

    def send_only_signed(self) -> None:
        """As an installation that gives stations nothing else."""
        self.firmware = Firmware(self.store, self.clock, self.files, signed_only=True)
        self.campaigns = self.new_campaigns()

    def new_campaigns(self) -> Campaigns:
        """As after a start."""
        return Campaigns(self.firmware, self._send, self._is_here, self._tell)

    @property
    def block(self) -> Block:
        return block(self.firmware, self.images, self.campaigns)

    def _is_here(self, _: UUID, station_id: str) -> bool:
        return station_id in self.here

    async def _tell(self, _: UUID, rows: tuple[Row, ...], events: tuple[Event, ...]) -> None:
        assert rows == ()
        self.told += events

    async def _send(self, tenant_id: UUID, station_id: str, command: Command) -> Outcome:
        if not self._is_here(tenant_id, station_id):
            raise NotConnected(station_id)
        assert isinstance(command, UpdateFirmware)
        found: Any = self.block.commands_v2[UpdateFirmware](
            self.at(Version.V2_1, station_id), command
        )
        ask: Ask | Unsupported = await found
        if isinstance(ask, Unsupported):
            return ask
        self.asked.append(station_id)
        assert ask.settle is not None
        await ask.settle(self.answers)
        return self.answers

    @staticmethod
    def at(version: Version, id_: str = "CP1") -> Station:
        return Station(TENANT_ID, id_, version, registration=Registration.ACCEPTED)

    async def image(self, content: bytes = CONTENT, **facts: Any) -> Image:
        """One with its file."""
        image = await self.images.add(TENANT_ID, NewImage(**{"firmware_version": "2.0", **facts}))
        return await self.images.fill(image, pieces(content))

    async def signed_image(self) -> Image:
        key, pem = signer()
        return await self.image(signature=signed(key, CONTENT), signing_certificate=pem)

    async def asks(self, version: Version, image: Image, **wanted: Any) -> Any:
        """What a station of some version is asked for, or why not."""
        family = self.block.commands_v1 if version.value < "2" else self.block.commands_v2
        command = UpdateFirmware(image_id=str(image.id), **wanted)
        found: Any = family[UpdateFirmware](self.at(version), command)
        return await found

    async def said(self, at: Station, status: str, request_id: int | None = None) -> Decision:
        """A station tells of an update, in the words of its family."""
        v1 = at.version.value < "2"
        request: Request
        if v1 and request_id is None:
            request = v16.FirmwareStatusNotificationRequest(status=v16.FirmwareStatus(status))
        elif v1:
            word = v16.FirmwareStatusEnumType(status)
            request = v16.SignedFirmwareStatusNotificationRequest(
                status=word, request_id=request_id or 0
            )
        else:
            request = v21.FirmwareStatusNotificationRequest(
                status=v21.FirmwareStatusEnumType(status), request_id=request_id or 0
            )
        handlers = self.block.v1 if v1 else self.block.v2
        return await kept(self.store, await decided(handlers[type(request)], heard(at, request)))

    async def rows(self, **wanted: Any) -> list[Update]:
        look = partial(updates_listed, tenant_id=TENANT_ID, count_max=50, **wanted)
        return await self.store.read(look)

    async def row(self, station_id: str = "CP1") -> Update:
        (row,) = await self.rows(station_id=station_id)
        return row


async def works_at(store: Store, folder: Path) -> Works:
    """With three stations of Acme that have version 1.0, and the root of their manufacturer."""
    for name in NAMES:
        known = Known(TENANT_ID, name, 1, None, Registration.ACCEPTED, 0)
        await store.write(Function(partial(register, known=known, now=NOW)))
    facts = {"vendor": "Acme", "model": "One", "firmware_version": "1.0"}
    await store.write(Function(lambda c: c.execute(update(stations).values(facts)).rowcount))
    works = Works(store, folder)
    await works.images.roots.add(TENANT_ID, pem_of([ROOT.certificate]), "root", None, None)
    return works
