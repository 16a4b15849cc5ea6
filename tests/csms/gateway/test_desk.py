"""Commands to stations: what is sent, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chargeplane.csms import remote_control
from chargeplane.csms.authorization import v1 as tokens_v1
from chargeplane.csms.authorization import v2 as tokens_v2
from chargeplane.csms.contract import Block, Decision, NotConnected, Registration, Station
from chargeplane.csms.gateway.conversation import Ended
from chargeplane.csms.gateway.desk import Desk, Speaker
from chargeplane.csms.gateway.gateway import Gateway
from chargeplane.csms.gateway.meter import Meter
from chargeplane.csms.remote_control import RemoteStarts
from chargeplane.domain.commands import (
    Accepted,
    ClearCache,
    Command,
    DataTransfer,
    NoAnswer,
    Outcome,
    Raw,
    Refused,
    StartCharging,
    StopCharging,
    TriggerMessage,
    UnlockConnector,
    Unsupported,
)
from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import events, v15, v16, v21, v201
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.frames import Limits
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.bus import Bus
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.store import Store
from chargeplane.runtime.telemetry import Metrics
from tests.csms.gateway.far_end import SILENCE, FarEnd, gateway
from tests.csms.making import NOW, TENANT_ID, station

V1_5, V1_6, V2_0_1, V2_1 = Version.V1_5, Version.V1_6, Version.V2_0_1, Version.V2_1
ACCEPTED = {"status": "Accepted"}


async def _wire_id(_: Station, transaction_id: str) -> str:
    return transaction_id


def blocks() -> tuple[Block, ...]:
    cache = Block(
        "cache",
        commands_v1={ClearCache: tokens_v1.clear_cache},
        commands_v2={ClearCache: tokens_v2.clear_cache},
    )
    return cache, remote_control.block(RemoteStarts(SystemClock(), lambda: 7), _wire_id)


@pytest.fixture
async def node(sqlite_store: Store) -> AsyncIterator[Gateway]:
    node = gateway(sqlite_store, call_timeout_s=0.05, calls_waiting_max=2)
    yield node
    await node.drain()


def connected(node: Gateway, version: Version, **answers: Any) -> FarEnd:
    """A station that has said something already."""
    end = FarEnd(node, version, **answers)
    end.speak()
    return end


async def told(node: Gateway, command: Command, **bounds: Any) -> Outcome:
    return await Desk(node, blocks(), **bounds)(TENANT_ID, "CP1", command)


async def a_few_turns() -> None:
    """Let others run, as far as they get without news from outside."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("version", "request_type"),
    [
        (V1_5, v15.ClearCacheRequest),
        (V1_6, v16.ClearCacheRequest),
        (V2_0_1, v201.ClearCacheRequest),
        (V2_1, v21.ClearCacheRequest),
    ],
    ids=str,
)
async def test_a_command_goes_out_in_the_words_of_the_station(
    node: Gateway, version: Version, request_type: type[Request]
) -> None:
    end = connected(node, version, ClearCache=ACCEPTED)
    assert await told(node, ClearCache()) == Accepted(response=ACCEPTED)
    assert [type(each) for each in end.asked] == [request_type]


async def test_an_answer_of_an_older_version_is_read_in_the_newest_words(node: Gateway) -> None:
    connected(node, V1_5, UnlockConnector=ACCEPTED)
    outcome = await told(node, UnlockConnector(evse_id=1))
    assert outcome == Accepted(status="Unlocked", response={"status": "Unlocked"})


async def test_what_the_station_refuses_is_refused_in_its_own_words(node: Gateway) -> None:
    info = {"reasonCode": "NoCache", "additionalInfo": "it is off"}
    answer = {"status": "Rejected", "statusInfo": info}
    connected(node, V2_1, ClearCache=answer)
    assert await told(node, ClearCache()) == Refused(
        status="Rejected", reason="NoCache: it is off", response=answer
    )


async def test_what_the_version_lacks_is_unsupported_and_nothing_is_sent(node: Gateway) -> None:
    end = connected(node, V1_5)
    outcome = await told(node, TriggerMessage(message="Heartbeat"))
    assert outcome == Unsupported(reason="1.5 has no TriggerMessage")
    assert end.asked == []


async def test_what_no_block_serves_is_unsupported(node: Gateway) -> None:
    connected(node, V1_6)
    outcome = await told(node, DataTransfer(vendor_id="com.example"))
    assert outcome == Unsupported(reason="nothing serves data-transfer")


