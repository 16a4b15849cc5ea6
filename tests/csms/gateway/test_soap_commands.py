"""Commands to SOAP stations: to their own service, with an outcome like any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import pytest

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Decision, Handler, Heard, NotConnected
from chargeplane.domain.commands import (
    Accepted,
    Command,
    NoAnswer,
    Outcome,
    Raw,
    Refused,
    Reset,
    ResetType,
    UnlockConnector,
    Unsupported,
)
from chargeplane.ocpp import v16
from chargeplane.ocpp.codec import build
from chargeplane.ocpp.errors import ErrorCode, RemoteError
from chargeplane.ocpp.frames import Limits
from chargeplane.ocpp.soap import CONTENT_TYPE, compress, fault_envelope, parse_envelope
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import Request, Response
from chargeplane.runtime.store import Store, StoreError
from tests.csms.gateway.soap_station import SoapSite, SoapStation, serving
from tests.csms.making import NOW, TENANT_ID
from tests.waiting import until

RESET = Reset(type=ResetType.ON_IDLE)


@pytest.fixture
async def station(site: SoapSite) -> AsyncIterator[SoapStation]:
    """A 1.6 station that has been heard."""
    async with serving(site.port, "S1") as station:
        await station.ask("Heartbeat", {})
        yield station


async def test_what_a_station_says_first_is_answered_before_it_is_asked(
    site: SoapSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some stations get stuck if anything comes before the answer to their boot."""
    decision: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
    handlers: dict[Any, Handler] = {**site.gateway.dispatcher._handlers}
    monkeypatch.setattr(site.gateway.dispatcher, "_handlers", handlers)

    def slow(_: Heard) -> asyncio.Future[Decision]:
        return decision

    handlers[v16.HeartbeatRequest] = slow
    async with serving(site.port, "S1") as station:
        station.answers["Reset"] = {"status": "Accepted"}
        saying = asyncio.create_task(station.ask("Heartbeat", {}))
        await until(lambda: site.is_connected("S1"))
        asking = asyncio.create_task(send(site))
        await asyncio.sleep(0.1)
        asked = [*station.asked]
        decision.set_result(Decision(v16.HeartbeatResponse(current_time=NOW)))
        await saying
        assert isinstance(await asking, Accepted)
    assert asked == []


async def send(site: SoapSite, command: Command = RESET) -> Outcome:
    async with asyncio.timeout(10):
        return await site.desk(TENANT_ID, "S1", command)


@pytest.mark.parametrize("version", [Version.V1_2, Version.V1_5, Version.V1_6], ids=str)
async def test_a_command_goes_out_and_its_answer_comes_in(
    site: SoapSite, sqlite_store: Store, version: Version
) -> None:
    async with serving(site.port, "S1", version) as station:
        station.answers["Reset"] = {"status": "Accepted"}
        await station.ask("Heartbeat", {})
        outcome = await send(site)
    assert outcome == Accepted(status="Accepted", response={"status": "Accepted"})
    (asked,) = station.asked
    assert (asked.version, asked.charge_box_identity, asked.to) == (version, "S1", station.address)
    assert asked.payload == {"type": "Soft"}
    assert not asked.remarks - {"from_missing"}
    rows = await site.recorded()
    assert [row.direction for row in rows] == ["in", "out", "out", "in"]
    assert rows[2].message_id == rows[3].message_id == asked.message_id
    assert "resetResponse" in rows[3].text


async def test_a_refusal_is_an_outcome(site: SoapSite, station: SoapStation) -> None:
    station.answers["Reset"] = {"status": "Rejected"}
    assert await send(site) == Refused(status="Rejected", response={"status": "Rejected"})


async def test_a_raw_message_goes_out_as_it_is(site: SoapSite, station: SoapStation) -> None:
    station.answers["GetConfiguration"] = {"unknownKey": ["x"]}
    outcome = await send(site, Raw(action="GetConfiguration", payload={"key": ["x"]}))
    assert isinstance(outcome, Accepted)
    assert outcome.response == {"unknownKey": ["x"]}


async def test_a_password_does_not_reach_the_flight_recorder(
    site: SoapSite, station: SoapStation, sqlite_store: Store
) -> None:
    station.answers["ChangeConfiguration"] = {"status": "Accepted"}
    payload = {"key": "AuthorizationKey", "value": "a secret of the station"}
    await send(site, Raw(action="ChangeConfiguration", payload=payload))
    assert station.asked[0].payload == payload
    texts = [each.text for each in await site.recorded()]
    assert any("AuthorizationKey" in each for each in texts)
    assert not any("a secret" in each for each in texts)


