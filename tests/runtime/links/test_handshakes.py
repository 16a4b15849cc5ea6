"""Good and bad upgrade requests, byte for byte."""

import asyncio
from http import HTTPStatus

import pytest

from chargeplane.runtime.links import (
    Accept,
    Attempt,
    LinkSettings,
    ListenerSettings,
    Refuse,
    Transport,
)
from tests.runtime.links.harness import ACCEPT, TEXT, frame, site, upgrade
from tests.waiting import until


async def admit_by_name(attempt: Attempt) -> Accept | Refuse:
    await asyncio.sleep(0)
    match attempt.identity:
        case None:
            # Some stations have no identity in their path (quirks, row 1); who they are, their
            # credentials or their address may tell.
            return Accept("nameless", default_subprotocol="ocpp1.6")
        case "stranger":
            return Refuse(HTTPStatus.NOT_FOUND, reason="unknown")
        case "intruder":
            return Refuse(headers=(("WWW-Authenticate", 'Basic realm="ocpp"'),))
        case "busy":
            return Refuse(HTTPStatus.TOO_MANY_REQUESTS, (("Retry-After", "7"),))
        case identity:
            return Accept(identity)


GOOD = {
    "plain": upgrade(),
    "no path in front": upgrade("/CP1"),
    "any path in front": upgrade("/a/b//c/CP1?x=/y"),
    "a whole URL as target": upgrade("ws://localhost/ocpp/CP1"),
    "keep-alive beside Upgrade": upgrade(connection="keep-alive, Upgrade"),
    "other letter case": upgrade(connection="UPGRADE", upgrade="WebSocket"),
    "an extension nobody knows": upgrade(sec_websocket_extensions="x-webkit-deflate-frame"),
    "no Host": upgrade(host=""),
    "no Connection, repaired": upgrade(connection=""),
    "Connection without Upgrade, repaired": upgrade(connection="keep-alive"),
    "no identity, known otherwise": upgrade("/", sec_websocket_protocol=""),
}

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BAD = {
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
    "HTTP/2": (b"GET /CP1 HTTP/2.0\r\n\r\n", 400),
    "HTTP/1.0": (upgrade().replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    "lower-case method": (upgrade().replace(b"GET", b"get"), 400),
    "space in the path": (upgrade("/ocpp/CP 1"), 400),
    "folded header": (upgrade(x_a="1\r\n folded"), 400),
    "space before the colon": (upgrade().replace(b"host:", b"host :"), 400),
    "header without colon": (upgrade().replace(b"host: localhost", b"host"), 400),
    "control character in a header": (upgrade(x_a="a\x00b"), 400),
    "bare line feeds": (upgrade().replace(b"\r\n", b"\n") + b"\r\n\r\n", 400),
    "no key": (upgrade(sec_websocket_key=""), 400),
    "short key": (upgrade(sec_websocket_key="AAAA"), 400),
    "key that is not base64": (upgrade(sec_websocket_key="!" * 24), 400),
    "key with letters beyond ASCII": (upgrade(sec_websocket_key="\xe9" * 24), 400),
    "two keys": (upgrade(x_a="1\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=="), 400),
    "nothing offered": (upgrade(sec_websocket_protocol=""), 400),
    "too much offered": (upgrade(sec_websocket_protocol=",".join(map(str, range(17)))), 400),
    "refused": (upgrade("/ocpp/intruder"), 401),
    "a browser": (upgrade(origin="https://example.com", user_agent=FIREFOX), 403),
    "the page of another host": (upgrade(origin="https://example.com"), 403),
    "the page of another host with a port": (upgrade(origin="http://localhost.evil:80"), 403),
    "a page without an origin of its own": (upgrade(origin="null"), 403),
    "a page of the host itself": (upgrade(origin="http://localhost", user_agent=FIREFOX), 403),
    "a browser with a local page": (upgrade(origin="file://", user_agent=FIREFOX), 403),
    "a browser without its name": (upgrade(origin="null", accept_language="de"), 403),
    "a browser that says for what": (upgrade(origin="null", sec_fetch_mode="websocket"), 403),
    "unknown": (upgrade("/ocpp/stranger"), 404),
    "identity with a slash": (upgrade("/ocpp/a%2Fb"), 404),
    "identity of control characters": (upgrade("/ocpp/a%00"), 404),
    "identity too long": (upgrade("/ocpp/" + "x" * 49), 404),
    "identity badly encoded": (upgrade("/ocpp/%zz"), 404),
    "method that is not GET": (upgrade().replace(b"GET", b"PUT"), 405),
    "old version": (upgrade(sec_websocket_version="8"), 426),
    "no version": (upgrade(sec_websocket_version=""), 426),
    "no upgrade at all": (b"GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\n\r\n", 426),
    "too many tries": (upgrade("/ocpp/busy"), 429),
    "head too long": (upgrade(x_a="x" * 8192), 431),
    "head that never ends": (b"GET /" + b"x" * 9000, 431),
    "too many headers": (upgrade(**{f"x_{n}": "1" for n in range(65)}), 431),
}


@pytest.mark.parametrize("request_bytes", GOOD.values(), ids=GOOD.keys())
async def test_a_good_request_is_upgraded(transport: Transport, request_bytes: bytes) -> None:
    async with site(transport, admit=admit_by_name) as at:
        peer = await at.dial()
        peer.send(request_bytes)
        answer = await peer.response()
        assert answer.status == 101
        assert answer.headers["sec-websocket-accept"] == ACCEPT
        assert answer.headers["upgrade"] == "websocket"
        assert answer.headers["connection"] == "Upgrade"
        assert "sec-websocket-extensions" not in answer.headers


@pytest.mark.parametrize(("request_bytes", "status"), BAD.values(), ids=BAD.keys())
async def test_a_bad_request_is_refused(
    transport: Transport, request_bytes: bytes, status: int
) -> None:
    async with site(transport, admit=admit_by_name) as at:
        peer = await at.dial()
        peer.send(request_bytes)
        answer = await peer.response()
        assert answer.status == status
        assert answer.headers["connection"] == "close"
        assert await peer.ended()
        assert not at.stations
        assert at.listener.reception.refusals[status] == 1


async def test_a_refusal_carries_the_headers_of_the_verdict(transport: Transport) -> None:
    async with site(transport, admit=admit_by_name) as at:
        peer = await at.dial()
        peer.send(upgrade("/intruder"))
        assert (await peer.response()).headers["www-authenticate"] == 'Basic realm="ocpp"'


async def test_a_missing_connection_header_is_a_named_repair(transport: Transport) -> None:
    async with site(transport) as at:
        await at.upgraded(connection="")
        assert at.station.link.facts.repairs == ("upgrade-without-connection-header",)


async def test_strict_mode_repairs_nothing(transport: Transport) -> None:
    async with site(transport, settings=ListenerSettings(tolerant=False)) as at:
        peer = await at.dial()
        peer.send(upgrade(connection="keep-alive"))
        assert (await peer.response()).status == 400


async def test_a_listener_may_let_pages_in(transport: Transport) -> None:
    async with site(transport, settings=ListenerSettings(origin_allowed=True)) as at:
        await at.upgraded(origin="https://example.com", user_agent=FIREFOX)


# What the WebSocket libraries of small stations send unasked; RFC 6455 4.1 allows it.
@pytest.mark.parametrize(
    ("origin", "agent"),
    [
        ("https://github.com/gilmaimon/TinyWebsockets", "TinyWebsockets Client"),
        ("file://", "arduino-WebSocket-Client"),
        ("http://localhost", ""),
        ("https://LocalHost:9000", "libwebsockets"),
    ],
)
async def test_a_station_may_say_an_origin(transport: Transport, origin: str, agent: str) -> None:
    async with site(transport) as at:
        await at.upgraded(origin=origin, user_agent=agent)


async def test_a_request_may_come_byte_by_byte_and_frames_in_the_same_breath(
    transport: Transport,
) -> None:
    async with site(transport) as at:
        peer = await at.dial()
        request = upgrade()
        for each in request[:-1]:
            peer.send(bytes((each,)))
            await asyncio.sleep(0)
        peer.send(request[-1:] + frame(TEXT, b"first") + frame(TEXT, b"x" * 10_000))
        assert (await peer.response()).status == 101
        await until(lambda: len(at.station.texts) == 2)
        assert at.station.texts == ["first", "x" * 10_000]


async def test_admission_sees_the_whole_attempt(transport: Transport) -> None:
    attempts: list[Attempt] = []

    async def admit(attempt: Attempt) -> Accept:
        attempts.append(attempt)
        return Accept("other", settings=LinkSettings(message_bytes_max=5), context="kept")

    async with site(transport, admit=admit) as at:
        peer = await at.upgraded("/x/RDAM%7C123?a=b", authorization="Basic eA==")
        (attempt,) = attempts
        assert attempt.target == "/x/RDAM%7C123?a=b"
        assert attempt.identity == "RDAM|123"
        assert attempt.headers.get("Authorization") == "Basic eA=="
        assert attempt.peer == peer.writer.get_extra_info("sockname")
        assert attempt.tls is None
        assert attempt.offered == ("ocpp1.6",)
        link = at.station.link
        assert (link.identity, link.facts.context) == ("other", "kept")
        assert link.settings.message_bytes_max == 5
        assert link.facts.peer == attempt.peer


async def test_a_peer_that_leaves_during_admission_opens_nothing(transport: Transport) -> None:
    asked, release = asyncio.Event(), asyncio.Event()

    async def admit(attempt: Attempt) -> Accept:
        asked.set()
        await release.wait()
        return Accept("CP1")

    async with site(transport, admit=admit) as at:
        for leave in ("reset", "half close"):
            asked.clear()
            release.clear()
            peer = await at.dial()
            peer.send(upgrade())
            await asked.wait()
            if leave == "reset":
                peer.leave()
            else:
                peer.writer.write_eof()
            await asyncio.sleep(0.05)
            release.set()
            await asyncio.sleep(0.05)
        assert not at.stations
        assert at.listener.reception.connections == 0


async def test_a_bug_in_admission_is_our_500(transport: Transport) -> None:
    async def admit(attempt: Attempt) -> Accept:
        raise LookupError("a bug")

    heard: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    async with site(transport, admit=admit) as at:
        peer = await at.dial()
        peer.send(upgrade())
        assert (await peer.response()).status == 500
    await asyncio.sleep(0)
    assert [type(each["exception"]) for each in heard] == [LookupError]
