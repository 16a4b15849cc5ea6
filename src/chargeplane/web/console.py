"""The operator console: the files that ``ui/`` was built into, out of memory, already compressed.

A name under ``/assets/`` contains a hash of its content, so browsers keep it for ever. Any other
address of the console is answered with its one page, whose script knows what to show there.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from litestar import Request, Response, route
from litestar.enums import HttpMethod
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

__all__ = ["FILE_BYTES_MAX", "FOLDER", "Served", "handlers", "read"]

FOLDER = Path(__file__).parent / "static"
FILE_BYTES_MAX = 4_000_000
"""All files are held in memory; one larger than this was built by mistake."""
PAGE = "index.html"

_ENCODINGS = {"br": ".br", "gzip": ".gz"}
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html"}
# What belongs to the server: an unknown address below one of these is a mistake, not a screen.
_OURS = frozenset({"api", "assets", "health", "metrics", "pages", "setup", "status"})
_REFUSED = re.compile(r";\s*q=0(\.0*)?\s*$")

_ANY = [each for each in HttpMethod if each is not HttpMethod.OPTIONS]
_LOOKS = [HttpMethod.GET, HttpMethod.HEAD]

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True)
class Served:
    """A file with its compressed twins, by encoding; ``""`` is the plain one."""

    media_type: str
    etag: str
    bodies: Mapping[str, bytes]
    cache_control: str

    def response(self, request: AnyRequest) -> Response[bytes]:
        """The file in an encoding that the browser reads, or 304 if it has it."""
        headers = {
            "Cache-Control": self.cache_control,
            "ETag": self.etag,
            "Vary": "Accept-Encoding",
        }
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers)
        encoding = self._encoding(request.headers.get("accept-encoding", ""))
        if encoding:
            headers["Content-Encoding"] = encoding
        return Response(self.bodies[encoding], media_type=self.media_type, headers=headers)

    def _encoding(self, accepted: str) -> str:
        wanted = [each for each in accepted.lower().split(",") if not _REFUSED.search(each)]
        names = {each.partition(";")[0].strip() for each in wanted}
        return next((each for each in self.bodies if each and each in names), "")


def read(folder: Path) -> dict[str, Served]:
    """Every built file, by its path; empty if the console was not built.

    Raises:
        ValueError: a file is larger than ``FILE_BYTES_MAX``.
    """
    found = {}
    twins = tuple(_ENCODINGS.values())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in twins and not path.name.startswith("."):
            found[path.relative_to(folder).as_posix()] = _served(path, folder)
    return found if PAGE in found else {}


def _served(path: Path, folder: Path) -> Served:
    plain = path.read_bytes()
    if len(plain) > FILE_BYTES_MAX:
        raise ValueError(f"{path} has more than {FILE_BYTES_MAX} bytes")
    packed = {name: Path(f"{path}{suffix}") for name, suffix in _ENCODINGS.items()}
    bodies = {name: file.read_bytes() for name, file in packed.items() if file.is_file()}
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    is_hashed = path.relative_to(folder).parts[0] == "assets"
    return Served(
        media_type or "application/octet-stream",
        f'"{sha256(plain).hexdigest()[:16]}"',
        {**bodies, "": plain},
        _FOR_EVER if is_hashed else _ASK_AGAIN,
    )


def handlers(files: Mapping[str, Served]) -> tuple[HTTPRouteHandler, ...]:
    """The routes of the console, with the files that ``read`` found."""
    page = files[PAGE]

    @route("/", http_method=_LOOKS, include_in_schema=False)
    async def console_page(request: AnyRequest) -> Response[bytes]:
        return page.response(request)

    @route("/assets/{name:str}", http_method=_LOOKS, include_in_schema=False)
    async def console_asset(name: FromPath[str], request: AnyRequest) -> Response[bytes]:
        if (found := files.get(f"assets/{name}")) is None:
            raise NotFoundException
        return found.response(request)

    @route("/{screen:path}", http_method=_LOOKS, include_in_schema=False)
    async def console_screen(screen: FromPath[str], request: AnyRequest) -> Response[bytes]:
        path = screen.strip("/")
        if (found := files.get(path)) is not None:
            return found.response(request)
        is_page_wanted = "text/html" in request.headers.get("accept", "")
        if not is_page_wanted or path.partition("/")[0] in _OURS:
            raise NotFoundException
        return page.response(request)

    return console_page, console_asset, console_screen, *unknown_handlers()


def unknown_handlers() -> tuple[HTTPRouteHandler, ...]:
    """An unknown address below ``/api``: by the console's GET for any, it would be a 405."""

    @route(["/api/{unknown:path}"], http_method=_ANY, status_code=200, include_in_schema=False)
    async def unknown_interface(unknown: FromPath[str]) -> None:
        raise NotFoundException(f"there is nothing at /api{unknown}"[:200])

    return (unknown_interface,)
