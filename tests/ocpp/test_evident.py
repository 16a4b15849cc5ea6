"""The test that spares the reading back: it may doubt, but never be wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from msgspec import UNSET, structs

from chargeplane.ocpp import v16, v21, v201
from chargeplane.ocpp.codec import encode, encode_evident, encode_unchecked
from chargeplane.ocpp.errors import LocalError
from chargeplane.ocpp.evident import evident
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import CustomDataType, Message, Request, Response
from tests.ocpp.family.strategies import message_types, messages

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACCEPTED = v201.RegistrationStatusEnumType.ACCEPTED
BOOT = v201.BootNotificationResponse(current_time=NOON, interval=300, status=ACCEPTED)
ID_TOKEN_INFO = v201.IdTokenInfoType(status=v201.AuthorizationStatusEnumType.ACCEPTED)


class Text(str):
    """A text of another type."""

    __slots__ = ()


STRANGE: tuple[object, ...] = (
    *(None, UNSET, True, False, 0, 1, -1, 10, 101, 10**5, 2**31, -(2**70), 10**5000),
    *(0.0, 1.0, -1e-320, 100.5, 1e308, math.nan, math.inf, -math.inf),
    *("", "x", "Accepted", "x" * 21, "x" * 5000, "é" * 20, "\ud800", '"\\\n', Text("x")),
    *(NOON, NOON.replace(tzinfo=None), NOON.replace(microsecond=1500), NOON.date()),
    *(NOON.astimezone(timezone(timedelta(hours=2))), datetime(1, 1, 1, tzinfo=UTC)),
    *(ACCEPTED, v16.RegistrationStatus.ACCEPTED, v16.HeartbeatResponse(current_time=NOON)),
    *([], [1], (), {}, b"", object(), CustomDataType(), CustomDataType(vendorId="x")),
)


def spoilt(message: Message, random: Random) -> Message:
    """The message with something strange in it, at any depth."""
    group: Any = message
    name = random.choice(group.__struct_fields__)
    value = getattr(group, name)
    deeper = hasattr(value, "__struct_fields__") and random.random() < 0.7
    new = spoilt(value, random) if deeper else random.choice(STRANGE)
    spoilt_message: Message = structs.replace(group, **{name: new})
    return spoilt_message


def strange_messages(kind: type[Request | Response]) -> Iterator[Message]:
    random = Random(kind.__name__)
    for message in messages(kind, 8):
        yield message
        for _ in range(30 if message.__struct_fields__ else 0):
            yield spoilt(message, random)


def check(message: Message) -> bool:
    """Whether it is evident; if so, it must be what ``encode`` lets out."""
    if not evident(type(message))(message):
        return False
    text = encode(message)
    assert encode_unchecked(message) == text
    assert encode_evident((3, "m1", message)) == b'[3,"m1",' + text + b"]"
    return True


@pytest.mark.parametrize("version", list(Version))
def test_what_is_evident_keeps_its_schema_and_is_written_as_it_stands(version: Version) -> None:
    kinds = message_types(version)
    found = [check(message) for kind in kinds for message in strange_messages(kind)]
    assert any(found)
    assert not all(found)


def test_what_breaks_its_schema_is_found_by_the_same_strange_values() -> None:
    """The test above proves something: many of its messages may not be sent."""
    refused = 0
    for message in strange_messages(v201.BootNotificationResponse):
        try:
            encode(message)
        except LocalError:
            refused += 1
            assert not evident(type(message))(message)
    assert refused > 50


@pytest.mark.parametrize(
    "usual",
    [
        BOOT,
        v201.MeterValuesResponse(),
        v201.TransactionEventResponse(),
        v201.TransactionEventResponse(total_cost=1.5, id_token_info=ID_TOKEN_INFO),
        v201.AuthorizeResponse(id_token_info=ID_TOKEN_INFO),
        v21.HeartbeatResponse(current_time=NOON),
        v16.StatusNotificationResponse(),
        v16.StartTransactionResponse(
            transaction_id=1_000_000_007,
            id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED, expiry_date=NOON),
        ),
    ],
    ids=lambda message: f"{type(message).__module__.split('.')[2]}-{type(message).__name__}",
)
def test_the_usual_answers_are_evident(usual: Response) -> None:
    assert check(usual)


@pytest.mark.parametrize(
    "doubtful",
    [
        structs.replace(BOOT, current_time=NOON.replace(microsecond=1)),
        structs.replace(BOOT, current_time=NOON.astimezone(timezone(timedelta(hours=1)))),
        structs.replace(BOOT, interval=2**40),
        structs.replace(BOOT, custom_data=CustomDataType(vendorId="org.example")),
    ],
    ids=["fraction of a second", "other zone", "large number", "custom data"],
)
def test_a_right_message_may_be_in_doubt(doubtful: Response) -> None:
    assert encode(doubtful)
    assert not evident(type(doubtful))(doubtful)


def test_a_message_of_another_type_is_not_evident() -> None:
    assert not evident(v201.MeterValuesResponse)(v16.MeterValuesResponse())
    assert not evident(v201.MeterValuesResponse)(None)
