"""Logs: a request only ever moves on, whatever a station says, how often and in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from chargeplane.csms.contract import Ask, Decision, Registration, Station
from chargeplane.csms.diagnostics import block, tables
from chargeplane.csms.diagnostics.service import LIFE
from chargeplane.csms.diagnostics.tables import LogRequest, listed
from chargeplane.csms.files import Files
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.domain.commands import (
    Accepted,
    GetLog,
    LogKind,
    NoAnswer,
    Outcome,
    Refused,
    Unsupported,
)
from chargeplane.domain.events import LogStatusChanged
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Store, new_id
from tests.csms.making import NOW, TENANT_ID, decided, heard, kept, station
from tests.csms.rest import client

FAMILIES = [Version.V1_6, Version.V2_1]


class Desk:
    """The block with the files, and one station."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.clock = SimulatedClock(NOW)
        self.files = Files(store, self.clock, folder, lambda _: None, "https://csms.example/api/v1")
        self.block = block(store, self.clock, self.files)

    async def asked(self, at: Station, **wanted: Any) -> Ask:
        family = self.block.commands_v1 if at.version is Version.V1_6 else self.block.commands_v2
        found: Any = family[GetLog](at, GetLog(**wanted))
        ask = await found
        assert isinstance(ask, Ask), ask
        return ask

    async def answered(self, ask: Ask, outcome: Outcome) -> None:
        assert ask.settle is not None
        await ask.settle(outcome)

    async def said(self, at: Station, status: str, request_id: int | None = None) -> Decision:
        """A station tells of an upload, in the words of its family."""
        v1 = at.version is Version.V1_6
        request: Request
        if v1 and request_id is None:
            plain = v16.DiagnosticsStatus(status)
            request = v16.DiagnosticsStatusNotificationRequest(status=plain)
        elif v1:
            request = v16.LogStatusNotificationRequest(
                status=v16.UploadLogStatusEnumType(status), request_id=request_id or 0
            )
        else:
            request = v21.LogStatusNotificationRequest(
                status=v21.UploadLogStatusEnumType(status), request_id=request_id or 0
            )
        handlers = self.block.v1 if v1 else self.block.v2
        return await kept(self.store, await decided(handlers[type(request)], heard(at, request)))

    async def rows(self, id_: str = "CP1") -> list[LogRequest]:
        look = partial(listed, tenant_id=TENANT_ID, station_id=id_, count_max=50)
        return await self.store.read(look)

    async def row(self) -> LogRequest:
        (row,) = await self.rows()
        return row


@pytest.fixture
async def desk(store: Store, tmp_path: Path) -> Desk:
    for name in ("CP1", "CP2"):
        known = Known(TENANT_ID, name, 1, None, Registration.ACCEPTED, 0)
        await store.write(Function(partial(register, known=known, now=NOW)))
    return Desk(store, tmp_path / "files")


def of(version: Version, id_: str = "CP1") -> Station:
    return station(version, id_)


@pytest.mark.parametrize("version", FAMILIES, ids=str)
async def test_both_families_are_asked_with_a_one_time_address_and_leave_the_same_row(
    desk: Desk, version: Version
) -> None:
    begun = datetime(2026, 11, 20, tzinfo=UTC)
    ask = await desk.asked(of(version), kind=LogKind.SECURITY, oldest_at=begun)
    request: Any = ask.request
    assert request.log.remote_location.startswith("https://csms.example/api/v1/transfers/")
    assert (request.log.oldest_timestamp, request.log_type.value) == (begun, "SecurityLog")
    row = await desk.row()
    assert (row.request_id, row.kind, row.state) == (request.request_id, "security", "asked")
    assert row.expires_at == NOW + LIFE
    module: Any = v16 if version is Version.V1_6 else v21
    good = module.GetLogResponse(status=module.LogStatusEnumType.ACCEPTED, filename="a.log")
    outcome = ask.read(good)
    assert isinstance(outcome, Accepted)
    assert outcome.response["log_id"] == str(row.id)
    await desk.answered(ask, outcome)
    told = await desk.said(of(version), "Uploaded", request.request_id)
    (event,) = told.events
    assert isinstance(event, LogStatusChanged)
    assert (event.log_id, event.state, event.kind) == (str(row.id), "uploaded", "security")
    row = await desk.row()
    assert (row.state, row.status, row.file_name) == ("uploaded", "Uploaded", "a.log")


async def test_get_diagnostics_of_1x_names_a_directory_and_no_request(desk: Desk) -> None:
    ask = await desk.asked(of(Version.V1_6), retries=1, retry_interval_s=30)
    request: Any = ask.request
    assert isinstance(request, v16.GetDiagnosticsRequest)
    assert request.location.endswith("/")
    assert (request.retries, request.retry_interval) == (1, 30)
    await desk.answered(ask, ask.read(v16.GetDiagnosticsResponse(file_name="d.txt")))
    await desk.said(of(Version.V1_6), "Uploading")
    row = await desk.row()
    assert (row.request_id, row.state, row.file_name) == (None, "uploading", "d.txt")
    nameless = ask.read(v16.GetDiagnosticsResponse())
    assert isinstance(nameless, Accepted)
    assert nameless.reason == "the station names no file: it may have nothing to send"


