"""Bytes really travel: images down, logs up, and published files to others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import md5

import httpx
import pytest

from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.station.core import Core
from chargeplane.station.firmware.images import image
from chargeplane.station.signals.files import DownloadWanted, PublishWanted, UploadWanted
from chargeplane.station.transfers import Transfers
from tests.station.stage import online

Answer = Callable[[str, str, bytes], tuple[int, bytes]]


@asynccontextmanager
async def web(answer: Answer) -> AsyncIterator[str]:
    """A server that answers one request for each connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        rows = dict(row.lower().split(": ", 1) for row in head.split("\r\n")[1:] if row)
        body = await reader.readexactly(int(rows.get("content-length", "0")))
        method, path, _ = head.split("\r\n")[0].split(" ")
        status, data = answer(method, path, body)
        writer.write(f"HTTP/1.1 {status} -\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def transfers() -> AsyncIterator[Core]:
    core = Core("CP1", Version.V2_1, started_at=datetime.now(UTC))
    carrier = Transfers(core, lambda act: act(core, 0.0), "127.0.0.1")
    try:
        yield core
    finally:
        await carrier.stop()


async def fetched(core: Core, location: str) -> bytes | str:
    result: asyncio.Future[bytes | str] = asyncio.get_running_loop().create_future()
    core.want(DownloadWanted(location, result.set_result), 0.0)
    return await asyncio.wait_for(result, 10)


async def sent(core: Core, location: str) -> str:
    result: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    core.want(UploadWanted(location, "log.txt", b"a log", result.set_result), 0.0)
    return await asyncio.wait_for(result, 10)


async def test_an_image_is_downloaded_byte_for_byte() -> None:
    data = image("2.0.0", bytes(range(256)) * 1_000)

    def answer(_method: str, path: str, _body: bytes) -> tuple[int, bytes]:
        return (200, data) if path == "/fw" else (404, b"")

    async with web(answer) as url, transfers() as core:
        assert await fetched(core, f"{url}/fw") == data
        assert await fetched(core, f"{url}/other") == "HTTP status 404"
        assert isinstance(await fetched(core, "ftp://127.0.0.1/fw"), str)
        assert isinstance(await fetched(core, "http://127.0.0.1:1/fw"), str)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, "Uploaded"),
        (201, "Uploaded"),
        (302, "UploadFailure"),
        (400, "BadMessage"),
        (403, "PermissionDenied"),
        (500, "UploadFailure"),
        (501, "NotSupportedOperation"),
    ],
)
async def test_an_upload_ends_as_the_server_says(status: int, result: str) -> None:
    async with web(lambda _m, _p, _b: (status, b"")) as url, transfers() as core:
        assert await sent(core, f"{url}/log") == result


async def test_a_server_that_wants_post_gets_post() -> None:
    heard: list[tuple[str, bytes]] = []

    def answer(method: str, _path: str, body: bytes) -> tuple[int, bytes]:
        heard.append((method, body))
        return (405 if method == "PUT" else 200), b""

    async with web(answer) as url, transfers() as core:
        assert await sent(core, f"{url}/log") == "Uploaded"
        assert heard == [("PUT", b"a log"), ("POST", b"a log")]
        assert await sent(core, "ftp://127.0.0.1/") == "NotSupportedOperation"


async def test_a_published_file_can_be_fetched_from_the_station() -> None:
    async with transfers() as core:
        result: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        core.want(PublishWanted("abc", b"an image", result.set_result), 0.0)
        [address] = await asyncio.wait_for(result, 10)
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(address)).content == b"an image"
            assert (await client.get(address + "x")).status_code == 404


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
@pytest.mark.parametrize("good", [True, False])
def test_publishing_checks_the_image_first(version: str, good: bool) -> None:
    stage, data = online(version), image("2.0.0")
    hub = stage.core.hub
    hub.hears(DownloadWanted, lambda wanted: wanted.done(data))
    hub.hears(PublishWanted, lambda wanted: wanted.done([f"http://10.0.0.1/{wanted.name}"]))
    checksum = md5(data if good else b"", usedforsecurity=False).hexdigest()
    stage.ask(v21.PublishFirmwareRequest(location="http://x/", checksum=checksum, request_id=3))
    told = stage.central.all(v21.PublishFirmwareStatusNotificationRequest)
    way = ["Downloading", "Downloaded"] + (
        ["ChecksumVerified", "Published"] if good else ["InvalidChecksum"]
    )
    assert [each.status.value for each in told] == way
    request = v21.UnpublishFirmwareRequest(checksum=checksum)
    statuses = [getattr(stage.ask(request), "status", "") for _ in range(2)]
    assert statuses == (["Unpublished", "NoFirmware"] if good else ["NoFirmware"] * 2)
