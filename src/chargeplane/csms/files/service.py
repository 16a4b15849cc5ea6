"""The rules: who may send or fetch what, how much, until when and how often."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import partial
from hmac import compare_digest
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from chargeplane.csms.contract import Notice, Notify
from chargeplane.csms.exchange import FileAddress, FileFault, Kept, StoredFile, TooLarge
from chargeplane.csms.files import tables
from chargeplane.csms.files.shelf import Shelf, pieces, written
from chargeplane.csms.files.tables import Grant
from chargeplane.csms.inventory import is_station
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, new_id

__all__ = ["Direction", "FileFault", "Files", "TooLarge", "Unknown"]

UPLOAD_BYTES_MAX: Final = 256 << 20
LIFE_MAX: Final = timedelta(days=30)
USES_MAX: Final = 10
TRANSFERS_MAX: Final = 64
"""At a time."""
SECRET_BYTES: Final = 32
TOKEN_CHARACTERS_MAX: Final = 100


class Direction(StrEnum):
    """Which way a file goes."""

    UPLOAD = "upload"
    """From the station to us."""
    DOWNLOAD = "download"
    """From us to the station."""


class Unknown(Exception):
    """No address, or one that counts no longer: nobody is told which."""


class Files:
    """Grants addresses, and keeps files in a folder. An ``exchange.Exchange`` for other blocks."""

    def __init__(
        self, store: Store, clock: Clock, folder: Path, notify: Notify, url: str = ""
    ) -> None:
        """``notify`` is told of addresses that are tried again.

        ``url``: of the REST interface, as stations reach it; without, blocks get no addresses.
        """
        self.shelf = Shelf(folder / "kept")
        self._url = url.rstrip("/")
        self._store = store
        self._clock = clock
        self._folder = folder
        self._notify = notify
        self._transfers = 0

    async def grant_upload(
        self,
        tenant_id: UUID,
        station_id: str,
        purpose: str,
        *,
        life: timedelta = timedelta(hours=1),
        size_bytes_max: int = 16 << 20,
        uses: int = 1,
    ) -> tuple[Grant, str]:
        """Let a station send one file; the grant and the token of its address.

        Raises:
            FileFault: there is no such station, or a bound is exceeded.
        """
        if not 0 < size_bytes_max <= UPLOAD_BYTES_MAX:
            raise FileFault(f"an upload may have 1 to {UPLOAD_BYTES_MAX} bytes")
        return await self._grant(
            tenant_id, station_id, Direction.UPLOAD, purpose, life, size_bytes_max, uses
        )

    async def grant_download(
        self,
        tenant_id: UUID,
        station_id: str,
        purpose: str,
        content: bytes,
        *,
        life: timedelta = timedelta(hours=1),
        uses: int = 1,
    ) -> tuple[Grant, str]:
        """Let a station fetch a content; the grant and the token of its address.

        Raises:
            FileFault: as for uploads.
        """
        if not 0 < len(content) <= UPLOAD_BYTES_MAX:
            raise FileFault(f"a file may have 1 to {UPLOAD_BYTES_MAX} bytes")
        grant, token = await self._grant(
            tenant_id, station_id, Direction.DOWNLOAD, purpose, life, len(content), uses
        )
        await asyncio.to_thread(self._path(grant).write_bytes, content)
        digest = hashlib.sha256(content).hexdigest()
        await self._finish(grant, size_bytes=len(content), sha256=digest)
        return grant._replace(size_bytes=len(content), sha256=digest), token

    async def _grant(
        self,
        tenant_id: UUID,
        station_id: str,
        direction: Direction,
        purpose: str,
        life: timedelta,
        size_bytes_max: int,
        uses: int,
        kept: str | None = None,
    ) -> tuple[Grant, str]:
        if not timedelta() < life <= LIFE_MAX or not 0 < uses <= USES_MAX:
            most = f"{LIFE_MAX.days} days and {USES_MAX} uses"
            raise FileFault(f"an address counts for {most} at most")
        look = partial(is_station, tenant_id=tenant_id, station_id=station_id)
        if not await self._store.read(look):
            raise FileFault(f"there is no station {station_id}")
        now, id_, secret = self._clock.now(), new_id(), secrets.token_bytes(SECRET_BYTES)
        grant = Grant(
            tenant_id, id_, station_id, str(direction), purpose, _hash(secret), uses,
            size_bytes_max, None, None, None, now, now + life, None, kept,
        )  # fmt: skip
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._store.write(Function(partial(tables.grants.add, records=[grant])))
        prune = partial(tables.prune, tenant_id=tenant_id, station_id=station_id)
        for old in await self._store.write(Function(prune)):
            (self._folder / str(old)).unlink(missing_ok=True)
        return grant, urlsafe_b64encode(tenant_id.bytes + id_.bytes + secret).decode().rstrip("=")

    async def receive(self, token: str, chunks: AsyncIterator[bytes], remote_host: str) -> Grant:
        """Keep what a station sends.

        Raises:
            Unknown: the address does not count.
            TooLarge: it is more than was granted; nothing is kept.
        """
        grant = await self._taken(token, Direction.UPLOAD, remote_host)
        part = self._folder / f"{grant.id}.part"
        self._transfers += 1
        is_complete = False
        try:
            with part.open("wb") as file:
                size_bytes, digest = await written(file, chunks, grant.size_bytes_max)
            part.replace(self._path(grant))
            is_complete = True
        finally:
            self._transfers -= 1
            if not is_complete:
                part.unlink(missing_ok=True)
                await asyncio.shield(self._given_back(grant))
        now = self._clock.now()
        await self._finish(
            grant, size_bytes=size_bytes, sha256=digest, remote_host=remote_host, done_at=now
        )
        return grant._replace(size_bytes=size_bytes, sha256=digest, done_at=now)

    async def fetch(self, token: str, remote_host: str) -> tuple[int, AsyncGenerator[bytes]]:
        """What a station may fetch: how many bytes, and the bytes.

        Raises:
            Unknown: the address does not count, or its file is gone.
            TooLarge: too many transfers are under way.
        """
        grant = await self._taken(token, Direction.DOWNLOAD, remote_host)
        try:
            size_bytes = (await asyncio.to_thread(self._path(grant).stat)).st_size
        except FileNotFoundError as error:
            raise Unknown from error
        return size_bytes, self._pieces(grant, remote_host)

    async def _pieces(self, grant: Grant, remote_host: str) -> AsyncGenerator[bytes]:
        self._transfers += 1
        is_complete = False
        try:
            with self._path(grant).open("rb") as file:
                async for chunk in pieces(file):
                    yield chunk
            is_complete = True
        finally:
            self._transfers -= 1
            if not is_complete:
                await asyncio.shield(self._given_back(grant))
        await self._finish(grant, remote_host=remote_host, done_at=self._clock.now())

    async def _given_back(self, grant: Grant) -> None:
        back = partial(tables.give_back, tenant_id=grant.tenant_id, id_=grant.id)
        await self._store.write(Function(back))

    async def content(self, grant: Grant) -> bytes:
        """The file of a grant.

        Raises:
            Unknown: it is not there (yet, or no longer).
        """
        try:
            return await asyncio.to_thread(self._path(grant).read_bytes)
        except FileNotFoundError as error:
            raise Unknown from error

    # For other blocks (``exchange.Exchange``) -------------------------------------------------

    async def upload_address(
        self,
        tenant_id: UUID,
        station_id: str,
        purpose: str,
        *,
        life: timedelta,
        size_bytes_max: int,
    ) -> FileAddress:
        """An address for one upload; see ``exchange``."""
        grant, token = await self.grant_upload(
            tenant_id, station_id, purpose, life=life, size_bytes_max=size_bytes_max
        )
        return self._address(grant, token)

    async def download_address(
        self,
        tenant_id: UUID,
        station_id: str,
        purpose: str,
        kept: str,
        *,
        life: timedelta,
        uses: int,
    ) -> FileAddress:
        """An address for a file of the shelf; see ``exchange``."""
        try:
            size_bytes = (await asyncio.to_thread(self.shelf.path(kept).stat)).st_size
        except FileNotFoundError as error:
            raise FileFault("the file is not here any more") from error
        direction = Direction.DOWNLOAD
        grant, token = await self._grant(
            tenant_id, station_id, direction, purpose, life, size_bytes, uses, kept
        )
        return self._address(grant, token)

    async def keep(self, chunks: AsyncIterator[bytes], size_bytes_max: int) -> Kept:
        """Keep a file on the shelf; see ``exchange``."""
        return await self.shelf.keep(chunks, size_bytes_max)

    async def drop(self, name: str) -> None:
        """Take a file from the shelf."""
        await self.shelf.drop(name)

    async def received(self, tenant_id: UUID, ids: Collection[UUID]) -> Mapping[UUID, StoredFile]:
        """The files of these addresses that are here."""
        look = partial(tables.received, tenant_id=tenant_id, ids=ids)
        return {
            each.id: StoredFile(each.id, each.size_bytes or 0, each.sha256 or "", each.done_at)
            for each in await self._store.read(look)
        }

    async def sent(self, tenant_id: UUID, id_: UUID) -> bytes | None:
        """What a station has sent to an address; None: nothing, or it is gone."""
        grant = await self._store.read(partial(tables.grants.one, tenant_id=tenant_id, id_=id_))
        if grant is None or grant.direction != Direction.UPLOAD:
            return None
        try:
            return await self.content(grant)
        except Unknown:
            return None

    def _address(self, grant: Grant, token: str) -> FileAddress:
        if not self._url:
            raise FileFault("stations cannot be told where: set public_url")
        return FileAddress(grant.id, f"{self._url}/transfers/{token}", grant.expires_at)

    async def _taken(self, token: str, direction: Direction, remote_host: str) -> Grant:
        tenant_id, id_, secret = _parts(token)
        grant = await self._store.read(partial(tables.grants.one, tenant_id=tenant_id, id_=id_))
        known = grant.token_hash if grant is not None else ""
        if not compare_digest(known, _hash(secret)) or grant is None:
            raise Unknown
        if grant.direction != direction:
            raise Unknown
        if self._transfers >= TRANSFERS_MAX:
            raise TooLarge("too many transfers at a time")
        now = self._clock.now()
        take = partial(tables.take, tenant_id=tenant_id, id_=id_, now=now)
        if not await self._store.write(Function(take)):
            detail = f"{grant.purpose}: the address was used, or its time is over"
            notice = Notice(tenant_id, grant.station_id, "FileAddressReplayed", remote_host, detail)
            self._notify(notice)
            raise Unknown
        return grant

    async def _finish(self, grant: Grant, **values: Any) -> None:
        work = partial(tables.grants.change, tenant_id=grant.tenant_id, id_=grant.id, **values)
        await self._store.write(Function(work))

    def _path(self, grant: Grant) -> Path:
        return self._folder / str(grant.id) if grant.kept is None else self.shelf.path(grant.kept)


def _hash(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


def _parts(token: str) -> tuple[UUID, UUID, bytes]:
    """Tenant, grant and secret of a token; ``Unknown`` if it is none."""
    try:
        data = urlsafe_b64decode(token[:TOKEN_CHARACTERS_MAX].encode("ascii") + b"==")
    except (Error, UnicodeEncodeError) as error:
        raise Unknown from error
    if len(data) != 32 + SECRET_BYTES:
        raise Unknown
    return UUID(bytes=data[:16]), UUID(bytes=data[16:32]), data[32:]
