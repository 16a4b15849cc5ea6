"""One-time addresses: who has one sends or fetches one file, and nobody does anything else."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Connection

from chargeplane.csms.contract import Notice, Registration
from chargeplane.csms.files import FileFault, Files, Tidying
from chargeplane.csms.files.api import routes
from chargeplane.csms.files.service import LIFE_MAX, UPLOAD_BYTES_MAX, USES_MAX, TooLarge, Unknown
from chargeplane.csms.files.tables import listed, prune
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Store, new_id
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

LOG = b"a line of a log\n" * 1_000


class Desk:
    """The service, its folder, and what it notices."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.clock = SimulatedClock(NOW)
        self.notices: list[Notice] = []
        self.files = Files(store, self.clock, folder, self.notices.append)

    async def upload(self, **more: Any) -> str:
        _, token = await self.files.grant_upload(TENANT_ID, "CP1", "log", **more)
        return token

    @property
    def kept(self) -> list[str]:
        return [each.name for each in self.folder.iterdir()] if self.folder.exists() else []


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for each in chunks:
        yield each


@pytest.fixture
async def desk(sqlite_store: Store, tmp_path: Path) -> Desk:
    for name in ("CP1", "CP2"):
        known = Known(TENANT_ID, name, 1, None, Registration.ACCEPTED, 0)
        await sqlite_store.write(Function(partial(register, known=known, now=NOW)))
    return Desk(sqlite_store, tmp_path / "files")