async def test_what_only_the_other_family_knows_is_unsupported(node: Gateway) -> None:
    connected(node, V1_6)
    one_family = Block("cache", commands_v2={ClearCache: tokens_v2.clear_cache})
    outcome = await Desk(node, [one_family])(TENANT_ID, "CP1", ClearCache())
    assert outcome == Unsupported(reason="OCPP 1.6 has no clear-cache")


async def test_what_cannot_be_said_in_the_version_is_unsupported(node: Gateway) -> None:
    end = connected(node, V1_6)
    outcome = await told(node, StartCharging(id_token=IdToken("x" * 21)))
    assert isinstance(outcome, Unsupported)
    assert "idTag" in outcome.reason
    assert end.asked == []


async def test_what_was_lost_on_the_way_to_an_older_version_is_told(node: Gateway) -> None:
    connected(node, V1_5, RemoteStartTransaction=ACCEPTED)
    profile = {
        "charging_profile_id": 1,
        "stack_level": 0,
        "charging_profile_purpose": "TxProfile",
        "charging_profile_kind": "Relative",
        "charging_schedule": {
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": 6}],
        },
    }
    outcome = await told(node, StartCharging(id_token=IdToken("A"), charging_profile=profile))
    assert isinstance(outcome, Accepted)
    assert outcome.response["remote_start_id"] == 7
    assert outcome.reason is not None
    assert "chargingProfile" in outcome.reason


@pytest.mark.parametrize("code", [ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED])
async def test_a_call_error_may_say_that_the_station_lacks_it(
    node: Gateway, code: ErrorCode
) -> None:
    connected(node, V1_6, ClearCache=code)
    assert await told(node, ClearCache()) == Unsupported(reason=f"{code}: so it is")


async def test_any_other_call_error_is_a_refusal(node: Gateway) -> None:
    connected(node, V1_6, ClearCache=ErrorCode.INTERNAL_ERROR)
    assert await told(node, ClearCache()) == Refused(
        status="InternalError", reason="so it is", response={"detail": 1}
    )


async def test_a_station_that_never_answers_leaves_no_answer(node: Gateway) -> None:
    connected(node, V1_6, ClearCache=SILENCE)
    outcome = await told(node, ClearCache())
    assert outcome == NoAnswer(reason="the station did not answer in time")


async def test_nobody_waits_longer_than_the_bound(node: Gateway) -> None:
    connected(node, V1_6, ClearCache=SILENCE)
    outcome = await told(node, ClearCache(), answer_s_max=0.01)
    assert outcome == NoAnswer(reason="no answer within 0.01 s")


async def test_an_answer_that_comes_after_the_bound_hurts_nobody(node: Gateway) -> None:
    end = connected(node, V1_6, ClearCache=SILENCE)
    await told(node, ClearCache(), answer_s_max=0.001)
    end.answer_at_last(ACCEPTED)
    end.answers["ClearCache"] = ACCEPTED
    assert await told(node, ClearCache()) == Accepted(response=ACCEPTED)


async def test_an_answer_that_cannot_be_read_is_no_answer(node: Gateway) -> None:
    connected(node, V1_6, ClearCache='[3,"ID",{"status":"Perhaps"}]')
    outcome = await told(node, ClearCache())
    assert isinstance(outcome, NoAnswer)
    assert outcome.reason is not None
    assert outcome.reason.startswith("the answer cannot be read")


async def test_a_connection_that_ends_leaves_no_answer_and_says_what_was_sent(
    node: Gateway,
) -> None:
    end = connected(node, V1_6)
    first = asyncio.create_task(told(node, ClearCache()))
    await end.heard.wait()
    second = asyncio.create_task(told(node, ClearCache()))
    await asyncio.sleep(0)
    end.close()
    assert await first == NoAnswer(reason="the connection has ended")
    assert await second == NoAnswer(reason="the connection has ended; it was not sent")


async def test_too_many_commands_at_once_are_not_sent(node: Gateway) -> None:
    connected(node, V1_6)
    outcomes = await asyncio.gather(*(told(node, ClearCache()) for _ in range(4)))
    unsent = [each for each in outcomes if isinstance(each, NoAnswer) and "not sent" in f"{each}"]
    assert len(unsent) == 1  # one is open and two may wait


