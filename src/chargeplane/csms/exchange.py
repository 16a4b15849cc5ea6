"""What blocks may want of the block ``files``: addresses by which stations send and fetch files.

``central`` introduces them to each other; no block imports another one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

__all__ = ["Exchange", "FileAddress", "FileFault", "Kept", "StoredFile", "TooLarge"]


class FileFault(Exception):
    """An address that cannot be granted. The text is for people."""


class TooLarge(Exception):
    """More than was granted, or more at a time than there is room for."""


class FileAddress(NamedTuple):
    """Where a station sends or fetches one file. The address is a secret; the id is none."""

    id: UUID
    url: str
    expires_at: datetime


class StoredFile(NamedTuple):
    """A file that a station has sent."""

    id: UUID
    size_bytes: int
    sha256: str
    done_at: datetime | None


class Kept(NamedTuple):
    """A file that is kept for many stations."""

    name: str
    size_bytes: int
    sha256: str


class Exchange(Protocol):
    """Grants addresses, and knows what came by them."""

    async def upload_address(
        self,
        tenant_id: UUID,
        station_id: str,
        purpose: str,
        *,
        life: timedelta,
        size_bytes_max: int,
    ) -> FileAddress:
        """An address for one upload; raises ``FileFault``."""

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
        """An address for a file that is kept under a name; raises ``FileFault``."""

    async def keep(self, chunks: AsyncIterator[bytes], size_bytes_max: int) -> Kept:
        """Keep a file under a name that is made here; raises ``TooLarge``."""

    async def drop(self, name: str) -> None:
        """Keep a file no longer; its addresses count for nothing from then on."""

    async def received(self, tenant_id: UUID, ids: Collection[UUID]) -> Mapping[UUID, StoredFile]:
        """The files of these addresses that are here."""

    async def sent(self, tenant_id: UUID, id_: UUID) -> bytes | None:
        """What a station has sent to an address; None: nothing, or it is gone."""
