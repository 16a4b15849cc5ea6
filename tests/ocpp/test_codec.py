"""Payloads: what is read, what is refused, what is written."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from chargeplane.ocpp import codec, v12, v16, v21, v201
from chargeplane.ocpp.catalogue import actions
from chargeplane.ocpp.errors import ErrorCode, LocalError, RemoteError
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import CustomDataType, Response
from tests.ocpp.family.strategies import messages

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def heartbeat(time: datetime) -> str:
    text: str = json.loads(codec.encode(v201.HeartbeatResponse(current_time=time)))["currentTime"]
    return text


def schedule(limit: str) -> bytes:
    return (
        '{"status":"Accepted","chargingSchedule":{"chargingRateUnit":"A",'
        f'"chargingSchedulePeriod":[{{"startPeriod":0,"limit":{limit}}}]}}}}'
    ).encode()


def limit_of(limit: str) -> Decimal:
    message = codec.decode(v16.GetCompositeScheduleResponse, schedule(limit))
    assert message.charging_schedule is not UNSET
    return message.charging_schedule.charging_schedule_period[0].limit


# Times


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [
        (0, "2026-03-01T12:00:00Z"),
        (999, "2026-03-01T12:00:00Z"),
        (1_000, "2026-03-01T12:00:00.001Z"),
        (999_999, "2026-03-01T12:00:00.999Z"),
        (500_000, "2026-03-01T12:00:00.500Z"),
    ],
)
def test_a_time_is_cut_to_three_decimals_and_never_rounded_up(microsecond: int, text: str) -> None:
    assert heartbeat(NOON.replace(microsecond=microsecond)) == text


def test_an_offset_is_kept() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    assert heartbeat(NOON.astimezone(india)) == "2026-03-01T17:30:00+05:30"
    cut = NOON.astimezone(india).replace(microsecond=1_234)
    assert heartbeat(cut) == "2026-03-01T17:30:00.001+05:30"
    message = codec.decode(v16.HeartbeatResponse, b'{"currentTime":"2026-03-01T17:30:00+05:30"}')
    assert message.current_time == NOON
    assert message.current_time.utcoffset() == timedelta(hours=5, minutes=30)


def test_a_time_inside_a_text_is_left_alone() -> None:
    request = v16.DataTransferRequest(vendor_id="x", data="at 2026-03-01T12:00:00.123456Z")
    assert b"12:00:00.123456Z" in codec.encode(request)


def test_a_time_without_a_zone_is_refused_in_both_directions() -> None:
    with pytest.raises(LocalError, match="is not a date and time with a zone"):
        codec.encode(v21.HeartbeatResponse(current_time=NOON.replace(tzinfo=None)))
    with pytest.raises(RemoteError, match="is not a date and time with a zone"):
        codec.decode(v21.HeartbeatResponse, b'{"currentTime":"2026-03-01T12:00:00"}')


@given(st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)))  # noqa: DTZ001
def test_any_instant_comes_back_cut_to_milliseconds(time: datetime) -> None:
    message = v201.HeartbeatResponse(current_time=time)
    again = codec.decode(v201.HeartbeatResponse, codec.encode(message))
    assert again.current_time == time.replace(microsecond=time.microsecond // 1000 * 1000)


# Decimals


@pytest.mark.parametrize("text", ["16.1", "0.3", "-0.1", "32", "1234567.9", "0.0", "16.10", "1e27"])
def test_a_limit_in_tenths_is_read_exactly(text: str) -> None:
    assert limit_of(text) == Decimal(text)


@pytest.mark.parametrize("text", ["16.15", "0.05", "0.30000000000000004", "1e-9"])
def test_a_limit_between_two_tenths_is_refused(text: str) -> None:
    with pytest.raises(RemoteError, match=r"limit` is not a multiple of 0\.1") as caught:
        limit_of(text)
    assert caught.value.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


@pytest.mark.parametrize("text", ['"16.1"', "null", "true", "[]", "NaN"])
def test_a_limit_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(RemoteError):
        limit_of(text)


def test_a_limit_is_read_to_its_last_digit() -> None:
    assert limit_of("1e400") == Decimal("1e400")
    with pytest.raises(RemoteError, match="not a multiple"):
        limit_of("16.10000000000000000000001")


@given(st.integers(-(10**9), 10**9))
def test_every_tenth_survives_the_wire(tenths: int) -> None:
    limit = Decimal(tenths) / 10
    assert limit_of(str(limit)) == limit
    message = codec.decode(v16.GetCompositeScheduleResponse, schedule(str(limit)))
    assert codec.decode(v16.GetCompositeScheduleResponse, codec.encode(message)) == message


def test_what_breaks_the_schema_is_not_sent() -> None:
    period = v16.ChargingSchedulePeriod(start_period=0, limit=Decimal("16.15"))
    unsendable = v16.GetCompositeScheduleResponse(
        status=v16.GetCompositeScheduleStatus.ACCEPTED,
        charging_schedule=v16.ChargingSchedule(
            charging_rate_unit=v16.ChargingRateUnitType.A, charging_schedule_period=[period]
        ),
    )
    with pytest.raises(LocalError, match=r"not a multiple of 0\.1"):
        codec.encode(unsendable)
    with pytest.raises(LocalError, match="longer than 20 characters"):
        codec.encode(v16.AuthorizeRequest(id_tag="x" * 21))
    with pytest.raises(LocalError):
        codec.encode(v16.AuthorizeRequest(id_tag=object()))  # type: ignore[arg-type]


# Integers


def test_1_0_is_an_integer_for_2_x_and_not_for_1_x() -> None:
    message = codec.decode(v21.ClearDisplayMessageRequest, b'{"id":1.0}')
    assert message.id == 1
    assert type(message.id) is int
    for expected, name in (
        (v16.RemoteStopTransactionRequest, "1.6"),
        (v12.RemoteStopTransactionRequest, "1.2"),
    ):
        with pytest.raises(RemoteError, match=rf"{name} .*`\$\.transactionId` is not an integer"):
            codec.decode(expected, b'{"transactionId":1.0}')


@pytest.mark.parametrize("text", ["1.5", "-1.0", "true", '"1"', "1e400"])
def test_other_numbers_are_no_integer_or_break_its_limits(text: str) -> None:
    with pytest.raises(RemoteError):
        codec.decode(v21.ClearDisplayMessageRequest, f'{{"id":{text}}}')


def test_a_limit_holds_for_1_0_as_well_and_is_named() -> None:
    with pytest.raises(RemoteError, match=r"`\$\.id` is less than 0"):
        codec.decode(v21.ClearDisplayMessageRequest, b'{"id":-1.0}')


def test_1_2_and_1_5_have_the_integers_of_xml_schema() -> None:
    message = codec.decode(v12.UnlockConnectorRequest, b'{"connectorId":2147483647}')
    assert message.connector_id == 2**31 - 1
    with pytest.raises(RemoteError, match="is greater than 2147483647"):
        codec.decode(v12.UnlockConnectorRequest, b'{"connectorId":2147483648}')


# Members


def test_custom_data_keeps_members_that_nobody_knows() -> None:
    payload = {"customData": {"vendorId": "org.example", "deep_name": {"a": [1, None, "ü"]}}}
    message = codec.decode(v201.HeartbeatRequest, json.dumps(payload))
    assert isinstance(message.custom_data, CustomDataType)
    assert message.custom_data.vendor_id == "org.example"
    assert json.loads(codec.encode(message)) == payload


def test_custom_data_needs_a_vendor() -> None:
    with pytest.raises(RemoteError, match=r"`\$\.customData\.vendorId` is missing") as caught:
        codec.decode(v201.HeartbeatRequest, b'{"customData":{"x":1}}')
    assert caught.value.code is ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION


def test_what_was_not_sent_stays_away() -> None:
    message = codec.decode(v16.StopTransactionResponse, b"{}")
    assert message.id_tag_info is UNSET
    assert codec.encode(message) == b"{}"


def test_null_is_no_value() -> None:
    with pytest.raises(RemoteError) as caught:
        codec.decode(v16.StopTransactionResponse, b'{"idTagInfo":null}')
    assert caught.value.code is ErrorCode.TYPE_CONSTRAINT_VIOLATION


def test_the_data_of_a_2_x_data_transfer_may_be_anything() -> None:
    values: tuple[Any, ...] = (None, 1.5, "x", [], {"a": None})
    for data in values:
        text = json.dumps({"vendorId": "x", "data": data})
        message = codec.decode(v201.DataTransferRequest, text)
        assert message.data == data
        assert json.loads(codec.encode(message)) == json.loads(text)


@pytest.mark.parametrize("unit", ["Celcius", "Celsius"])
def test_1_6_has_both_spellings_of_celsius(unit: str) -> None:
    sample = {"value": "21", "measurand": "Temperature", "unit": unit}
    values = [{"timestamp": "2026-03-01T12:00:00Z", "sampledValue": [sample]}]
    payload = {"connectorId": 1, "meterValue": values}
    message = codec.decode(v16.MeterValuesRequest, json.dumps(payload))
    assert json.loads(codec.encode(message)) == payload


# Errors


def test_an_error_names_version_message_place_and_rule() -> None:
    payload: dict[str, Any] = {
        "eventType": "Started",
        "timestamp": "2026-03-01T12:00:00Z",
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "x" * 37},
    }
    with pytest.raises(RemoteError) as caught:
        codec.decode(v201.TransactionEventRequest, json.dumps(payload))
    sentence = "`$.transactionInfo.transactionId` is longer than 36 characters"
    assert caught.value.description == f"2.0.1 TransactionEvent request: {sentence}"
    assert caught.value.details == {"violations": [sentence]}
    assert caught.value.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


def test_many_faults_are_counted_but_not_all_told() -> None:
    payload = {f"x{number}": 1 for number in range(25)}
    with pytest.raises(RemoteError, match="and 20 more") as caught:
        codec.decode(v16.HeartbeatRequest, json.dumps(payload))
    assert len(caught.value.details["violations"]) == 20
    assert caught.value.code is ErrorCode.FORMAT_VIOLATION


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"a":1,}', b"\xff", b"{}{}", b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"]
)
def test_what_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(RemoteError) as caught:
        codec.decode(v16.HeartbeatRequest, text)
    assert caught.value.code is ErrorCode.FORMAT_VIOLATION


@pytest.mark.parametrize("text", [b"[]", b"null", b'"x"', b"7"])
def test_a_payload_is_an_object(text: bytes) -> None:
    with pytest.raises(RemoteError, match=r"`\$` is not an object") as caught:
        codec.decode(v16.HeartbeatRequest, text)
    assert caught.value.code is ErrorCode.TYPE_CONSTRAINT_VIOLATION


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_give_a_message_or_a_remote_error(data: bytes) -> None:
    for expected in (v21.DataTransferRequest, v16.AuthorizeRequest, v12.HeartbeatRequest):
        with suppress(RemoteError):
            codec.decode(expected, data)


# Payloads


def test_a_parsed_payload_is_built_with_the_same_verdict() -> None:
    request = v21.ResetRequest(type=v21.ResetEnumType.ON_IDLE, evse_id=1)
    assert codec.payload_of(request) == {"type": "OnIdle", "evseId": 1}
    assert codec.build(v21.ResetRequest, codec.payload_of(request)) == request
    with pytest.raises(RemoteError, match="is not one of Immediate, OnIdle"):
        codec.build(v21.ResetRequest, {"type": "Now"})


def test_messages_have_names() -> None:
    assert codec.name_of(v201.TransactionEventRequest) == "2.0.1 TransactionEvent request"
    assert codec.name_of(v12.HeartbeatResponse) == "1.2 Heartbeat response"


# Whole frames


@pytest.mark.parametrize("version", list(Version))
def test_an_answer_read_with_its_frame_says_what_it_says_alone(version: Version) -> None:
    answers = (each.response for each in actions(version).values() if each.response)
    for kind in answers:
        for message in messages(kind, 4):
            payload = codec.encode(message).decode()
            frame = codec.result_decoder(kind)(f'[3,"m1",{payload}]')
            assert frame == (3, "m1", codec.decode(kind, payload))


@pytest.mark.parametrize("kind", [v16.GetCompositeScheduleResponse, v16.ClearCacheResponse])
@pytest.mark.parametrize(
    "frame",
    [
        '[4,"m1",{"status":"Accepted"}]',
        '[3,"m1",{"status":"Accepted"},0]',
        '[3,"m1",{"status":"Perhaps"}]',
        '[3,"",{"status":"Accepted"}]',
        '[3,"m1"]',
        "[3",
    ],
)
def test_what_is_no_answer_is_not_read_as_one(kind: type[Response], frame: str) -> None:
    with pytest.raises((RemoteError, msgspec.MsgspecError)):
        codec.result_decoder(kind)(frame)
