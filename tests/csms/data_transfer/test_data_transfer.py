"""A vendor's own messages, both ways."""

from __future__ import annotations

from typing import Any

import pytest

from chargeplane.csms import data_transfer
from chargeplane.csms.contract import Ask, Decision
from chargeplane.domain.commands import Accepted, DataTransfer, Refused
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.codec import payload_of
from chargeplane.ocpp.versions import Version
from tests.csms.making import heard, station

BLOCK = data_transfer.block()


def test_no_vendor_of_a_station_is_known_in_either_family() -> None:
    one = BLOCK.v1[v16.DataTransferRequest](
        heard(station(Version.V1_6), v16.DataTransferRequest(vendor_id="com.example"))
    )
    two = BLOCK.v2[v21.DataTransferRequest](
        heard(station(), v21.DataTransferRequest(vendor_id="com.example", data={"a": 1}))
    )
    assert isinstance(one, Decision)
    assert isinstance(two, Decision)
    assert payload_of(one.response) == payload_of(two.response) == {"status": "UnknownVendorId"}
    assert (one.rows, one.events) == (two.rows, two.events) == ((), ())


def asked(version: Version, command: DataTransfer) -> Ask:
    commands = BLOCK.commands_v1 if version is Version.V1_6 else BLOCK.commands_v2
    ask = commands[DataTransfer](station(version), command)
    assert isinstance(ask, Ask)
    return ask


@pytest.mark.parametrize(
    ("data", "as_text"),
    [("plain", "plain"), ({"a": [1, None]}, '{"a":[1,null]}'), (0, "0"), (False, "false")],
)
def test_data_is_text_in_1x_and_anything_in_2x(data: Any, as_text: str) -> None:
    command = DataTransfer(vendor_id="com.example", message_id="hello", data=data)
    payload = {"vendorId": "com.example", "messageId": "hello"}
    assert payload_of(asked(Version.V1_6, command).request) == {**payload, "data": as_text}
    assert payload_of(asked(Version.V2_1, command).request) == {**payload, "data": data}


@pytest.mark.parametrize("version", [Version.V1_6, Version.V2_1])
def test_what_is_not_given_is_left_out(version: Version) -> None:
    ask = asked(version, DataTransfer(vendor_id="com.example"))
    assert payload_of(ask.request) == {"vendorId": "com.example"}


def test_only_accepted_is_good_news() -> None:
    ask = asked(Version.V2_1, DataTransfer(vendor_id="com.example"))
    status = v21.DataTransferStatusEnumType
    accepted = ask.read(v21.DataTransferResponse(status=status.ACCEPTED, data={"b": 2}))
    assert accepted == Accepted(response={"status": "Accepted", "data": {"b": 2}})
    refused = ask.read(v21.DataTransferResponse(status=status.UNKNOWN_MESSAGE_ID))
    assert isinstance(refused, Refused)
    assert refused.status == "UnknownMessageId"
