"""Messages, and how a peer that breaks the rules of RFC 6455 and 7692 is closed."""

import logging
import zlib

import pytest

from chargeplane.runtime.links import (
    EndedBy,
    Link,
    LinkClosed,
    LinkSettings,
    Transport,
)
from tests.runtime.links.harness import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    QUICK,
    TEXT,
    Station,
    frame,
    site,
)
from tests.waiting import until

DEFLATE = "permessage-deflate"
BOUND = 1000
SMALL = LinkSettings(ping_interval_s=None, close_timeout_s=0.1, message_bytes_max=BOUND)


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


GOOD = {
    "empty": [frame(TEXT)],
    "short": [frame(TEXT, b"x" * 125)],
    "middle": [frame(TEXT, b"x" * 126)],
    "largest": [frame(TEXT, b"x" * BOUND)],
    "fragments": [
        frame(TEXT, b"\xc3", fin=False),
        frame(CONTINUATION, b"\xa9", fin=False),
        frame(CONTINUATION),
    ],
    "empty fragments": [
        frame(TEXT, fin=False),
        *[frame(CONTINUATION, fin=False)] * 500,
        frame(CONTINUATION, b"x" * BOUND),
    ],
    "ping between fragments": [
        frame(TEXT, b"a", fin=False),
        frame(PING, b"p"),
        frame(CONTINUATION, b"b"),
    ],
    "a pong nobody asked for": [frame(PONG, b"?"), frame(TEXT, b"x")],
    "compressed": [frame(TEXT, deflated(b"[2,3]" * 200), rsv=4)],
    "compressed fragments": [
        frame(TEXT, deflated(b"abc" * 300)[:5], fin=False, rsv=4),
        frame(CONTINUATION, deflated(b"abc" * 300)[5:]),
    ],
    "compressed nothing": [frame(TEXT, b"\x00", rsv=4)],
}
TEXTS = {
    "empty": "",
    "short": "x" * 125,
    "middle": "x" * 126,
    "largest": "x" * BOUND,
    "fragments": "é",
    "empty fragments": "x" * BOUND,
    "ping between fragments": "ab",
    "a pong nobody asked for": "x",
    "compressed": "[2,3]" * 200,
    "compressed fragments": "abc" * 300,
    "compressed nothing": "",
}