@pytest.mark.parametrize("version", FAMILIES, ids=str)
async def test_foreign_repeated_and_late_words_change_nothing(desk: Desk, version: Version) -> None:
    at, other = of(version), of(version, "CP2")
    ask = await desk.asked(at, kind=LogKind.SECURITY)
    request: Any = ask.request
    for status, foreign in (("Uploaded", request.request_id + 1), ("Uploading", 7)):
        assert (await desk.said(at, status, foreign)).rows == ()
    # Another station says it of the id that is not its own.
    assert (await desk.said(other, "Uploaded", request.request_id)).rows == ()
    assert (await desk.row()).state == "asked"
    for status in ("Uploaded", "Uploaded", "Uploading", "UploadFailure", "Idle"):
        await desk.said(at, status, request.request_id)
    assert (await desk.row()).state == "uploaded"
    assert await desk.rows("CP2") == []


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Refused(status="Rejected", reason="not now"), "refused"),
        (Unsupported(reason="NotSupported"), "unsupported"),
        (NoAnswer(reason="the station did not answer in time"), "unanswered"),
    ],
    ids=["refused", "unsupported", "unanswered"],
)
async def test_every_outcome_is_kept_with_its_reason(
    desk: Desk, outcome: Outcome, state: str
) -> None:
    ask = await desk.asked(of(Version.V2_1))
    await desk.answered(ask, outcome)
    row = await desk.row()
    assert (row.state, row.reason) == (state, outcome.reason)


async def test_a_word_that_overtakes_the_answer_stays(desk: Desk) -> None:
    at = of(Version.V2_1)
    ask = await desk.asked(at)
    request: Any = ask.request
    await desk.said(at, "Uploading", request.request_id)
    await desk.answered(ask, NoAnswer(reason="the connection has ended"))
    row = await desk.row()
    assert (row.state, row.status, row.reason) == ("uploading", "Uploading", None)


async def test_what_a_version_has_not_is_known_before_anything_is_sent(desk: Desk) -> None:
    wanted = GetLog(kind=LogKind.DATA_COLLECTOR)
    for at in (of(Version.V1_6), of(Version.V2_0_1)):
        family = desk.block.commands_v1 if at.version is Version.V1_6 else desk.block.commands_v2
        found: Any = family[GetLog](at, wanted)
        assert isinstance(await found, Unsupported)
    wrong = GetLog(oldest_at=NOW, latest_at=NOW - timedelta(hours=1))
    found = desk.block.commands_v2[GetLog](of(Version.V2_1), wrong)
    assert await found == Unsupported(reason="latest_at is before oldest_at")
    assert await desk.rows() == []


async def test_without_an_address_of_our_own_nothing_is_asked(desk: Desk, tmp_path: Path) -> None:
    mute = Files(desk.store, desk.clock, tmp_path, lambda _: None)
    found: Any = block(desk.store, desk.clock, mute).commands_v2[GetLog](of(Version.V2_1), GetLog())
    refused = await found
    assert isinstance(refused, Unsupported)
    assert "public_url" in refused.reason


async def test_the_oldest_requests_of_a_station_go_first(desk: Desk) -> None:
    def request(id_: UUID) -> LogRequest:
        return LogRequest(
            TENANT_ID, id_, "CP1", "security", 1, None, None, "asked", None, None, None, new_id(),
            NOW, NOW, NOW,
        )  # fmt: skip

    ids = [new_id() for _ in range(5)]
    for id_ in ids:
        work = partial(tables.add, request=request(id_), keep_max=3)
        await desk.store.write(Function(work))
    assert [row.id for row in await desk.rows()] == ids[:1:-1]


async def test_an_upload_whose_time_is_over_is_shown_as_expired(desk: Desk) -> None:
    await desk.asked(of(Version.V2_1))
    async with client(desk.store, *desk.block.routes) as rest:
        assert (await shown(rest))["state"] == "asked"
        await desk.clock.advance(LIFE.total_seconds())
        assert (await shown(rest))["state"] == "expired"
        assert (await rest.get("/stations/CP2/logs")).json()["items"] == []


async def shown(rest: httpx.AsyncClient) -> Any:
    (row,) = (await rest.get("/stations/CP1/logs")).json()["items"]
    assert (await rest.get(f"/stations/CP1/logs/{row['id']}")).json() == row
    assert (await rest.get(f"/stations/CP1/logs/{row['id']}/content")).status_code == 404
    assert (await rest.get(f"/stations/CP2/logs/{row['id']}")).status_code == 404
    return row
