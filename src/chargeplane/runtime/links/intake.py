"""Bytes that come from a connection, read by a coroutine under bounds."""

from __future__ import annotations

import asyncio

__all__ = ["Intake", "IntakeEnded", "IntakeFull"]


class IntakeEnded(Exception):
    """The peer sends nothing more."""


class IntakeFull(Exception):
    """What was waited for did not come within its bound."""


class Intake:
    """A buffer between a protocol, which feeds it, and one coroutine, which reads it."""

    __slots__ = ("_buffer", "_ended", "_loop", "_more")

    def __init__(self) -> None:
        """Empty. Belongs to the running loop."""
        self._buffer = bytearray()
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self._more: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._buffer)

    @property
    def has_ended(self) -> bool:
        """Whether the peer sends nothing more."""
        return self._ended

    def feed(self, data: bytes) -> None:
        """Take more bytes. Whoever feeds keeps an eye on the length."""
        self._buffer += data
        self._wake()

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._wake()

    async def until(self, mark: bytes, bytes_max: int) -> bytes:
        """What stands before the mark; the mark is taken too.

        Raises:
            IntakeFull: if it is longer than ``bytes_max``.
            IntakeEnded: if the peer ended before the mark.
        """
        searched = 0
        while (end := self._buffer.find(mark, searched)) < 0:
            if len(self._buffer) > bytes_max:
                raise IntakeFull
            searched = max(0, len(self._buffer) - len(mark) + 1)
            await self._grown()
        if end > bytes_max:
            raise IntakeFull
        return self._taken(end, len(mark))

    async def exactly(self, count: int) -> bytes:
        """So many bytes.

        Raises:
            IntakeEnded: if the peer ended before.
        """
        while len(self._buffer) < count:
            await self._grown()
        return self._taken(count, 0)

    def rest(self) -> bytes:
        """What nobody has asked for."""
        return self._taken(len(self._buffer), 0)

    def _taken(self, count: int, dropped: int) -> bytes:
        data = bytes(self._buffer[:count])
        del self._buffer[: count + dropped]
        return data

    async def _grown(self) -> None:
        if self._ended:
            raise IntakeEnded
        self._more = self._loop.create_future()
        await self._more

    def _wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)