async def test_what_soap_does_not_have_is_unsupported(site: SoapSite, station: SoapStation) -> None:
    outcome = await send(
        site,
        Raw(
            action="GetLog",
            payload={
                "logType": "SecurityLog",
                "requestId": 1,
                "log": {"remoteLocation": "ftp://x"},
            },
        ),
    )
    assert isinstance(outcome, Unsupported)
    assert not station.asked


async def test_who_was_never_heard_is_not_connected(site: SoapSite) -> None:
    with pytest.raises(NotConnected):
        await send(site)


async def test_a_compressed_answer_is_read(site: SoapSite, station: SoapStation) -> None:
    async def compressed(request: Request) -> Response:
        assert "gzip" in (request.headers.get("Accept-Encoding") or "")
        body = _answer(station, request, {"status": "Accepted"})
        coding = (("Content-Encoding", "gzip"),)
        return Response(HTTPStatus.OK, compress(body, "gzip"), CONTENT_TYPE, coding)

    station.answers["Reset"] = compressed
    assert isinstance(await send(site), Accepted)


def _answer(station: SoapStation, request: Request, payload: dict[str, Any]) -> bytes:
    envelope = parse_envelope(request.body)
    assert envelope.action is not None
    assert envelope.action.response is not None
    return station.answer(envelope, build(envelope.action.response, payload))


async def test_a_fault_is_a_refusal_or_says_that_something_is_lacking(
    site: SoapSite, station: SoapStation
) -> None:
    def fault(code: ErrorCode) -> Response:
        body = fault_envelope(RemoteError(code, "so it is"), relates_to=None, message_id="urn:1")
        return Response(HTTPStatus.INTERNAL_SERVER_ERROR, body, CONTENT_TYPE)

    station.answers["Reset"] = fault(ErrorCode.SECURITY_ERROR)
    outcome = await send(site)
    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.reason) == ("SecurityError", "so it is")
    station.answers["Reset"] = fault(ErrorCode.NOT_SUPPORTED)
    assert isinstance(await send(site), Unsupported)


NONSENSE = {
    "a page": Response(HTTPStatus.NOT_FOUND, b"<html>not here</html>"),
    "nothing": Response(HTTPStatus.OK, b""),
    "too much": Response(HTTPStatus.OK, b" " * 300_000),
    "bomb": Response(
        HTTPStatus.OK, compress(b" " * 5_000_000, "gzip"), "x", (("Content-Encoding", "gzip"),)
    ),
    "redirect": Response(HTTPStatus.FOUND, b"", "x", (("Location", "http://127.0.0.1:1/"),)),
}


@pytest.mark.parametrize("response", NONSENSE.values(), ids=NONSENSE.keys())
async def test_nonsense_is_no_answer(
    site: SoapSite, station: SoapStation, response: Response
) -> None:
    station.answers["Reset"] = response
    outcome = await send(site)
    assert isinstance(outcome, NoAnswer)
    assert (outcome.reason or "").startswith("the answer cannot be read")
    assert len(station.asked) == 1
    station.answers["Reset"] = {"status": "Accepted"}
    assert isinstance(await send(site), Accepted)


async def test_the_answer_to_something_else_is_no_answer(
    site: SoapSite, station: SoapStation
) -> None:
    async def other(request: Request) -> Response:
        unlock = request.body.replace(b"resetRe", b"clearCacheRe").replace(
            b"Request>", b"Response>"
        )
        return Response(HTTPStatus.OK, unlock, CONTENT_TYPE)

    station.answers["Reset"] = other
    outcome = await send(site)
    assert isinstance(outcome, NoAnswer)
    assert "is no answer to the request" in (outcome.reason or "")


async def test_a_silent_station_has_its_time_and_no_more(
    site: SoapSite, station: SoapStation
) -> None:
    go_on = asyncio.Event()

    async def silent(request: Request) -> Response:
        await go_on.wait()
        return Response(HTTPStatus.OK, _answer(station, request, {"status": "Accepted"}))

    site.gateway.limits = Limits(call_timeout_s=0.1)
    station.answers["Reset"] = silent
    assert await send(site) == NoAnswer(reason="the station did not answer in time")
    go_on.set()


