"""SOAP and pages on the station port."""

import asyncio
from http import HTTPStatus

import pytest

from chargeplane.runtime.links import ListenerSettings, Request, Response, Transport
from tests.runtime.links.harness import QUICK, TEXT, site

SMALL = ListenerSettings(body_bytes_max=100, answer_timeout_s=0.2, link=QUICK)


async def soap(request: Request) -> Response | None:
    match request.method, request.path:
        case "POST", "/soap":
            action = request.headers.get("SOAPAction") or ""
            return Response(
                body=request.body + action.encode(), content_type="application/soap+xml"
            )
        case "GET", "/soap/1.2":
            return Response(body=request.query.encode(), headers=(("X-Page", "yes"),))
        case "POST", "/slow":
            await asyncio.sleep(5)
        case "POST", "/bug":
            raise LookupError("a bug")
    return None


def post(path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


BODY = b"<Envelope/>"
CHUNKED = "Transfer-Encoding: chunked"

ANSWERED = {
    "length": (post("/soap", BODY, "Content-Length: 11"), BODY),
    "header": (post("/soap", BODY, "Content-Length: 11", "soapaction: /Boot"), BODY + b"/Boot"),
    "longest": (post("/soap", b"x" * 100, "Content-Length: 100"), b"x" * 100),
    "empty": (post("/soap", b"", "Content-Length: 0"), b""),
    "chunks": (post("/soap", b"4\r\n<Env\r\n7;a=b\r\nelope/>\r\n0\r\n\r\n", CHUNKED), BODY),
    "page": (b"GET /soap/1.2?wsdl HTTP/1.1\r\n\r\n", b"wsdl"),
    "HTTP/1.0": (b"GET /soap/1.2?wsdl HTTP/1.0\r\n\r\n", b"wsdl"),
    "two equal lengths": (post("/soap", BODY, "Content-Length: 11", "Content-Length: 11"), BODY),
}

REFUSED = {
    "no length": (post("/soap", BODY), 411),
    "two lengths": (post("/soap", BODY, "Content-Length: 11", "Content-Length: 12"), 400),
    "length and chunks": (post("/soap", BODY, "Content-Length: 11", CHUNKED), 400),
    "negative": (post("/soap", BODY, "Content-Length: -1"), 400),
    "long number": (post("/soap", BODY, "Content-Length: " + "9" * 400), 400),
    "other coding": (post("/soap", BODY, "Transfer-Encoding: gzip, chunked"), 400),
    "bad chunk": (post("/soap", b"zz\r\n", CHUNKED), 400),
    "bad chunk end": (post("/soap", b"1\r\nabc", CHUNKED), 400),
    "endless chunk line": (post("/soap", b"1" * 300, CHUNKED), 400),
    "trailer": (post("/soap", b"0\r\nA: b\r\n\r\n", CHUNKED), 400),
    "too long": (post("/soap", b"x" * 101, "Content-Length: 101"), 413),
    "far too long": (post("/soap", b"x" * 200_000, "Content-Length: 99999999"), 413),
    "chunks too long": (post("/soap", b"60\r\n" + b"x" * 96 + b"\r\n5\r\n", CHUNKED), 413),
    "a browser": (post("/soap", BODY, "Content-Length: 11", "Origin: null"), 403),
    "unknown path": (post("/other", BODY, "Content-Length: 11"), 404),
    "unknown page": (b"GET /other HTTP/1.1\r\n\r\n", 426),
    "other method": (b"DELETE /soap HTTP/1.1\r\n\r\n", 405),
    "slow answer": (post("/slow", BODY, "Content-Length: 11"), 408),
    "bug": (post("/bug", BODY, "Content-Length: 11"), 500),
}


@pytest.mark.parametrize(("request_bytes", "body"), ANSWERED.values(), ids=ANSWERED.keys())
async def test_a_plain_request_is_answered(
    transport: Transport, request_bytes: bytes, body: bytes
) -> None:
    async with site(transport, settings=SMALL, respond=soap) as at:
        peer = await at.dial()
        peer.send(request_bytes)
        answer = await peer.response()
        assert (answer.status, answer.body) == (200, body)
        assert answer.headers["connection"] == "close"
        assert await peer.ended()
        assert not at.listener.reception.refusals


@pytest.mark.parametrize(("request_bytes", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_bad_plain_request_is_refused(
    transport: Transport, request_bytes: bytes, status: int
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    async with site(transport, settings=SMALL, respond=soap) as at:
        peer = await at.dial()
        peer.send(request_bytes)
        assert (await peer.response()).status == status
        assert at.listener.reception.refusals[status] == 1


async def test_a_peer_that_asks_first_is_told_to_go_ahead(transport: Transport) -> None:
    async with site(transport, settings=SMALL, respond=soap) as at:
        peer = await at.dial()
        peer.send(post("/soap", b"", "Content-Length: 11", "Expect: 100-continue"))
        assert (await peer.response()).status == HTTPStatus.CONTINUE
        peer.send(BODY)
        assert (await peer.response()).body == BODY


async def test_a_peer_that_asks_first_with_too_much_is_told_at_once(transport: Transport) -> None:
    async with site(transport, settings=SMALL, respond=soap) as at:
        peer = await at.dial()
        peer.send(post("/soap", b"", "Content-Length: 101", "Expect: 100-continue"))
        assert (await peer.response()).status == 413


async def test_a_peer_that_stops_sending_still_gets_its_answer(transport: Transport) -> None:
    async with site(transport, settings=SMALL, respond=soap) as at:
        peer = await at.dial()
        peer.send(ANSWERED["length"][0])
        peer.writer.write_eof()
        assert (await peer.response()).body == BODY


async def test_half_a_body_is_no_request(transport: Transport) -> None:
    async with site(transport, settings=SMALL, respond=soap) as at:
        peer = await at.dial()
        peer.send(post("/soap", b"<Enve", "Content-Length: 11"))
        peer.writer.write_eof()
        assert await peer.ended()
        assert not at.listener.reception.refusals


async def test_soap_and_links_share_the_port(transport: Transport) -> None:
    async with site(transport, settings=SMALL, respond=soap) as at:
        station = await at.upgraded()
        other = await at.dial()
        other.send(ANSWERED["length"][0])
        assert (await other.response()).body == BODY
        station.frame(TEXT, b"still here")
        assert await at.station.heard.get() == "still here"


def test_a_header_cannot_break_out_of_its_line() -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        Response(headers=(("X-A", "b\r\nX-C: d"),)).encoded()
