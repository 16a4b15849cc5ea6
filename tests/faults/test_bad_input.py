"""What stations should not send: each pays for itself, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, func, select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Block, Decision, Heard
from chargeplane.csms.gateway.conversation import HOSTILE_FRAMES_MAX
from chargeplane.csms.gateway.dispatcher import Dispatcher
from chargeplane.csms.transactions.tables import ledger, transactions
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import CloseCode
from chargeplane.runtime.store import Settings, Store, upgrade
from tests.faults.ledgers import furnish
from tests.faults.saying import START, event, is_served
from tests.faults.wild import COMPRESSED, FIN, TEXT, Wild, frame
from tests.faults.wire import Wire

V16, V201, V21 = Version.V1_6, Version.V2_0_1, Version.V2_1
VERSIONS = V16, V201, V21
PATIENCE_S = 10.0


class Served:
    """A central system in this process."""

    def __init__(self, central: CentralSystem, store: Store, port: int) -> None:
        self.central = central
        self.store = store
        self.port = port

    async def dial(self, name: str = "bad", version: Version = V201) -> Wire:
        return await Wire.dial(self.port, name, version)

    def handle_with(self, block: Block) -> None:
        """Let this block alone decide from now on."""
        gateway = self.central.gateway
        gateway.dispatcher = Dispatcher([block], self.store, gateway.tray, gateway.meter)

    async def entries(self) -> list[tuple[str, int]]:
        """How many entries the ledger has of each transaction."""

        def look(connection: Connection) -> list[tuple[str, int]]:
            query = select(ledger.c.transaction_id, func.count()).group_by(ledger.c.transaction_id)
            return [(row[0], row[1]) for row in connection.execute(query)]

        return await self.store.read(look)

    async def sessions(self) -> int:
        query = select(func.count()).select_from(transactions)
        return int(await self.store.read(lambda connection: connection.scalar(query) or 0))


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[Served]:
    upgrade(settings)
    furnish(settings, ["good", "bad"])
    async with Store(settings) as store:
        central = CentralSystem(store, SystemClock())
        await central.start()
        port = await central.listen("127.0.0.1", 0)
        async with asyncio.timeout(60):
            yield Served(central, store, port)
        await central.stop()


# Malformed: the sender is told, and it is counted ------------------------------------------------

BROKEN = {
    "not JSON": ("not json", ["FormationViolation"] + ["FormatViolation"] * 2),
    "too short": ('[2,"m"]', ["ProtocolError", "RpcFrameworkError", "RpcFrameworkError"]),
    "no such action": ('[2,"m","Dance",{}]', ["NotImplemented"] * 3),
    "an action of ours": ('[2,"m","Reset",{"type":"Hard"}]', ["NotSupported"] * 3),
    "no object": ('[2,"m","Heartbeat",[1]]', ["TypeConstraintViolation"] * 3),
    "members missing": (
        '[2,"m","Authorize",{}]',
        ["OccurenceConstraintViolation"] + ["OccurrenceConstraintViolation"] * 2,
    ),
    "too deep": (
        '[2,"m","Heartbeat",' + "[" * 600,
        ["ProtocolError", "RpcFrameworkError", "RpcFrameworkError"],
    ),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("what", BROKEN)
async def test_a_malformed_frame_gets_its_error_code_and_is_counted(
    served: Served, version: Version, what: str
) -> None:
    text, codes = BROKEN[what]
    code = codes[VERSIONS.index(version)]
    message_id = "m" if text.startswith('[2,"m"') else "-1"
    wire = await served.dial(version=version)
    answer = wire.say(text, message_id)
    if version is V16 and message_id == "-1":
        assert await is_served(wire)  # 1.6 has no words for a frame without an id
        assert not answer.done()
    else:
        assert (await answer)[:3] == [4, message_id, code]
    refusals = served.central.gateway.meter.refusals  # in the words of 2.x
    assert [ErrorCode(each).on_wire(version) for each in refusals.elements()] == [code]
    assert await is_served(wire)


# Hostile: it costs the sender the connection -----------------------------------------------------

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"
BOMB = zlib.compressobj(wbits=-15)
HOSTILE = {
    "junk without end": (frame(TEXT, b"junk") * HOSTILE_FRAMES_MAX, CloseCode.POLICY_VIOLATION),
    "too long": (frame(TEXT, b" " * 300_000), CloseCode.MESSAGE_TOO_BIG),
    "no UTF-8": (frame(TEXT, b"\xff\xfe"), CloseCode.INVALID_DATA),
    "not masked": (frame(TEXT, b"[]", is_masked=False), CloseCode.PROTOCOL_ERROR),
    "no such opcode": (frame(5, b""), CloseCode.PROTOCOL_ERROR),
    "binary": (frame(2, b"[\xff]"), CloseCode.UNSUPPORTED_DATA),
    "binary, and no array": (frame(2, b"\x08\x01"), CloseCode.UNSUPPORTED_DATA),
    "a bomb": (
        frame(
            TEXT,
            (BOMB.compress(bytes(20_000_000)) + BOMB.flush(zlib.Z_SYNC_FLUSH))[:-4],
            flags=FIN | COMPRESSED,
        ),
        CloseCode.MESSAGE_TOO_BIG,
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_a_hostile_station_loses_its_connection_and_nobody_else(
    served: Served, what: str
) -> None:
    data, code = HOSTILE[what]
    good = await served.dial("good")
    async with Wild.dial(served.port, "bad", V201, DEFLATE) as wild, asyncio.timeout(PATIENCE_S):
        await wild.send(data)
        assert await wild.close_code() == code
    assert await is_served(good)
    assert not good.ending.done()


async def test_unreadable_frames_between_good_ones_do_not_cost_the_connection(
    served: Served,
) -> None:
    wire = await served.dial()
    for number in range(2 * HOSTILE_FRAMES_MAX):
        assert (await wire.say("junk", "-1"))[0] == 4
        kind = "Updated" if number else "Started"
        assert (await wire.answer("TransactionEvent", event("t", number, kind)))[0] == 3
    assert not wire.ending.done()


async def test_nobody_is_heard_who_speaks_before_the_identity_is_his(served: Served) -> None:
    owner = await served.dial()
    said = json.dumps([2, "m", "TransactionEvent", event("forged", 0, "Started")]).encode()
    async with (
        asyncio.timeout(PATIENCE_S),
        Wild.dial(served.port, "bad", V201, early=frame(TEXT, said), host="127.0.0.2") as impostor,
    ):
        assert await impostor.close_code() == CloseCode.POLICY_VIOLATION
    assert await is_served(owner, "right")
    assert await served.entries() == [("right", 1)]


# Repetitions -------------------------------------------------------------------------------------


async def test_a_repeated_request_gets_the_same_answer_and_is_not_stored_again(
    served: Served,
) -> None:
    wire = await served.dial(version=V16)
    first = await wire.answer("StartTransaction", START, "m1")
    assert await wire.answer("StartTransaction", START, "m1") == first
    assert await served.entries() == [(str(first[2]["transactionId"]), 1)]


@pytest.mark.parametrize("is_same_id", [True, False], ids=["same-id", "new-id"])
async def test_a_start_that_is_repeated_after_a_reconnect_is_one_transaction(
    served: Served, is_same_id: bool
) -> None:
    wire = await served.dial(version=V16)
    first = await wire.answer("StartTransaction", START, "m1")
    wire.link.cut("as a station without power does")
    wire = await served.dial(version=V16)
    again = await wire.answer("StartTransaction", START, "m1" if is_same_id else "m2")
    assert again[2] == first[2]
    assert await served.sessions() == 1


async def test_an_event_that_is_repeated_after_a_reconnect_counts_once(served: Served) -> None:
    said = [event("t", n, kind, 10 * n) for n, kind in enumerate(("Started", "Updated", "Ended"))]
    answers = []
    for payload in said:
        for _ in range(2):
            wire = await served.dial()
            answers.append((await wire.answer("TransactionEvent", payload, "m"))[2])
            wire.link.cut("as a station without power does")
    assert answers[::2] == answers[1::2]
    energy = select(transactions.c.energy_wh, transactions.c.state)
    rows = await served.store.read(lambda connection: connection.execute(energy).all())
    assert [(int(wh), state) for wh, state in rows] == [(20, "ended")]


# Faults of ours ----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_late", [False, True], ids=["at-once", "later"])
async def test_a_block_that_raises_answers_internal_error_and_serves_on(
    served: Served, is_late: bool
) -> None:
    def now(heard: Heard) -> Decision:
        if heard.request.seq_no == 13:
            raise ZeroDivisionError("a fault of the test's own")
        return Decision(v21.TransactionEventResponse())

    async def later(heard: Heard) -> Decision:
        return now(heard)

    served.handle_with(Block("faulty", v2={v21.TransactionEventRequest: later if is_late else now}))
    bad, good = await served.dial("bad"), await served.dial("good")
    for _ in range(2):
        answer = await bad.answer("TransactionEvent", event("t", 13))
        assert (answer[0], answer[2]) == (4, "InternalError")
        assert "ZeroDivision" not in json.dumps(answer)
        assert (await bad.answer("TransactionEvent", event("t", 14)))[0] == 3
        assert (await good.answer("TransactionEvent", event("t", 14)))[0] == 3


async def test_an_answer_that_breaks_its_schema_is_an_internal_error(served: Served) -> None:
    def handle(heard: Heard) -> Decision:
        info = v16.IdTagInfo(status="Perhaps")  # type: ignore[arg-type]
        return Decision(v16.StartTransactionResponse(transaction_id=1, id_tag_info=info))

    served.handle_with(Block("faulty", v1={v16.StartTransactionRequest: handle}))
    wire = await served.dial(version=V16)
    answer = await wire.answer("StartTransaction", START)
    assert (answer[0], answer[2]) == (4, "InternalError")
