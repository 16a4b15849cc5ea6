"""The routes of files: addresses for stations, which need no token, and what people see of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import Request, Response, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from msgspec import Meta, Struct

from chargeplane.csms.files import tables
from chargeplane.csms.files.service import FileFault, Files, TooLarge, Unknown
from chargeplane.csms.files.tables import Grant
from chargeplane.csms.inventory import is_station
from chargeplane.runtime.rest import (
    PUBLIC,
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)
from chargeplane.runtime.store import Store

__all__ = ["routes"]

AnyRequest = Request[Principal | None, str | None, State]
_BINARY = "application/octet-stream"


class FileView(Struct, frozen=True):
    """A one-time address, and the file that came or went by it. The address itself is not kept."""

    id: UUID
    station_id: str
    direction: str
    """upload or download."""
    purpose: str
    uses_left: int
    size_bytes_max: int
    size_bytes: int | None
    sha256: str | None
    remote_host: str | None
    created_at: datetime
    expires_at: datetime
    done_at: datetime | None


class UploadWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A file that a station shall send."""

    purpose: Annotated[str, Meta(min_length=1, max_length=50)]
    size_bytes_max: Annotated[int, Meta(ge=1)] = 16 << 20
    life_s: Annotated[int, Meta(ge=1)] = 3600


class Address(Struct, frozen=True):
    """Where a station sends a file. It is shown this once."""

    id: UUID
    path: str
    """Below the address of this interface; PUT or POST."""
    expires_at: datetime


@put(
    "/transfers/{transfer:str}",
    opt=PUBLIC,
    status_code=201,
    request_max_body_size=None,
    summary="Send a file",
)
async def send_file(transfer: FromPath[str], request: AnyRequest, files: Injected[Files]) -> None:
    """For stations, at an address that was made for this one file."""
    await _receive(transfer, request, files)


@post(
    "/transfers/{transfer:str}",
    opt=PUBLIC,
    status_code=201,
    request_max_body_size=None,
    summary="Send a file by POST",
)
async def post_file(transfer: FromPath[str], request: AnyRequest, files: Injected[Files]) -> None:
    """As PUT; some stations know no other method."""
    await _receive(transfer, request, files)


@put(
    "/transfers/{transfer:str}/{file_name:str}",
    opt=PUBLIC,
    status_code=201,
    request_max_body_size=None,
    summary="Send a file into a directory",
)
async def send_named_file(
    transfer: FromPath[str], file_name: FromPath[str], request: AnyRequest, files: Injected[Files]
) -> None:
    """As without a name: 1.x is given a directory, and puts the name of the file behind it."""
    await _receive(transfer, request, files)


@post(
    "/transfers/{transfer:str}/{file_name:str}",
    opt=PUBLIC,
    status_code=201,
    request_max_body_size=None,
    summary="Send a file into a directory by POST",
)
async def post_named_file(
    transfer: FromPath[str], file_name: FromPath[str], request: AnyRequest, files: Injected[Files]
) -> None:
    """As PUT; some stations know no other method."""
    await _receive(transfer, request, files)


@get("/transfers/{transfer:str}", opt=PUBLIC, media_type=_BINARY, summary="Fetch a file")
async def fetch_file(
    transfer: FromPath[str], request: AnyRequest, files: Injected[Files]
) -> Stream:
    """For stations, at an address that was made for this one file."""
    try:
        size_bytes, content = await files.fetch(transfer, _host(request))
    except (Unknown, TooLarge) as error:
        raise _nothing() from error
    headers = {"Cache-Control": "no-store", "Content-Length": str(size_bytes)}
    return Stream(content, media_type=_BINARY, headers=headers)


@post(
    "/stations/{station_id:str}/upload-addresses",
    guards=[requires("stations:write")],
    status_code=201,
    summary="Make an address for an upload",
)
async def make_upload_address(
    station_id: FromPath[str],
    data: JSONBody[UploadWanted],
    files: Injected[Files],
    store: Injected[Store],
    principal: Injected[Principal],
) -> Address:
    """For a station to send one file to, once."""
    known = partial(is_station, tenant_id=principal.tenant_id, station_id=station_id)
    if not await store.read(known):
        raise Problem.not_found("station", station_id)
    try:
        grant, token = await files.grant_upload(
            principal.tenant_id,
            station_id,
            data.purpose,
            life=timedelta(seconds=min(data.life_s, 10**9)),
            size_bytes_max=data.size_bytes_max,
        )
    except FileFault as fault:
        raise Problem.of_field("size_bytes_max", str(fault)) from fault
    return Address(grant.id, f"transfers/{token}", grant.expires_at)


@get(
    "/stations/{station_id:str}/files",
    guards=[requires("stations:read")],
    summary="List files of a station",
)
async def list_files(
    station_id: FromPath[str],
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
) -> Page[FileView]:
    """What it was to send and to fetch, the latest first."""
    look = partial(
        tables.listed,
        tenant_id=principal.tenant_id,
        station_id=station_id,
        count_max=page.fetch_max,
        before=page.after(UUID),
    )
    return page.of(await store.read(look), _view, key=lambda each: each.id)


@get(
    "/stations/{station_id:str}/files/{file_id:uuid}/content",
    guards=[requires("stations:read")],
    media_type=_BINARY,
    summary="Get a file of a station",
)
async def show_file(
    station_id: FromPath[str],
    file_id: FromPath[UUID],
    files: Injected[Files],
    store: Injected[Store],
    principal: Injected[Principal],
) -> Response[bytes]:
    """What it has sent, as it is. Nothing in it is to be trusted."""
    look = partial(tables.grants.one, tenant_id=principal.tenant_id, id_=file_id)
    grant = await store.read(look)
    if grant is None or grant.station_id != station_id:
        raise Problem.not_found("file", file_id)
    try:
        content = await files.content(grant)
    except Unknown as error:
        raise Problem.not_found("file", file_id) from error
    shown = {"Content-Disposition": f'attachment; filename="{grant.id}.bin"'}
    return Response(content, media_type=_BINARY, headers=shown)


def routes(files: Files) -> Routes:
    """Everything about files."""
    handlers = (
        send_file, post_file, send_named_file, post_named_file, fetch_file,
        make_upload_address, list_files, show_file,
    )  # fmt: skip
    return Routes("Files", handlers, {"files": files})


async def _receive(token: str, request: AnyRequest, files: Files) -> None:
    try:
        await files.receive(token, request.stream(), _host(request))
    except Unknown as error:
        raise _nothing() from error
    except TooLarge as error:
        raise Problem("too-large", 413, "Too large", str(error)) from error


def _nothing() -> Problem:
    """The same for all that is wrong, with no word about what is wrong."""
    return Problem.not_found("address", "this one")


def _host(request: AnyRequest) -> str:
    return request.client.host if request.client else ""


def _view(grant: Grant) -> FileView:
    names = (each for each in FileView.__struct_fields__)
    return FileView(*(getattr(grant, name) for name in names))