@pytest.fixture
async def rest(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with client(desk.store, routes(desk.files)) as rest:
        yield rest


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_station_sends_one_file_and_people_read_it(
    rest: httpx.AsyncClient, method: str
) -> None:
    made = await rest.post("/stations/CP1/upload-addresses", json={"purpose": "log"})
    assert made.status_code == 201
    path = made.json()["path"]
    sent = await rest.request(method, path, content=LOG, headers={"Authorization": ""})
    assert sent.status_code == 201
    (row,) = (await rest.get("/stations/CP1/files")).json()["items"]
    assert (row["uses_left"], row["size_bytes"]) == (0, len(LOG))
    assert row["sha256"] == hashlib.sha256(LOG).hexdigest()
    assert path.partition("/")[2] not in str(row)  # nobody sees the address again
    shown = await rest.get(f"/stations/CP1/files/{row['id']}/content")
    assert shown.content == LOG
    assert shown.headers["content-disposition"].startswith("attachment")
    assert (await rest.get(f"/stations/CP2/files/{row['id']}/content")).status_code == 404


async def test_an_address_counts_once_and_a_second_try_is_noted(
    desk: Desk, rest: httpx.AsyncClient
) -> None:
    token = await desk.upload()
    assert (await rest.put(f"/transfers/{token}", content=LOG)).status_code == 201
    again = await rest.put(f"/transfers/{token}", content=b"other")
    assert again.status_code == 404
    assert [(each.station_id, each.type) for each in desk.notices] == [
        ("CP1", "FileAddressReplayed")
    ]
    (name,) = desk.kept
    assert (desk.folder / name).read_bytes() == LOG


async def test_all_that_is_wrong_with_an_address_is_answered_alike(
    desk: Desk, rest: httpx.AsyncClient
) -> None:
    used, expired, changed = await desk.upload(), await desk.upload(), await desk.upload()
    _, download = await desk.files.grant_download(TENANT_ID, "CP1", "firmware", b"image")
    await rest.put(f"/transfers/{used}", content=b"x")
    await desk.clock.advance(3_601)
    changed = changed[:-2] + ("AA" if changed[-2:] != "AA" else "BB")
    answers = set()
    for token in (used, expired, changed, download, "x", "x" * 500, "é", used[:40]):
        answer = await rest.put(f"/transfers/{token}", content=b"x")
        answers.add((answer.status_code, answer.json()["detail"]))
    answers.add(((await rest.get(f"/transfers/{used}")).status_code, *answers.copy().pop()[1:]))
    assert len(answers) == 1
    assert answers.pop()[0] == 404


async def test_a_file_that_is_too_large_leaves_nothing_and_the_address_still_counts(
    desk: Desk, rest: httpx.AsyncClient
) -> None:
    token = await desk.upload(size_bytes_max=10)
    assert (await rest.put(f"/transfers/{token}", content=b"x" * 11)).status_code == 413
    assert desk.kept == []
    assert (await rest.put(f"/transfers/{token}", content=b"x" * 10)).status_code == 201


async def test_a_transfer_that_breaks_off_gives_its_use_back(desk: Desk) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    token = await desk.upload()
    with pytest.raises(ConnectionResetError):
        await desk.files.receive(token, broken(), "127.0.0.1")
    assert desk.kept == []
    grant = await desk.files.receive(token, pieces(b"half", b" and half"), "127.0.0.1")
    assert grant.size_bytes == 13


async def test_of_two_at_the_same_moment_one_gets_it(desk: Desk) -> None:
    token = await desk.upload()
    results = await asyncio.gather(
        *(desk.files.receive(token, pieces(b"%d" % n), "127.0.0.1") for n in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Unknown) for each in results) == 7


async def test_a_download_may_be_fetched_as_often_as_was_granted(
    desk: Desk, rest: httpx.AsyncClient
) -> None:
    _, token = await desk.files.grant_download(TENANT_ID, "CP1", "firmware", b"image", uses=2)
    answers = [await rest.get(f"/transfers/{token}") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 404]
    assert answers[1].content == b"image"


async def test_bounds_are_kept(desk: Desk) -> None:
    for wrong in (
        {"size_bytes_max": UPLOAD_BYTES_MAX + 1},
        {"size_bytes_max": 0},
        {"life": LIFE_MAX + timedelta(seconds=1)},
        {"uses": USES_MAX + 1},
    ):
        with pytest.raises(FileFault):
            await desk.upload(**wrong)
    with pytest.raises(FileFault, match="no station"):
        await desk.files.grant_upload(TENANT_ID, "CP9", "log")
    with pytest.raises(FileFault):
        await desk.files.grant_download(TENANT_ID, "CP1", "firmware", b"")


async def test_nothing_that_opens_an_address_is_in_the_database(desk: Desk) -> None:
    token = await desk.upload()
    look = partial(listed, tenant_id=TENANT_ID, station_id="CP1", count_max=9)
    (grant,) = await desk.store.read(look)
    assert token not in str(grant)
    forged = token[:42] + grant.token_hash
    with pytest.raises(Unknown):
        await desk.files.receive(forged, pieces(b"x"), "127.0.0.1")


async def test_the_oldest_grants_of_a_station_go_first(desk: Desk) -> None:
    for _ in range(5):
        await desk.upload()
    work = partial(prune, tenant_id=TENANT_ID, station_id="CP1", keep_max=2)
    gone: list[UUID] = await desk.store.write(Function(work))
    look = partial(listed, tenant_id=TENANT_ID, station_id="CP1", count_max=9)
    left = await desk.store.read(look)
    assert (len(gone), len(left)) == (3, 2)
    assert max(gone) < min(each.id for each in left)


async def test_only_so_many_transfers_are_under_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeplane.csms.files.service.TRANSFERS_MAX", 0)
    with pytest.raises(TooLarge):
        await desk.files.receive(await desk.upload(), pieces(b"x"), "127.0.0.1")


async def test_a_directory_takes_one_file_by_whatever_name(
    desk: Desk, rest: httpx.AsyncClient
) -> None:
    for method in ("PUT", "POST"):
        path = f"/transfers/{await desk.upload()}/log.txt"
        assert (await rest.request(method, path, content=LOG)).status_code == 201
        assert (await rest.request(method, path, content=LOG)).status_code == 404


async def test_a_kept_file_is_fetched_by_many_and_lies_here_once(
    desk: Desk, rest: httpx.AsyncClient
) -> None:
    files = Files(
        desk.store, desk.clock, desk.folder, desk.notices.append, "http://testserver/api/v1"
    )
    kept = await files.shelf.keep(pieces(b"half", b" and half"), 100)
    assert (kept.size_bytes, kept.sha256) == (13, hashlib.sha256(b"half and half").hexdigest())
    for name in ("CP1", "CP2"):
        address = await files.download_address(
            TENANT_ID, name, "firmware", kept.name, life=LIFE_MAX, uses=1
        )
        got = await rest.get(address.url)
        assert (got.content, got.headers["content-length"]) == (b"half and half", "13")
        assert (await rest.get(address.url)).status_code == 404
    assert desk.kept == ["kept"]
    await files.shelf.drop(kept.name)
    with pytest.raises(FileFault, match="not here"):
        await files.download_address(TENANT_ID, "CP1", "f", kept.name, life=LIFE_MAX, uses=1)
    with pytest.raises(TooLarge):
        await files.shelf.keep(pieces(b"x" * 11), 10)
    assert [*(desk.folder / "kept").iterdir()] == []


async def test_a_fetch_that_breaks_off_gives_its_use_back(desk: Desk) -> None:
    _, token = await desk.files.grant_download(TENANT_ID, "CP1", "firmware", b"image" * 50_000)
    _, content = await desk.files.fetch(token, "127.0.0.1")
    assert await anext(content)
    await content.aclose()
    size_bytes, content = await desk.files.fetch(token, "127.0.0.1")
    assert size_bytes == len(b"".join([piece async for piece in content]))
    with pytest.raises(Unknown):
        await desk.files.fetch(token, "127.0.0.1")


async def test_old_files_and_those_beyond_the_bound_go(desk: Desk) -> None:
    tidying = Tidying(
        desk.store, desk.clock, desk.folder, kept_for=timedelta(days=2), station_bytes_max=25
    )
    for number in range(4):
        await desk.files.receive(await desk.upload(), pieces(b"%010d" % number), "127.0.0.1")
    await desk.files.grant_upload(TENANT_ID, "CP2", "log", life=timedelta(days=9))
    assert await tidying.once() == 2
    assert {(desk.folder / name).read_bytes() for name in desk.kept} == {
        b"0000000002",
        b"0000000003",
    }
    await desk.clock.advance(3 * 86_400)
    assert await tidying.once() == 2  # the address that still counts stays
    assert desk.kept == []
    assert await tidying.once() == 0


async def test_files_that_no_row_names_go_after_a_day(desk: Desk) -> None:
    def kept(connection: Connection, tenant_id: UUID, names: list[str]) -> set[str]:
        return {image} & set(names) if tenant_id == TENANT_ID else set()

    await desk.files.receive(await desk.upload(), pieces(LOG), "127.0.0.1")
    log = desk.kept
    image = (await desk.files.keep(pieces(b"image"), 100)).name
    await desk.files.keep(pieces(b"image of a tenant that is gone"), 100)
    for name in (str(new_id()), f"{new_id()}.part"):
        (desk.folder / name).write_bytes(b"of a tenant that is gone, or of a crash")
    now_s = desk.clock.now().timestamp()
    for path in (*desk.folder.iterdir(), *desk.files.shelf.folder.iterdir()):
        os.utime(path, (now_s, now_s))
    tidying = Tidying(desk.store, desk.clock, desk.folder, (desk.files.shelf.folder, kept))
    assert await tidying.once() == 0  # they may be on their way
    await desk.clock.advance(86_401)
    assert await tidying.once() == 3
    assert sorted(desk.kept) == sorted([*log, desk.files.shelf.folder.name])
    assert [path.name for path in desk.files.shelf.folder.iterdir()] == [image]
    assert await tidying.once() == 0