async def test_a_station_that_is_not_connected_cannot_be_asked(node: Gateway) -> None:
    with pytest.raises(NotConnected):
        await told(node, ClearCache())
    connected(node, V1_6).close()
    with pytest.raises(NotConnected):
        await told(node, ClearCache())


@pytest.mark.parametrize("registration", [Registration.PENDING, Registration.REJECTED])
@pytest.mark.parametrize(
    "command", [ClearCache(), Raw(action="ClearCache", payload={})], ids=["command", "raw"]
)
async def test_nothing_is_sent_before_a_station_is_accepted(
    node: Gateway, registration: Registration, command: Command
) -> None:
    end = connected(node, V1_6, ClearCache=ACCEPTED)
    end.station.registration = registration
    outcome = await told(node, command)
    assert isinstance(outcome, Refused)
    assert outcome.status == registration.capitalize()
    assert end.asked == []


async def test_a_fresh_connection_speaks_first(node: Gateway) -> None:
    end = FarEnd(node, V1_6, ClearCache=ACCEPTED)
    asking = asyncio.create_task(told(node, ClearCache()))
    await a_few_turns()
    assert end.asked == []
    end.speak()
    assert await asking == Accepted(response=ACCEPTED)


async def test_what_a_fresh_connection_says_is_answered_before_it_is_asked(
    sqlite_store: Store,
) -> None:
    """Some stations get stuck if anything comes before the answer to their boot."""
    decision: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
    slow = Block("slow", v1={v16.HeartbeatRequest: lambda _: decision})
    node = gateway(sqlite_store, slow)
    end = connected(node, V1_6, ClearCache=ACCEPTED)
    asking = asyncio.create_task(told(node, ClearCache()))
    await a_few_turns()
    assert end.asked == []
    decision.set_result(Decision(v16.HeartbeatResponse(current_time=NOW)))
    assert await asking == Accepted(response=ACCEPTED)
    await node.drain()


async def test_a_connection_that_stays_silent_is_asked_all_the_same(node: Gateway) -> None:
    connected_and_silent = FarEnd(node, V1_6, ClearCache=ACCEPTED)
    assert await told(node, ClearCache(), silence_s_max=0.01) == Accepted(response=ACCEPTED)
    assert len(connected_and_silent.asked) == 1


async def test_a_connection_that_ends_before_it_was_heard_is_gone(node: Gateway) -> None:
    end = FarEnd(node, V1_6)
    asking = asyncio.create_task(told(node, ClearCache()))
    await asyncio.sleep(0)
    end.close()
    with pytest.raises(NotConnected):
        await asking


# Raw -----------------------------------------------------------------------------------------


async def test_raw_sends_any_message_of_the_version_as_it_is(node: Gateway) -> None:
    end = connected(node, V1_5, GetLocalListVersion={"listVersion": 3})
    outcome = await told(node, Raw(action="GetLocalListVersion", payload={}))
    assert outcome == Accepted(response={"listVersion": 3})
    assert end.asked == [v15.GetLocalListVersionRequest()]


@pytest.mark.parametrize(
    ("status", "kind"),
    [("Scheduled", Accepted), ("Rejected", Refused)],
)
async def test_raw_reads_the_status_as_a_command_would(
    node: Gateway, status: str, kind: type[Outcome]
) -> None:
    connected(node, V1_6, ChangeAvailability={"status": status})
    payload = {"connectorId": 0, "type": "Inoperative"}
    outcome = await told(node, Raw(action="ChangeAvailability", payload=payload))
    assert isinstance(outcome, kind)


@pytest.mark.parametrize("action", ["Heartbeat", "GetVariables", "Nonsense"])
async def test_raw_sends_no_message_that_the_version_lacks_or_that_stations_send(
    node: Gateway, action: str
) -> None:
    end = connected(node, V1_6)
    outcome = await told(node, Raw(action=action, payload={}))
    assert outcome == Unsupported(reason=f"OCPP 1.6 has no {action} to a station")
    assert end.asked == []


async def test_raw_sends_no_payload_that_breaks_the_schema(node: Gateway) -> None:
    end = connected(node, V1_6)
    outcome = await told(node, Raw(action="UnlockConnector", payload={"connectorId": "one"}))
    assert isinstance(outcome, Refused)
    assert outcome.status == "TypeConstraintViolation"
    assert end.asked == []