BAD = {
    "binary": (frame(BINARY, b"x"), 1003),
    "too long": (frame(TEXT, b"x" * (BOUND + 1)), 1009),
    "announced too long": (frame(TEXT, b"x" * 70_000)[:14], 1009),
    "fragments too long": (
        frame(TEXT, b"x" * BOUND, fin=False) + frame(CONTINUATION, b"x"),
        1009,
    ),
    "deflate bomb": (frame(TEXT, deflated(b"x" * 10_000_000)[:BOUND], rsv=4), 1009),
    "deflate bomb in fragments": (
        frame(TEXT, deflated(b"x" * 5_000)[:9], rsv=4, fin=False)
        + frame(CONTINUATION, deflated(b"x" * 5_000)[9:]),
        1009,
    ),
    "one byte too many": (frame(TEXT, deflated(b"x" * (BOUND + 1)), rsv=4), 1009),
    "not deflate": (frame(TEXT, b"\xff\xff\xff", rsv=4), 1002),
    "compressed continuation": (
        frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b", rsv=4),
        1002,
    ),
    "compressed ping": (frame(PING, b"a", rsv=4), 1002),
    "reserved bit 2": (frame(TEXT, b"a", rsv=2), 1002),
    "reserved bit 3": (frame(TEXT, b"a", rsv=1), 1002),
    "reserved opcode": (frame(3, b"a"), 1002),
    "reserved control opcode": (frame(11, b"a"), 1002),
    "continuation of nothing": (frame(CONTINUATION, b"a"), 1002),
    "message in a message": (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
    "fragment in a message": (
        frame(TEXT, b"a", fin=False) + frame(TEXT, b"b", fin=False),
        1002,
    ),
    "fragmented ping": (frame(PING, b"a", fin=False), 1002),
    "long ping": (frame(PING, b"a" * 126), 1002),
    "unmasked": (b"\x81\x01a", 1002),
    "not UTF-8": (frame(TEXT, b"a\xff"), 1007),
    "surrogate": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "half a character": (frame(TEXT, b"\xc3"), 1007),
    "not UTF-8 in the first fragment": (frame(TEXT, b"\xff", fin=False), 1007),
    "not UTF-8 across fragments": (
        frame(TEXT, b"\xc3", fin=False) + frame(CONTINUATION, b"a", fin=False),
        1007,
    ),
    "compressed not UTF-8": (frame(TEXT, deflated(b"\xff"), rsv=4), 1007),
    "close of one byte": (frame(CLOSE, b"\x03"), 1002),
    "close without reason to exist": (frame(CLOSE, b"\x03\xed"), 1002),  # 1005
    "close with code 0": (frame(CLOSE, b"\x00\x00"), 1002),
    "close with code 1016": (frame(CLOSE, b"\x03\xf8"), 1002),
    "close with code 5000": (frame(CLOSE, b"\x13\x88"), 1002),
    "close with a reason that is not UTF-8": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "long close": (frame(CLOSE, b"\x03\xe8" + b"a" * 124), 1002),
}


@pytest.mark.parametrize("name", GOOD)
async def test_a_message_arrives(transport: Transport, name: str) -> None:
    async with site(transport, link=SMALL) as at:
        peer = await at.upgraded(sec_websocket_extensions=DEFLATE)
        for each in GOOD[name]:
            peer.send(each)
        peer.frame(TEXT, b"end")
        await until(lambda: "end" in at.station.texts)
        assert at.station.texts == [TEXTS[name], "end"]
        assert at.station.link.is_open


@pytest.mark.parametrize("name", GOOD)
async def test_a_message_arrives_byte_by_byte(transport: Transport, name: str) -> None:
    async with site(transport, link=SMALL) as at:
        peer = await at.upgraded(sec_websocket_extensions=DEFLATE)
        data = b"".join(GOOD[name])
        step = 1 if len(data) < 300 else 97
        for start in range(0, len(data), step):
            peer.send(data[start : start + step])
            await peer.writer.drain()
        await until(lambda: len(at.station.texts) == 1)
        assert at.station.texts == [TEXTS[name]]


@pytest.mark.parametrize("name", BAD)
async def test_a_fault_closes_the_link_with_its_code(transport: Transport, name: str) -> None:
    data, code = BAD[name]
    async with site(transport, link=SMALL) as at:
        peer = await at.upgraded(sec_websocket_extensions=DEFLATE)
        peer.send(frame(TEXT, b"before") + data)
        assert await peer.close_code() == code
        assert await peer.ended()
        ending = await at.station.ending()
        assert (ending.code, ending.by) == (code, EndedBy.US)
        assert ending.reason
        # What came before counts, nothing that came with the fault or after it.
        assert at.station.texts == ["before"]


async def test_without_the_agreement_a_compressed_message_is_a_fault(transport: Transport) -> None:
    async with site(transport, link=SMALL) as at:
        peer = await at.upgraded()
        peer.frame(TEXT, deflated(b"x"), rsv=4)
        assert await peer.close_code() == 1002


async def test_nothing_counts_after_a_close(transport: Transport) -> None:
    async with site(transport) as at:
        peer = await at.upgraded()
        peer.send(frame(TEXT, b"a") + frame(CLOSE, b"\x0f\xa0bye") + frame(TEXT, b"b"))
        assert await peer.close_code() == 4000
        assert await peer.ended()
        ending = await at.station.ending()
        assert (ending.code, ending.reason, ending.by) == (4000, "bye", EndedBy.PEER)
        assert at.station.texts == ["a"]
        with pytest.raises(LinkClosed, match="bye"):
            at.station.link.send("late")


async def test_a_close_without_a_code_is_answered_alike(transport: Transport) -> None:
    async with site(transport) as at:
        peer = await at.upgraded()
        peer.frame(CLOSE)
        assert await peer.close_code() is None
        assert (await at.station.ending()).code == 1005


async def test_our_close_waits_for_the_answer(transport: Transport) -> None:
    async with site(transport) as at:
        peer = await at.upgraded()
        at.station.link.close(1012, "é" * 100)
        at.station.link.close(1000, "again")
        first, payload = await peer.read_frame()
        assert first == 0x80 | CLOSE
        assert payload == (1012).to_bytes(2) + ("é" * 61).encode()
        peer.frame(TEXT, b"too late")
        peer.frame(CLOSE, payload[:2])
        assert await peer.ended()
        ending = await at.station.ending()
        assert (ending.code, ending.by) == (1012, EndedBy.US)
        assert at.station.texts == []


async def test_our_close_does_not_wait_for_ever(transport: Transport) -> None:
    async with site(transport) as at:
        await at.upgraded()
        at.station.link.close()
        assert (await at.station.ending()).code == 1000


async def test_a_connection_that_breaks_is_an_abnormal_end(transport: Transport) -> None:
    async with site(transport) as at:
        peer = await at.upgraded()
        peer.leave()
        ending = await at.station.ending()
        assert (ending.code, ending.by) == (1006, EndedBy.NETWORK)
        at.station.link.close()
        at.station.link.cut("nobody there")
        at.station.link.hold()
        assert len(at.station.endings) == 1


class Buggy(Station):
    def received(self, text: str) -> None:
        raise LookupError("a bug")


class TakesBytes(Station):
    def received_bytes(self, data: bytes) -> None:
        if data == b"bug":
            raise LookupError("a bug")
        self.link.send_bytes(data)


@pytest.mark.parametrize(
    "data", [frame(TEXT, b"x"), frame(TEXT, deflated(b"x"), rsv=4)], ids=["plain", "deflated"]
)
async def test_a_bug_in_the_receiver_is_our_1011_and_logged(
    transport: Transport, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(transport, station=Buggy) as at:
        peer = await at.upgraded(sec_websocket_extensions=DEFLATE)
        peer.send(data)
        assert await peer.close_code() == 1011
        assert (await at.station.ending()).code == 1011
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[0] is LookupError


async def test_faults_of_peers_do_not_fill_the_log(
    transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(transport) as at:
        for data, _code in BAD.values():
            peer = await at.upgraded(sec_websocket_extensions=DEFLATE)
            peer.send(data)
            peer.leave()
        await until(lambda: not at.listener.reception.links)
    assert not [each for each in caplog.records if each.levelno >= logging.INFO]


async def test_a_receiver_may_take_binary_messages(transport: Transport) -> None:
    async with site(transport, station=TakesBytes) as at:
        peer = await at.upgraded()
        for payload in (b"", b"x" * 125, b"x" * 126, b"x" * 70_000):
            peer.send(frame(BINARY, payload[:10], fin=False) + frame(CONTINUATION, payload[10:]))
            assert await peer.read_frame() == (0x80 | BINARY, payload)


async def test_a_long_text_is_compressed_and_a_short_one_is_not(transport: Transport) -> None:
    async with site(transport) as at:
        peer = await at.upgraded(sec_websocket_extensions=DEFLATE)
        link: Link = at.station.link
        for text in ("é" * 300, "short", "é" * 300):
            link.send(text)
        for expected in ("é" * 300, "short", "é" * 300):
            first, payload = await peer.read_frame()
            if first == 0xC0 | TEXT:
                assert len(payload) < 50
                # A fresh decompressor each time: no context is taken over.
                payload = zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff")
            else:
                assert expected == "short"
            assert payload.decode() == expected


async def test_compression_can_be_off_for_a_station(transport: Transport) -> None:
    async with site(transport, link=LinkSettings(compression=False)) as at:
        await at.upgraded(sec_websocket_extensions=DEFLATE)
        assert at.station.link.facts.compression is None


async def test_pings_are_answered_with_their_payload(transport: Transport) -> None:
    async with site(transport, link=QUICK) as at:
        peer = await at.upgraded()
        for payload in (b"", b"\x00\xff" * 62):
            peer.frame(PING, payload)
            assert await peer.read_frame() == (0x80 | PONG, payload)
