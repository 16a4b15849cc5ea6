"""Payload repairs together: what a station tells is kept, what a CSMS orders is not bent."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.ocpp import v16, v21, v201
from chargeplane.ocpp.catalogue import actions, find
from chargeplane.ocpp.codec import build, encode
from chargeplane.ocpp.tolerance import REPAIRS, TOLERANT, Repair
from chargeplane.ocpp.tolerance.payloads import REPAIRS_MAX, may_lose
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.violations import violations
from tests.ocpp.tolerance.frames import EVENT, STATUS, STOP, T, meter_values, profile


def repaired(expected: type, payload: object) -> Any:
    found = TOLERANT.payload(expected, payload)
    return found[0] if found else None


def names_of(expected: type, payload: object) -> list[str]:
    found = TOLERANT.payload(expected, payload)
    return [repair.name for repair in found[1]] if found else []


def test_a_transaction_is_not_lost_for_its_details() -> None:
    stop = {
        "TransactionID": None,
        "idTag": "X" * 25,
        "timestamp": "2024-05-06 07:08:09",
        "meterStop": "1200.4",
        "reason": "Unplugged by somebody",
        "transactionData": {
            "timestamp": T,
            "sampledValue": [{"value": 3, "unit": "Hz"}, {"value": None}, "broken"],
        },
        "vendor": {"a": 1},
    }
    assert repaired(v16.StopTransactionRequest, stop) == {
        "transactionId": -1,
        "idTag": "X" * 20,
        "timestamp": T,
        "meterStop": 1200,
        "reason": "Other",
        "transactionData": [{"timestamp": T, "sampledValue": [{"value": "3"}]}],
    }
    assert stop["idTag"] == "X" * 25


def test_an_event_of_a_transaction_is_not_lost_for_its_details() -> None:
    event = EVENT | {
        "eventType": "Stopped",
        "triggerReason": "Unheard",
        "seqNo": -3,
        "evse": "2",
        "idToken": {"idToken": "AB12", "type": "RFID"},
        "meterValue": [{"timestamp": T, "sampledValue": [{"value": "x"}]}],
    }
    expected = EVENT | {
        "eventType": "Ended",
        "triggerReason": "AbnormalCondition",
        "evse": {"id": 2},
        "idToken": {"idToken": "AB12", "type": "ISO14443"},
    }
    assert repaired(v201.TransactionEventRequest, event) == expected | {"seqNo": -3}
    # In 2.1 the type of a token is no enumeration any more, and a sequence number not negative.
    more = {"seqNo": 0, "idToken": event["idToken"]}
    assert repaired(v21.TransactionEventRequest, event) == expected | more


def test_what_cannot_be_known_gets_a_value_that_says_so() -> None:
    start = {"idTag": "AB12", "meterStart": None, "timestamp": "yesterday"}
    assert repaired(v16.StartTransactionRequest, start) == {
        "connectorId": 0,
        "idTag": "AB12",
        "meterStart": -1,
        "timestamp": "1970-01-01T00:00:00Z",
    }


@pytest.mark.parametrize("payload", [{}, None, {"reason": "Local"}, {"transactionId": None}])
def test_a_message_that_says_nothing_is_not_made_up(payload: object) -> None:
    assert TOLERANT.payload(v16.StopTransactionRequest, payload) is None
    assert TOLERANT.payload(v16.BootNotificationRequest, payload) is None


def test_the_identity_that_authorises_is_never_cut() -> None:
    long = {"idTag": "X" * 21}
    assert TOLERANT.payload(v16.AuthorizeRequest, long) is None
    assert repaired(v16.AuthorizeRequest, {"idtag": 42, "connectorId": 1}) == {"idTag": "42"}


def test_a_certificate_is_never_left_out_of_an_authorization() -> None:
    authorize = {"idToken": {"idToken": "DE8AA", "type": "eMAID"}, "certificate": "A" * 6000}
    assert TOLERANT.payload(v201.AuthorizeRequest, authorize) is None


def test_an_order_is_carried_out_as_it_was_meant_or_not_at_all() -> None:
    order = profile(16.0)
    order["csChargingProfiles"]["validTo"] = "some time"
    assert TOLERANT.payload(v16.SetChargingProfileRequest, order) is None
    order["csChargingProfiles"]["validTo"] = "2024-05-06T07:08:09"
    order["csChargingProfiles"]["chargingSchedule"]["chargingRateUnit"] = "Power"
    assert names_of(v16.SetChargingProfileRequest, order) == ["date-without-zone", "enum-synonym"]


def test_what_a_station_tells_may_lose_a_part_and_what_it_is_told_may_not() -> None:
    for version in Version:
        table = actions(version)
        assert not may_lose(table["Authorize"].request)
        assert may_lose(table["BootNotification"].request)
        assert not may_lose(table["Reset"].request)
        assert not may_lose(table["BootNotification"].response or object)
        assert may_lose(table["Reset"].response or object)


def test_a_lossy_repair_is_marked_as_such() -> None:
    lossy = {name for name, rule in REPAIRS.items() if rule.lossy}
    assert "too-long" in lossy
    assert "unusable-part" in lossy
    assert not lossy & {"number-for-string", "null-member", "unknown-member", "enum-spelling"}


def test_a_fault_that_a_repair_uncovers_is_repaired_in_turn() -> None:
    values = meter_values({"value": True, "phase": 2, "Context": "SAMPLE_CLOCK"})
    assert repaired(v16.MeterValuesRequest, values) == meter_values(
        {"value": "true", "phase": "L2", "context": "Sample.Clock"}
    )
    assert names_of(v16.MeterValuesRequest, values) == [
        "member-spelling",
        "boolean-for-string",
        "enum-spelling",
        "number-for-string",
        "enum-synonym",
    ]


def test_items_are_left_out_without_moving_the_others() -> None:
    values = meter_values(*({"value": str(n)} if n % 3 else {"unit": "Wh"} for n in range(10)))
    kept = repaired(v16.MeterValuesRequest, values)["meterValue"][0]["sampledValue"]
    assert [item["value"] for item in kept] == ["1", "2", "4", "5", "7", "8"]
    found = TOLERANT.payload(v16.MeterValuesRequest, values)
    assert found is not None
    assert found[1][-1].path == "$.meterValue[0].sampledValue[0]"


def test_an_emptied_list_goes_with_the_part_around_it() -> None:
    event = EVENT | {"meterValue": [{"timestamp": T, "sampledValue": [None]}]}
    assert repaired(v201.TransactionEventRequest, event) == EVENT


def test_a_null_makes_way_for_the_misspelt_member_beside_it() -> None:
    authorize = {"idTag": None, "idtag": "AB12", "IDTAG": "CD34"}
    assert repaired(v16.AuthorizeRequest, authorize) in ({"idTag": "AB12"}, {"idTag": "CD34"})


def test_a_member_is_not_moved_where_it_would_replace_another() -> None:
    event = EVENT | {"transactionId": "other"}
    assert repaired(v201.TransactionEventRequest, event) == EVENT
    assert names_of(v201.TransactionEventRequest, event) == ["unknown-member"]


def test_custom_data_without_vendor_is_kept() -> None:
    data = {"customData": {"x": 1}}
    assert repaired(v201.HeartbeatRequest, data) == {"customData": {"x": 1, "vendorId": ""}}


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        (Version.V2_0_1, "StatusNotification", STATUS),
        (Version.V2_1, "MeterValues", meter_values({"value": "1"})),
        (Version.V2_0_1, "MeterValues", meter_values({"value": 1, "unit": "Hz"})),
        (Version.V2_0_1, "Authorize", {"idTag": "AB12"}),
        (
            Version.V1_6,
            "BootNotification",
            {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}},
        ),
    ],
)
def test_the_shape_of_the_other_family_is_left_to_it(
    version: Version, action: str, payload: object
) -> None:
    here = find(version, action)
    assert here is not None
    assert TOLERANT.payload(here.request, payload) is None
    found = TOLERANT.relative(here, payload)
    assert found is not None
    assert found[0].version.newest_of_family is not version.newest_of_family
    again = TOLERANT.payload(found[0].request, payload)
    assert again is not None
    build(found[0].request, again[0])


def test_a_payload_in_its_own_shape_has_no_relative() -> None:
    for version, action, payload in (
        (Version.V1_6, "StopTransaction", STOP | {"extra": 1}),
        (Version.V1_6, "StatusNotification", STATUS | {"connectorId": None}),
        (Version.V2_0_1, "Heartbeat", {"x": 1}),
        (Version.V2_0_1, "BootNotification", []),
    ):
        here = find(version, action)
        assert here is not None
        assert TOLERANT.relative(here, payload) is None


@pytest.mark.parametrize(
    ("version", "written", "meant"),
    [
        (Version.V1_6, "statusnotification", "1.6 StatusNotification"),
        (Version.V2_0_1, "Transaction_Event.req", "2.0.1 TransactionEvent"),
        (Version.V2_0_1, "stopTransaction", "1.6 StopTransaction"),
        (Version.V2_0_1, "BatterySwap", "2.1 BatterySwap"),
        (Version.V1_6, "TransactionEvent", "2.1 TransactionEvent"),
        (Version.V1_2, "ReserveNow", "1.6 ReserveNow"),
    ],
)
def test_the_action_that_is_meant_is_found(version: Version, written: str, meant: str) -> None:
    found = TOLERANT.action(version, written)
    assert found is not None
    assert found[1].after == meant


@pytest.mark.parametrize("name", ["", "request", "Boot", "BootNotification-Signed", "A" * 9999])
def test_other_names_are_no_action(name: str) -> None:
    assert TOLERANT.action(Version.V1_6, name) is None


def test_a_number_beyond_any_float_is_no_value() -> None:
    """The walk over the schema lets it pass; the message could not be built with it."""
    event = EVENT | {
        "evse": 1,
        "meterValue": [{"timestamp": T, "sampledValue": [{"value": 10**400}]}],
    }
    assert TOLERANT.payload(v201.TransactionEventRequest, event) is None


def test_the_number_of_repairs_is_bounded() -> None:
    many = meter_values(*({"value": 1} for _ in range(REPAIRS_MAX)))
    assert len(names_of(v16.MeterValuesRequest, many)) == REPAIRS_MAX
    one_more = meter_values(*({"value": 1} for _ in range(REPAIRS_MAX + 1)))
    assert TOLERANT.payload(v16.MeterValuesRequest, one_more) is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**400)
    | st.floats(allow_nan=False)
    | st.text(max_size=60)
    | st.sampled_from([T, "1", "true", "", "Wh", "Accepted", '{"a":1}', "2024-13-01T00:00:00"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
TYPES = (
    v16.StopTransactionRequest,
    v16.MeterValuesRequest,
    v16.GetConfigurationResponse,
    v16.SetChargingProfileRequest,
    v16.StatusNotificationRequest,
    v201.TransactionEventRequest,
    v201.BootNotificationRequest,
    v201.NotifyReportRequest,
    v21.TransactionEventRequest,
    v21.AuthorizeRequest,
    v21.NotifyChargingLimitRequest,
)
MEMBERS = sorted(
    {
        field.encode_name
        for kind in (*TYPES, v16.MeterValue, v16.SampledValue, v201.TransactionType, v201.EVSEType)
        for field in msgspec.structs.fields(kind)
    }
)
PAYLOAD = st.recursive(
    JSON,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=5), inner, max_size=8)
    ),
    max_leaves=20,
)


def _is_sound(expected: type, payload: Any) -> None:
    received = deepcopy(payload)
    found = TOLERANT.payload(expected, payload)
    assert payload == received, "what was received stays as it is"
    if found is None:
        return
    assert violations(found[0], expected) == []
    encode(build(expected, deepcopy(found[0])))
    assert all(repair.name in REPAIRS and str(repair) for repair in found[1])
    assert found == TOLERANT.payload(expected, payload), "the same again"
    assert TOLERANT.payload(expected, found[0]) == (found[0], ()), "nothing is left to repair"


@given(st.sampled_from(TYPES), PAYLOAD)
@settings(max_examples=300)
def test_no_payload_raises_and_what_comes_out_has_no_violation(kind: type, payload: Any) -> None:
    _is_sound(kind, payload)


GOOD: tuple[tuple[type, dict[str, Any]], ...] = (
    (v16.StopTransactionRequest, STOP | {"transactionData": meter_values({})["meterValue"]}),
    (v16.MeterValuesRequest, meter_values({"value": "1", "unit": "Wh"}, {"value": "2"})),
    (v16.SetChargingProfileRequest, profile(16)),
    (
        v201.TransactionEventRequest,
        EVENT | {"meterValue": [{"timestamp": T, "sampledValue": [{"value": 1}]}]},
    ),
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, Any]] = list(value.items()) if isinstance(value, dict) else []
    inner = list(enumerate(value)) if isinstance(value, list) else inner
    return [path, *(each for key, item in inner for each in _paths(item, (*path, key)))]


@given(st.sampled_from(GOOD), st.data())
@settings(max_examples=300)
def test_a_good_payload_with_a_few_bad_values_is_sound(
    good: tuple[type, dict[str, Any]], data: st.DataObject
) -> None:
    kind, payload = good[0], deepcopy(good[1])
    for _ in range(data.draw(st.integers(1, 4))):
        *above, last = data.draw(st.sampled_from(_paths(payload)[1:] or [("x",)]))
        parent: Any = payload
        for part in above:
            parent = parent[part]
        parent[last] = data.draw(JSON)
    _is_sound(kind, payload)


def test_the_report_of_a_cut_value_holds_all_of_it() -> None:
    long = {"configurationKey": [{"key": "K", "readonly": True, "value": "v" * 551}]}
    found = TOLERANT.payload(v16.GetConfigurationResponse, long)
    assert found is not None
    path = "$.configurationKey[0].value"
    assert found[1] == (Repair("too-long", path, "v" * 551, "v" * 500),)


def test_an_empty_list_is_an_empty_payload() -> None:
    for expected in (v16.HeartbeatRequest, v201.CostUpdatedResponse):
        assert repaired(expected, []) == {}
        assert names_of(expected, []) == ["null-payload"]
    assert repaired(v16.HeartbeatRequest, [1]) is None
    assert repaired(v16.StartTransactionRequest, []) is None


def test_a_unit_where_1_6_has_it_is_the_unit() -> None:
    event = EVENT | {
        "meterValue": [
            {"timestamp": T, "sampledValue": [{"value": 4, "unit": "kWh", "multiplier": 1}]}
        ]
    }
    (value,) = repaired(v201.TransactionEventRequest, event)["meterValue"]
    unit = {"unit": "kWh", "multiplier": 1}
    assert value["sampledValue"] == [{"value": 4, "unitOfMeasure": unit}]
    assert names_of(v201.TransactionEventRequest, event) == ["member-misplaced"] * 2


@pytest.mark.parametrize(
    "odd",
    [
        {"value": "3", "measurand": "Phases"},
        {"value": "0.003", "unit": "MWh"},
        {"value": "0.003", "measurand": "Energy.Active.Import.Register", "unit": "MW.h"},
    ],
)
def test_a_value_of_nobody_knows_what_is_no_energy(odd: dict[str, str]) -> None:
    samples = [{"value": "4000"}, odd]
    said = {"connectorId": 1, "meterValue": [{"timestamp": T, "sampledValue": samples}]}
    (value,) = repaired(v16.MeterValuesRequest, said)["meterValue"]
    assert value["sampledValue"] == [{"value": "4000"}]
    assert names_of(v16.MeterValuesRequest, said) == ["unusable-part"]