# Others --------------------------------------------------------------------------------------


async def test_a_block_may_ask_for_itself(node: Gateway) -> None:
    connected(node, V2_0_1, ClearCache=ACCEPTED, SetVariables=ErrorCode.INTERNAL_ERROR)
    desk = Desk(node, ())
    answer = await desk.ask(station(), v21.ClearCacheRequest())
    assert answer == v21.ClearCacheResponse(status=v21.ClearCacheStatusEnumType.ACCEPTED)
    lacking = await desk.ask(station(), v21.ClearTariffsRequest())
    assert lacking == Unsupported(reason="2.0.1 has no ClearTariffs")


class _Soap:
    """A station that is asked over SOAP."""

    def __init__(self) -> None:
        self.station = station(V1_5)
        self.first_answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.asked: list[Request] = []

    def speaker(self, tenant_id: object, station_id: str) -> Speaker | None:
        return self if (tenant_id, station_id) == (TENANT_ID, "CP1") else None

    async def ask(self, station: Station, request: Request) -> Ended:
        self.asked.append(request)
        status = v15.ClearCacheStatus.ACCEPTED
        return events.Answered("1", request, v15.ClearCacheResponse(status=status))


async def test_a_soap_station_is_asked_over_soap(node: Gateway) -> None:
    soap = _Soap()
    desk = Desk(node, blocks(), soap)
    asking = asyncio.create_task(desk(TENANT_ID, "CP1", ClearCache()))
    await a_few_turns()
    assert soap.asked == [], "what it says first has no answer yet"
    soap.first_answered.set_result(None)
    assert await asking == Accepted(response=ACCEPTED)
    assert soap.asked == [v15.ClearCacheRequest()]
    with pytest.raises(NotConnected):
        await desk(TENANT_ID, "CP2", ClearCache())


def test_two_blocks_may_not_translate_the_same_command(sqlite_store: Store) -> None:
    one = Block("one", commands_v1={ClearCache: tokens_v1.clear_cache})
    node: Any = None
    with pytest.raises(ValueError, match="clear-cache"):
        Desk(node, [one, one])


async def test_every_command_is_logged_with_its_outcome_and_without_its_content(
    node: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    connected(node, V1_6, ClearCache=ACCEPTED, ChangeConfiguration=ACCEPTED)
    secret = {"key": "AuthorizationKey", "value": "0123456789abcdef"}
    with caplog.at_level(logging.INFO, "chargeplane.csms.gateway.desk"):
        await told(node, ClearCache())
        await told(node, Raw(action="ChangeConfiguration", payload=secret))
        await told(node, StopCharging(transaction_id="x"))
    assert [record.getMessage() for record in caplog.records] == [
        "clear-cache: accepted Accepted",
        "raw ChangeConfiguration: accepted Accepted",
        "stop-charging: unsupported 1.x has numbers for transactions, and x is none",
    ]
    assert {vars(record)["station_id"] for record in caplog.records} == {"CP1"}
    assert vars(caplog.records[-1])["transaction_id"] == "x"


async def test_what_stations_are_asked_is_counted_by_action_and_outcome(
    sqlite_store: Store,
) -> None:
    metrics = Metrics()
    limits = Limits(call_timeout_s=0.05)
    node = Gateway((), sqlite_store, Bus(), SystemClock(), limits=limits, meter=Meter(metrics))
    connected(
        node,
        V1_6,
        ClearCache=ACCEPTED,
        Reset='[4,"ID","MyOwnError","",{}]',
        UnlockConnector=SILENCE,
    )
    desk = Desk(node, blocks())
    for _ in range(2):
        await desk(TENANT_ID, "CP1", ClearCache())
    await desk(TENANT_ID, "CP1", Raw(action="Reset", payload={"type": "Hard"}))
    asking = asyncio.ensure_future(desk(TENANT_ID, "CP1", UnlockConnector(evse_id=1)))
    await a_few_turns()
    assert b'chargeplane_queue_depth{queue="commands"} 1.0' in metrics.text()
    await asking
    assert metrics.requests_sent.counts() == {
        ("ClearCache", "answered"): 2,
        ("Reset", "GenericError"): 1,
        ("UnlockConnector", "no-answer"): 1,
    }
    assert b'chargeplane_queue_depth{queue="commands"} 0.0' in metrics.text()
    await node.drain()