async def test_one_request_is_under_way_at_a_time(site: SoapSite, station: SoapStation) -> None:
    go_on, under_way, most = asyncio.Event(), 0, 0

    async def slow(request: Request) -> Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await go_on.wait()
        under_way -= 1
        body = _answer(station, request, {"status": "Accepted"})
        return Response(HTTPStatus.OK, body, CONTENT_TYPE)

    site.gateway.limits = Limits(calls_waiting_max=2)
    station.answers["Reset"] = slow
    sending = [asyncio.create_task(send(site)) for _ in range(4)]
    await asyncio.wait_for(station.heard.wait(), 5)
    (refused,), _ = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    assert refused.result() == NoAnswer(reason="it was not sent: too many requests wait to be sent")
    go_on.set()
    outcomes = await asyncio.gather(*sending)
    assert sum(isinstance(each, Accepted) for each in outcomes) == 3
    assert (most, len(station.asked)) == (1, 3)


async def test_a_station_that_does_not_listen_cannot_be_asked(
    site: SoapSite, station: SoapStation
) -> None:
    station.address = "http://127.0.0.1:1/"
    await station.ask("Heartbeat", {})
    assert await send(site) == NoAnswer(reason="the connection has ended; it was not sent")


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("http://10.0.0.9:8080/", "other-host"),
        ("http://169.254.169.254/latest/meta-data", "other-host"),
        ("http://localhost:8080/", "host-name"),
        ("http://user@127.0.0.1/", "malformed"),
    ],
)
async def test_a_station_cannot_make_us_call_somebody_else(
    site: SoapSite, station: SoapStation, address: str, slug: str
) -> None:
    station.address = address
    await station.ask("Heartbeat", {})
    outcome = await send(site)
    assert isinstance(outcome, NoAnswer)
    assert (outcome.reason or "").startswith("it was not sent: the station")
    assert site.gateway.meter.calls_refused == {slug: 1}


async def test_nobody_is_called_while_the_store_does_not_say_where(
    site: SoapSite, station: SoapStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Any) -> Any:
        raise StoreError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(site.gateway.store, "read", away)
        outcome = await send(site)
    assert isinstance(outcome, NoAnswer)
    assert (outcome.reason or "").endswith("cannot be read: the database is away")
    assert not station.asked
    station.answers["Reset"] = {"status": "Accepted"}
    assert isinstance(await send(site), Accepted)


async def test_by_default_nothing_on_this_machine_is_called(soap_central: CentralSystem) -> None:
    site = SoapSite(soap_central, loopback_allowed=False)
    port = await soap_central.listen("127.0.0.1", 0)
    async with serving(port, "S1") as station:
        await station.ask("Heartbeat", {})
        outcome = await send(site)
        assert not station.asked
    assert isinstance(outcome, NoAnswer)
    assert site.gateway.meter.calls_refused == {"loopback": 1}


async def test_a_station_that_has_not_said_where_it_listens_is_here_all_the_same(
    site: SoapSite, station: SoapStation
) -> None:
    site.stations.disconnect(TENANT_ID, "S1", "anew")
    station.address = None
    await station.ask("Heartbeat", {})
    outcome = await send(site, UnlockConnector(evse_id=1))
    assert outcome == NoAnswer(reason="it was not sent: the station has not said where it listens")


async def test_a_reply_to_may_be_the_address(site: SoapSite, station: SoapStation) -> None:
    site.stations.disconnect(TENANT_ID, "S1", "anew")
    address, station.address = station.address, None
    body = station.envelope("Heartbeat", {})
    anonymous = b"http://www.w3.org/2005/08/addressing/anonymous"
    assert address is not None
    assert (await station.post(body.replace(anonymous, address.encode()))).status_code == 200
    station.answers["Reset"] = {"status": "Accepted"}
    assert isinstance(await send(site), Accepted)


async def test_what_is_asked_belongs_to_the_epoch_in_which_it_was_asked(
    site: SoapSite, station: SoapStation
) -> None:
    async def leaving(request: Request) -> Response:
        site.stations.disconnect(TENANT_ID, "S1", "gone")
        return Response(
            HTTPStatus.OK, _answer(station, request, {"status": "Accepted"}), CONTENT_TYPE
        )

    station.answers["Reset"] = leaving
    assert await send(site) == NoAnswer(reason="the connection has ended")
