"""MeterValues outside transactions, in both families."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chargeplane.csms import metering
from chargeplane.csms.contract import Block, Decision, Heard
from chargeplane.csms.metering import tables
from chargeplane.domain.addresses import STATION, EvseAddress
from chargeplane.domain.events import Event, MeterSampled, decode, encode
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.codec import build
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.store import Store
from tests.csms.making import NOW, TENANT_ID, heard, kept, station

TAKEN = Decision(v16.MeterValuesResponse())


def block() -> Block:
    return metering.block(lambda _: TAKEN, lambda _: TAKEN)


CLOCK = "Sample.Clock"


def at_times(value: object, context: str | None, *times: datetime) -> list[dict[str, Any]]:
    sample = {"value": value} | ({"context": context} if context else {})
    return [{"timestamp": each.isoformat(), "sampledValue": [sample]} for each in times]


def of_1x(
    connector_id: int = 1,
    times: Iterable[datetime] = (NOW,),
    context: str | None = CLOCK,
    **more: Any,
) -> Heard:
    values = at_times("17", context, *times)
    payload = {"connectorId": connector_id, "meterValue": values, **more}
    return heard(station(Version.V1_6), build(v16.MeterValuesRequest, payload))


def of_2x(
    evse_id: int = 1, times: Iterable[datetime] = (NOW,), context: str | None = CLOCK
) -> Heard:
    values = at_times(17, context, *times)
    payload = {"evseId": evse_id, "meterValue": values}
    return heard(station(), build(v21.MeterValuesRequest, payload))


def decide(message: Heard) -> Decision:
    kind = type(message.request)
    handlers = block().v1 if kind in block().v1 else block().v2
    decision = handlers[kind](message)
    assert isinstance(decision, Decision)  # at once: nothing is read
    return decision


def event_of(decision: Decision) -> MeterSampled:
    (event,) = decision.events
    assert isinstance(event, MeterSampled)
    return event


def same_frame(one: Heard, other: Heard) -> Heard:
    return replace(one, frame_id=other.frame_id)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_both_families_leave_the_same_rows_and_events(number: int) -> None:
    first = of_1x(number)
    one, two = decide(first), decide(same_frame(of_2x(number), first))
    assert one.rows == two.rows
    assert one.events == two.events
    assert event_of(one).evse == (EvseAddress(number) if number else STATION)
    assert isinstance(one.response, v16.MeterValuesResponse)
    assert isinstance(two.response, v21.MeterValuesResponse)


def test_the_answer_waits_for_nothing() -> None:
    assert not decide(of_1x()).durable
    assert not decide(of_2x()).durable


@pytest.mark.parametrize(
    ("connector_id", "transaction_id", "is_of_transaction"),
    [
        (1, None, False),
        (0, None, False),
        (1, 17, True),
        (0, 17, True),
        (1, 0, True),
        (1, -1, True),
        (0, 0, False),
        (0, -1, False),
        (0, 9223372036854775807, False),
    ],
)
def test_values_of_a_transaction_go_to_whoever_keeps_transactions(
    connector_id: int, transaction_id: int | None, is_of_transaction: bool
) -> None:
    more: dict[str, Any] = {} if transaction_id is None else {"transactionId": transaction_id}
    assert (decide(of_1x(connector_id, **more)) is TAKEN) == is_of_transaction


# A periodic sample, which one without context is, is one relative to the start of a transaction.
@pytest.mark.parametrize(
    ("number", "context", "is_of_transaction"),
    [
        (1, None, True),
        (1, "Sample.Periodic", True),
        (1, "Transaction.End", True),
        (1, "Trigger", False),
        (1, "Sample.Clock", False),
        (0, "Sample.Periodic", False),
    ],
)
def test_values_that_only_a_transaction_has_go_to_whoever_keeps_transactions(
    number: int, context: str | None, is_of_transaction: bool
) -> None:
    assert (decide(of_1x(number, context=context)) is TAKEN) == is_of_transaction
    assert (decide(of_2x(number, context=context)) is TAKEN) == is_of_transaction


def test_a_message_of_several_times_stands_at_the_last_one() -> None:
    last = NOW - timedelta(minutes=1)
    event = event_of(
        decide(of_1x(times=[NOW - timedelta(hours=1), last, NOW - timedelta(hours=2)]))
    )
    assert event.reported_at == last
    assert len(event.meter_values) == 3


def test_a_message_with_an_impossible_time_stands_at_its_arrival() -> None:
    stopped = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    decision = decide(of_2x(times=[stopped]))
    ((_, row),) = decision.rows
    assert row[3] == NOW
    assert event_of(decision).meter_values[0].sampled_at == stopped


def test_a_message_without_values_leaves_nothing() -> None:
    decision = decide(of_1x(times=[]))
    assert (decision.rows, decision.events) == ((), ())


def test_an_event_with_a_value_that_is_no_number_can_be_told() -> None:
    payload = {
        "connectorId": 1,
        "meterValue": [
            {"timestamp": NOW.isoformat(), "sampledValue": [{"value": "n/a\0", "context": CLOCK}]}
        ],
    }
    event = event_of(decide(heard(station(Version.V1_6), build(v16.MeterValuesRequest, payload))))
    told: Event = decode(encode(event))
    assert isinstance(told, MeterSampled)
    assert told.meter_values[0].value.is_nan()
    assert replace(told, meter_values=()) == replace(event, meter_values=())


async def test_what_was_kept_is_read_back_as_it_was(store: Store) -> None:
    signed = {"value": 's\0\u00e9"\\', "format": "SignedData", "measurand": "Voltage"}
    samples = [{"value": "n/a"}, {"value": "230.10", "unit": "V", "measurand": "Voltage"}, signed]
    for each in samples:
        each["context"] = CLOCK
    payload = {
        "connectorId": 3,
        "meterValue": [{"timestamp": NOW.isoformat(), "sampledValue": samples}],
    }
    decision = decide(heard(station(Version.V1_6), build(v16.MeterValuesRequest, payload)))
    await kept(store, decision)
    await kept(store, decision)  # a repetition under the same frame is one row
    (found,) = await store.read(lambda c: tables.after(c, TENANT_ID, "CP1", count_max=10))
    assert (found.evse_id, found.sampled_at, found.received_at) == (3, NOW, NOW)
    said = event_of(decision).meter_values
    assert found.values[0].value.is_nan()
    assert found.values[1:] == said[1:]
    assert said[1].signed_data == signed["value"]
