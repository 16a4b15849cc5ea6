"""Files that a station downloads, uploads and hands on, over HTTP and HTTPS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing, suppress
from typing import Any

import httpx

from chargeplane.station.core import Core
from chargeplane.station.signals.files import (
    DownloadWanted,
    PublishWanted,
    UnpublishWanted,
    UploadWanted,
)

__all__ = ["FILE_BYTES_MAX", "Transfers"]

FILE_BYTES_MAX = 64 * 1024 * 1024
TIMEOUT_S = 30.0
REQUEST_BYTES_MAX = 8_192
_STATUSES = {
    400: "BadMessage",
    401: "PermissionDenied",
    403: "PermissionDenied",
    501: "NotSupportedOperation",
}

Act = Callable[[Callable[[Core, float], None]], None]


class Transfers:
    """Carries files for one core; its tasks end with ``stop``."""

    def __init__(self, core: Core, act: Act, host: str, tls: Any = True) -> None:
        """Args: the core, how to act on it, the address to publish on, and whom to trust."""
        self._act = act
        self._host = host
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._files: dict[str, bytes] = {}
        self._server: asyncio.Server | None = None
        hub = core.hub
        hub.hears(DownloadWanted, lambda wanted: self._begin(self._download(wanted)))
        hub.hears(UploadWanted, lambda wanted: self._begin(self._upload(wanted)))
        hub.hears(PublishWanted, lambda wanted: self._begin(self._publish(wanted)))
        hub.hears(UnpublishWanted, self._unpublish)

    def _unpublish(self, wanted: UnpublishWanted) -> None:
        self._files.pop(wanted.name, None)

    async def idle(self) -> bool:
        """Wait until no file is on its way; whether there was any."""
        under_way = set(self._tasks)
        if under_way:
            await asyncio.wait(under_way)
        return bool(under_way)

    async def stop(self) -> None:
        """Give up on what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=self._tls, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False
        )

    async def _download(self, wanted: DownloadWanted) -> None:
        result: bytes | str
        try:
            result = await self._got(wanted.location)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            result = str(error) or type(error).__name__
        self._act(lambda _core, _now_s: wanted.done(result))

    async def _got(self, location: str) -> bytes | str:
        data = bytearray()
        async with self._client() as client, client.stream("GET", location) as response:
            if response.status_code != httpx.codes.OK:
                return f"HTTP status {response.status_code}"
            async for part in response.aiter_bytes():
                data += part
                if len(data) > FILE_BYTES_MAX:
                    return "the file is too large"
        return bytes(data)

    async def _upload(self, wanted: UploadWanted) -> None:
        try:
            status = await self._put(wanted)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            status = "NotSupportedOperation"
        except httpx.HTTPError:
            status = "UploadFailure"
        self._act(lambda _core, _now_s: wanted.done(status))

    async def _put(self, wanted: UploadWanted) -> str:
        """PUT, or POST where the server wants that (N01.FR.18, N01.FR.19); no redirects."""
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f'attachment; filename="{wanted.file_name}"',
        }
        async with self._client() as client:
            answer = await client.put(wanted.location, content=wanted.content, headers=headers)
            if answer.status_code == httpx.codes.METHOD_NOT_ALLOWED:
                answer = await client.post(wanted.location, content=wanted.content, headers=headers)
        if answer.is_success:
            return "Uploaded"
        return _STATUSES.get(answer.status_code, "UploadFailure")

    async def _publish(self, wanted: PublishWanted) -> None:
        addresses: list[str] = []
        with suppress(OSError):  # then there is no address
            if self._server is None:
                self._server = await asyncio.start_server(
                    self._serve, self._host, 0, limit=REQUEST_BYTES_MAX
                )
            self._files[wanted.name] = wanted.content
            port = self._server.sockets[0].getsockname()[1]
            addresses = [f"http://{self._host}:{port}/{wanted.name}"]
        self._act(lambda _core, _now_s: wanted.done(addresses))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one GET of a file."""
        gone = (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError)
        with suppress(*gone), closing(writer):  # the other side has gone, or speaks no HTTP
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT_S)
            words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            data = self._files.get(words[1].lstrip("/")) if len(words) == 3 else None
            status = "404 Not Found" if data is None else "200 OK"
            length = f"Content-Length: {len(data or b'')}"
            writer.write(f"HTTP/1.1 {status}\r\n{length}\r\nConnection: close\r\n\r\n".encode())
            writer.write(data or b"")
            await writer.drain()
