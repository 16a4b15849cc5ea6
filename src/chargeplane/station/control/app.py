"""The application: routes over a ``Panel``, and the page."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from litestar import Litestar, WebSocket, get, post, websocket
from litestar.connection import ASGIConnection
from litestar.exceptions import (
    NotAuthorizedException,
    NotFoundException,
    ValidationException,
    WebSocketDisconnect,
)
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody

from chargeplane.station.control.panel import Deed, Panel
from chargeplane.station.faults import FAULTS

__all__ = ["create_control"]

BODY_BYTES_MAX = 10_000
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
PAGE = Path(__file__).parent / "page"
_FILES = {
    "/": ("control.html", "text/html"),
    "/control.css": ("control.css", "text/css"),
    "/control.js": ("control.js", "text/javascript"),
}


def create_control(panel: Panel) -> Litestar:
    """The application over a panel."""
    pages = [_page(path, *file) for path, file in _FILES.items()]

    @get("/api/stations", sync_to_thread=False)
    def stations() -> dict[str, Any]:
        return {
            "items": panel.cards(),
            "faults": list(FAULTS),
            "quirks": list(panel.quirks),
            "quirks_of": panel.quirks_of,
        }

    @post("/api/stations/{identity:str}/{deed:str}", status_code=200)
    async def act(
        identity: FromPath[str], deed: FromPath[str], data: JSONBody[Deed]
    ) -> dict[str, Any]:
        try:
            return panel.do(identity, deed, data)
        except KeyError as error:
            raise NotFoundException(f"there is no {error}") from error
        except ValueError as error:
            raise ValidationException(str(error)) from error

    @websocket("/api/frames")
    async def frames(socket: WebSocket[Any, Any, Any]) -> None:
        try:
            with panel.watching() as queue:
                await socket.accept()
                await _tell(socket, queue)
        except ValueError as error:
            await socket.close(code=1013, reason=str(error))

    return Litestar(
        [*pages, stations, act, frames],
        guards=[_own_page],
        request_max_body_size=BODY_BYTES_MAX,
        response_headers=HEADERS,
        openapi_config=None,
    )


def _page(path: str, name: str, media_type: str) -> BaseRouteHandler:
    text = (PAGE / name).read_text()

    @get(path, media_type=media_type, sync_to_thread=False)
    def page() -> str:
        return text

    return page


async def _tell(socket: WebSocket[Any, Any, Any], queue: asyncio.Queue[dict[str, str]]) -> None:
    """Frames, until the page is gone."""
    gone = asyncio.create_task(_until_gone(socket))
    try:
        while True:
            waiting = asyncio.create_task(queue.get())
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                waiting.cancel()
                return
            await socket.send_json(waiting.result())
    except WebSocketDisconnect:
        return
    finally:
        gone.cancel()


async def _until_gone(socket: WebSocket[Any, Any, Any]) -> None:
    try:
        while True:
            await socket.receive_data("text")
    except WebSocketDisconnect:
        return


def _own_page(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Nobody is logged in, so no other page may use the browser that is here.

    A foreign page has another origin; a foreign name that was made to point here is no address.
    """
    host = connection.headers.get("host", "")
    if not _is_address(urlsplit(f"//{host}").hostname or ""):
        raise NotAuthorizedException("ask for an address or localhost, not for a name")
    origin = connection.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        raise NotAuthorizedException("another page has no business here")


def _is_address(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
