"""The built console is served whole, compressed and kept, and hides nothing of the server's own."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, get

from chargeplane.web import console

PAGE = "<!doctype html><title>the console</title>"
SCRIPT = "let a = 1;" * 200


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What a build leaves behind, in small."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / ".source").write_text("a hash")
    script = tmp_path / "assets" / "index-abc.js"
    script.write_text(SCRIPT)
    Path(f"{script}.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    Path(f"{script}.br").write_bytes(b"brotli")
    return tmp_path


@get("/api/v1/there")
async def there() -> str:
    """A route of the server."""
    return "there"


@pytest.fixture
async def client(built: Path) -> AsyncIterator[httpx.AsyncClient]:
    app: Any = Litestar([there, *console.handlers(console.read(built))], openapi_config=None)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


def as_browser(**more: str) -> dict[str, str]:
    return {"Accept": "text/html,*/*", **more}


@pytest.mark.parametrize("path", ["/", "/stations", "/stations/CP%2F1/frames"])
async def test_every_screen_is_the_one_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers=as_browser())
    assert answer.text == PAGE
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/nothing", "/health/nothing", "/pages/no.js", "/assets/no.js"]
)
async def test_an_unknown_address_of_the_server_is_no_screen(
    client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.get(path, headers=as_browser())).status_code == 404


async def test_a_program_that_asks_for_no_page_gets_none(client: httpx.AsyncClient) -> None:
    assert (await client.get("/stations")).status_code == 404
    assert (await client.get("/api/v1/there")).text == "there"


async def test_a_file_with_a_hash_in_its_name_is_kept_for_ever(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/index-abc.js")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("", None), ("zstd", None)],
)
async def test_a_browser_gets_the_best_encoding_that_it_reads(
    built: Path, accepted: str, encoding: str | None
) -> None:
    app: Any = Litestar([*console.handlers(console.read(built))], openapi_config=None)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        headers = {"Accept-Encoding": accepted}
        async with client.stream("GET", "/assets/index-abc.js", headers=headers) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == encoding
    wanted = {"br": b"brotli", None: SCRIPT.encode()}
    assert (gzip.decompress(raw) if encoding == "gzip" else raw) == wanted.get(
        encoding, SCRIPT.encode()
    )


async def test_a_page_that_the_browser_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/", headers=as_browser())).headers["etag"]
    again = await client.get("/", headers=as_browser(**{"If-None-Match": tag}))
    assert (again.status_code, again.content) == (304, b"")


async def test_what_the_build_keeps_for_itself_is_not_served(client: httpx.AsyncClient) -> None:
    assert (await client.get("/.source")).status_code == 404
    assert (await client.get("/assets/index-abc.js.gz")).status_code == 404


def test_a_console_that_was_not_built_is_no_files(tmp_path: Path) -> None:
    assert console.read(tmp_path) == {}
    assert console.read(tmp_path / "missing") == {}


def test_a_file_that_is_too_large_ends_the_program(built: Path) -> None:
    (built / "large.bin").write_bytes(bytes(console.FILE_BYTES_MAX + 1))
    with pytest.raises(ValueError, match=r"large\.bin"):
        console.read(built)
