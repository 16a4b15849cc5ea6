"""How much of a turn of the loop many busy links may take."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import cast

import pytest

from chargeplane.runtime.links import new_event_loop, raise_open_files_max
from chargeplane.runtime.links.faults import CloseCode
from chargeplane.runtime.links.websockets_wire import WebsocketsWire
from chargeplane.runtime.links.wires import PONG, TEXT
from tests.runtime.links.harness import frame
from tests.waiting import until

EVENTS_MAX = 1_024
"""As many ready sockets make libuv ask again before it looks at anything else."""
TURNS = 5


class Sink:
    """Answers each text at once, twice if it is told so."""

    message_bytes_max = 1_000

    def __init__(self, answers: int = 1) -> None:
        self.wire: WebsocketsWire
        self.answers = answers
        self.texts = 0
        self.is_over = asyncio.Event()

    def on_text(self, text: str) -> None:
        self.texts += 1
        for number in range(self.answers):
            self.wire.write(TEXT, f"{text}{number}")

    def on_frame(self, opcode: int, payload: bytes, final: bool, compressed: bool) -> None:
        raise LookupError(f"frame {opcode}")

    def on_fault(self, code: CloseCode, reason: str) -> None:
        raise AssertionError(reason)

    def on_lost(self) -> None:
        self.is_over.set()

    def on_full(self) -> None:
        raise AssertionError("full")

    def on_drained(self) -> None:
        raise AssertionError("drained")


class Echo(asyncio.Protocol):
    """The other end: sends the same frame again for whatever comes, in the same turn."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.heard = bytearray()
        self.answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if self.answer:
            self.transport.write(self.answer)


@asynccontextmanager
async def connected(answers: int = 1) -> AsyncIterator[tuple[Sink, Echo]]:
    """A wire, and what stands at its other end."""
    loop, (here, there) = asyncio.get_running_loop(), socket.socketpair()
    for each in (here, there):
        each.setblocking(False)
    sink = Sink(answers)
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=here)
    sink.wire = WebsocketsWire(transport, sink, is_client=False)
    _, echo = await loop.create_connection(Echo, sock=there)
    yield sink, echo
    echo.answer = b""
    sink.wire.cut()
    echo.transport.abort()
    await sink.is_over.wait()


def run(
    loop_factory: Callable[[], asyncio.AbstractEventLoop], main: Callable[[], Awaitable[None]]
) -> None:
    async def wrapped() -> None:
        await main()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(wrapped())


async def busy_links() -> None:
    async with AsyncExitStack() as stack:
        pairs = [await stack.enter_async_context(connected()) for _ in range(EVENTS_MAX + 50)]
        for _, echo in pairs:
            echo.answer = frame(TEXT, b"x")
            echo.transport.write(echo.answer)
        counts = []
        for _ in range(TURNS):
            before = sum(sink.texts for sink, _ in pairs)
            await asyncio.sleep(0.001)  # a timer, which waits until all that is ready was read
            counts.append(sum(sink.texts for sink, _ in pairs) - before)
        for _, echo in pairs:
            echo.answer = b""
        assert sum(counts) > len(pairs)
        assert max(counts) <= 3 * len(pairs), counts


def test_a_thousand_links_that_answer_each_other_at_once_let_timers_through() -> None:
    assert raise_open_files_max() > 3 * EVENTS_MAX
    run(new_event_loop, busy_links)


async def several_answers() -> None:
    async with connected(answers=2) as (sink, echo):
        echo.transport.write(frame(TEXT, b"a") + frame(TEXT, b"b"))
        await until(lambda: len(echo.heard) >= 16)
        sink.wire.write(PONG, b"later")
        await until(lambda: len(echo.heard) >= 23)
        assert sink.wire.unsent_bytes() == 0
    texts = [b"\x81\x02" + each for each in (b"a0", b"a1", b"b0", b"b1")]
    assert bytes(echo.heard) == b"".join(texts) + b"\x8a\x05later"


async def answers_before_the_end(end: Callable[[WebsocketsWire], None], kept: bytes) -> None:
    async with connected() as (sink, echo):
        sink.wire.feed(frame(TEXT, b"a"))
        assert sink.wire.unsent_bytes() == 4
        end(sink.wire)
        assert sink.wire.unsent_bytes() == 0
        await until(echo.transport.is_closing)
    assert bytes(echo.heard) == kept


async def answer_before_a_bug() -> None:
    async with connected() as (sink, echo):
        with pytest.raises(LookupError):
            sink.wire.feed(frame(TEXT, b"a") + frame(PONG))
        assert sink.wire.unsent_bytes() == 0
        await until(lambda: bytes(echo.heard) == b"\x81\x02a0")


@pytest.mark.parametrize(
    "loop_factory", [asyncio.new_event_loop, new_event_loop], ids=["asyncio", "fastest"]
)
@pytest.mark.parametrize(
    "main",
    [
        several_answers,
        partial(answers_before_the_end, WebsocketsWire.hang_up, b"\x81\x02a0"),
        partial(answers_before_the_end, WebsocketsWire.cut, b""),
        answer_before_a_bug,
    ],
    ids=["in-order", "hang-up", "cut", "bug"],
)
def test_what_is_said_while_it_reads_is_written_in_the_next_turn_and_in_order(
    loop_factory: Callable[[], asyncio.AbstractEventLoop], main: Callable[[], Awaitable[None]]
) -> None:
    run(loop_factory, main)
