"""The folder of files: writing what comes, and files that are kept for many stations."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final

from chargeplane.csms.exchange import Kept, TooLarge
from chargeplane.runtime.store import new_id

__all__ = ["CHUNK_BYTES", "Shelf", "pieces", "written"]

CHUNK_BYTES: Final = 1 << 16


class Shelf:
    """Files under names that are made here, in a folder below that of the transfers."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when the first file is kept."""
        self.folder = folder

    async def keep(self, chunks: AsyncIterator[bytes], size_bytes_max: int) -> Kept:
        """Keep a file.

        Raises:
            TooLarge: it is more than that; nothing is kept.
        """
        await asyncio.to_thread(self.folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        name = str(new_id())
        part, is_complete = self.folder / f"{name}.part", False
        try:
            with part.open("wb") as file:
                size_bytes, digest = await written(file, chunks, size_bytes_max)
            part.replace(self.folder / name)
            is_complete = True
        finally:
            if not is_complete:
                part.unlink(missing_ok=True)
        return Kept(name, size_bytes, digest)

    def path(self, name: str) -> Path:
        """Where a file is. ``name`` is one that ``keep`` has given."""
        return self.folder / name

    async def drop(self, name: str) -> None:
        """Keep a file no longer."""
        await asyncio.to_thread(self.path(name).unlink, missing_ok=True)


async def written(
    file: BinaryIO, chunks: AsyncIterator[bytes], size_bytes_max: int
) -> tuple[int, str]:
    """Size and digest of what was written; ``TooLarge`` beyond the bound."""
    size_bytes, digest = 0, hashlib.sha256()
    async for chunk in chunks:
        size_bytes += len(chunk)
        if size_bytes > size_bytes_max:
            raise TooLarge(f"more than {size_bytes_max} bytes")
        digest.update(chunk)
        await asyncio.to_thread(file.write, chunk)
    return size_bytes, digest.hexdigest()


async def pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    """An open file, piece by piece: none is ever in memory as a whole."""
    while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
        yield chunk
