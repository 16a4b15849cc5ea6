"""What the generated types are made of."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.catalogue import actions
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import CustomDataType, decode_custom, given


def test_a_message_cannot_be_changed() -> None:
    request = v16.AuthorizeRequest(id_tag="A")
    with pytest.raises(AttributeError):
        request.id_tag = "B"  # type: ignore[misc]
    assert msgspec.structs.replace(request, id_tag="B") == v16.AuthorizeRequest(id_tag="B")


def test_fields_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        v16.AuthorizeRequest("A")  # type: ignore[call-arg]


def test_what_was_not_sent_is_unset_and_falsy_and_given_turns_it_into_none() -> None:
    status = v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED)
    assert status.parent_id_tag is UNSET
    assert not status.parent_id_tag
    assert given(status.parent_id_tag) is None
    assert given(status.status) is v16.AuthorizationStatus.ACCEPTED
    assert given(0) == 0
    assert given("") == ""


def test_custom_data_keeps_the_names_of_the_vendor() -> None:
    data = decode_custom(CustomDataType, {"vendorId": "org.example", "some_thing": [1, None]})
    assert isinstance(data, CustomDataType)
    assert data.vendor_id == "org.example"
    assert data["some_thing"] == [1, None]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "Expected `object`, got `list`"),
        ("x", "Expected `object`, got `str`"),
        ({}, "missing required field `vendorId`"),
        ({"vendorId": 7}, "Expected `str`, got `int`"),
        ({"vendorId": "x" * 256}, "length <= 255"),
    ],
)
def test_custom_data_without_a_proper_vendor_is_refused(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode_custom(CustomDataType, value)


def test_custom_data_is_the_only_type_that_msgspec_does_not_know() -> None:
    with pytest.raises(NotImplementedError):
        decode_custom(complex, 1)


@pytest.mark.parametrize("version", list(Version))
def test_wire_names_are_never_none_and_null_has_no_place_in_a_type(version: Version) -> None:
    for action in actions(version).values():
        for message in (action.request, action.response):
            for field in msgspec.structs.fields(message) if message else ():
                assert type(None) not in getattr(field.type, "__args__", ()), field
                assert field.required or field.default is UNSET, field


@pytest.mark.parametrize(
    ("field", "wire_name"),
    [("soc", "soC"), ("soh", "soH"), ("evse_id", "evseId"), ("serial_number", "serialNumber")],
)
def test_names_keep_the_case_of_the_specification_on_the_wire(field: str, wire_name: str) -> None:
    names = {each.name: each.encode_name for each in msgspec.structs.fields(v21.BatteryDataType)}
    assert names[field] == wire_name
