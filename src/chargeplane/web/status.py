"""The plain pages: ``/status``, stations and transactions without the console, and ``/setup``.

The page holds no data. Its script asks the REST interface with the token of whoever logs in, and
writes what comes as text, never as markup: stations choose many of these strings.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from string import Template

from litestar import MediaType, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

__all__ = ["handlers"]

_PAGES = Path(__file__).parent / "pages"
_ASSETS = {
    "status.css": "text/css",
    "status.js": "text/javascript",
    "docs.css": "text/css",
    "setup.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def handlers(version: str, paths: Sequence[str]) -> tuple[HTTPRouteHandler, ...]:
    """The page under some paths, and the files that it needs, read once."""
    page = Template((_PAGES / "status.html").read_text(encoding="utf-8")).substitute(
        version=html.escape(version)
    )
    files = {name: (_PAGES / name).read_bytes() for name in _ASSETS}

    @get(list(paths), include_in_schema=False, media_type=MediaType.HTML)
    async def status_page() -> str:
        return page

    setup = (_PAGES / "setup.html").read_text(encoding="utf-8")

    @get("/setup", include_in_schema=False, media_type=MediaType.HTML)
    async def setup_page() -> str:
        return setup

    @get("/pages/{name:str}", include_in_schema=False)
    async def asset(name: FromPath[str]) -> Response[bytes]:
        if name not in files:
            raise NotFoundException
        # The version changes with the files, and a page that is older than its script would break.
        headers = {"Cache-Control": "no-cache"}
        return Response(files[name], media_type=_ASSETS[name], headers=headers)

    return status_page, setup_page, asset
