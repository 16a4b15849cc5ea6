"""The quick way says what the walk says, or leaves it to the walk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from chargeplane.ocpp import codec, v12, v15, v16, v21, v201
from chargeplane.ocpp.errors import LocalError
from chargeplane.ocpp.family import Lifted, Lowered, lift, lower, said_in, translate
from chargeplane.ocpp.family.rules import UNSAID, InDoubt, Losses
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import CustomDataType
from tests.ocpp.family.strategies import Message, message_types, messages

COUNT = 12
WAYS = list(translate._RULES)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def as_written(message: Message) -> Message:
    """With times as nearly all stations write them, so that the quick way is taken."""
    text = codec.encode(message).replace(b"-05:30", b"Z")
    return codec.decode(type(message), text)


def quickly(message: Message, version: Version) -> tuple[object, bool]:
    """What the quick way says, and whether anything is lost."""
    way = translate._way(type(message), version)
    assert way is not None
    losses = Losses()
    return way.quick(message, losses), losses.happened


def walked(message: Message, version: Version) -> Lifted | Lowered:
    """What is said without the quick way."""
    return lift(message) if version is version.newest_of_family else lower(message, version)


@pytest.mark.parametrize(("old", "new"), WAYS, ids=[f"{old}-{new}" for old, new in WAYS])
def test_both_ways_say_the_same_and_lose_the_same(
    old: Version, new: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translate._Way, "unremarked", lambda _way, _message: None)
    known = 0
    for kind in message_types(old):
        if translate._way(kind, new) is None:
            continue
        for message in map(as_written, messages(kind, COUNT)):
            try:
                said, is_lossy = quickly(message, new)
            except InDoubt:
                continue
            known += 1
            found = walked(message, new)
            assert said == (found[0] or UNSAID)
            assert bool(found[1]) is (is_lossy or said is UNSAID)
    assert known > COUNT  # it is not always in doubt


@pytest.mark.parametrize("version", [Version.V1_2, Version.V1_5, Version.V2_0_1], ids=str)
def test_the_message_alone_is_that_of_lower(version: Version) -> None:
    for kind in message_types(version.newest_of_family):
        for message in messages(kind, COUNT):
            assert said_in(message, version) == lower(message, version).message


def test_what_is_spoken_already_is_said_as_it_is_and_no_other_family_is_spoken() -> None:
    request = v16.HeartbeatRequest()
    assert said_in(request, Version.V1_6) is request
    with pytest.raises(ValueError, match=r"a message of 1\.6 is not lowered to 2\.0\.1"):
        said_in(request, Version.V2_0_1)


@pytest.mark.parametrize(
    "message",
    [
        v16.HeartbeatResponse(current_time=NOON.astimezone(timezone(timedelta(hours=1)))),
        v16.AuthorizeRequest(id_tag="\u00e9"),
        v16.DataTransferRequest(vendor_id=7),  # type: ignore[arg-type]
        v16.StartTransactionRequest(connector_id=2**31, id_tag="A", timestamp=NOON, meter_start=0),
        v16.ChangeAvailabilityRequest(connector_id=True, type=v16.AvailabilityType.OPERATIVE),
        v16.StatusNotificationRequest(
            connector_id=1,
            status="Available",  # type: ignore[arg-type]
            error_code=v16.ChargePointErrorCode.NO_ERROR,
        ),
        v16.GetConfigurationRequest(key=("A",)),  # type: ignore[arg-type]
        v16.StopTransactionRequest(
            transaction_id=1,
            timestamp=NOON,
            meter_stop=0,
            transaction_data=[7],  # type: ignore[list-item]
        ),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_is_not_evidently_right_is_in_doubt(message: Message) -> None:
    with pytest.raises(InDoubt):
        quickly(message, Version.V1_5)


def test_numbers_vendor_data_and_missing_fields_are_in_doubt() -> None:
    custom = CustomDataType(vendorId="org.example")
    with pytest.raises(InDoubt):
        quickly(v201.HeartbeatRequest(custom_data=custom), Version.V2_1)
    value = v201.SampledValueType(value=5)  # an integer where JSON would give a float
    values = v201.MeterValuesRequest(
        evse_id=1, meter_value=[v201.MeterValueType(timestamp=NOON, sampled_value=[value])]
    )
    with pytest.raises(InDoubt):
        quickly(values, Version.V2_1)
    with pytest.raises(InDoubt):
        quickly(msgspec.structs.replace(values, evse_id=-1), Version.V2_1)
    boot = v12.BootNotificationResponse(status=v12.RegistrationStatus.ACCEPTED)
    with pytest.raises(InDoubt):  # 1.2 may leave out the time
        quickly(boot, Version.V1_6)


def test_a_message_that_breaks_its_schema_is_still_our_mistake() -> None:
    wrong = v21.HeartbeatResponse(current_time="noon")  # type: ignore[arg-type]
    with pytest.raises(LocalError):
        said_in(wrong, Version.V2_0_1)


def test_samples_of_all_shapes_are_said_quickly() -> None:
    energy = v16.SampledValue(value="1.5", unit=v16.UnitOfMeasure.KWH)
    phase = v16.SampledValue(value="16.0", phase=v16.Phase.L1, unit=v16.UnitOfMeasure.A)
    both = v16.MeterValue(timestamp=NOON, sampled_value=[phase, energy])
    request = v16.MeterValuesRequest(connector_id=1, meter_value=[both])
    register = v12.MeterValue(timestamp=NOON, value=1500)
    oldest = v12.MeterValuesRequest(connector_id=1, values=[register])
    assert quickly(request, Version.V1_2) == (oldest, True)
    value = v15.Value(value="1.5", unit=v15.UnitOfMeasure.KWH)
    older = v15.MeterValue(timestamp=NOON, value=[value])
    said = v15.MeterValuesRequest(connector_id=1, values=[older])
    assert quickly(request, Version.V1_5) == (said, True)
    plain = v16.MeterValue(timestamp=NOON, sampled_value=[v16.SampledValue(value="1500")])
    back = v16.MeterValuesRequest(connector_id=1, meter_value=[plain])
    assert quickly(oldest, Version.V1_6) == (back, False)
    stop = v16.StopTransactionRequest(
        transaction_id=1, timestamp=NOON, meter_stop=0, transaction_data=[plain]
    )
    lowered, is_lossy = quickly(stop, Version.V1_5)
    assert isinstance(lowered, v15.StopTransactionRequest)
    assert not is_lossy
    assert quickly(lowered, Version.V1_6) == (stop, False)
    only_phase = v16.MeterValue(timestamp=NOON, sampled_value=[phase])
    nothing = v16.MeterValuesRequest(connector_id=1, meter_value=[only_phase])
    assert quickly(nothing, Version.V1_5)[0] is UNSAID
    assert quickly(nothing, Version.V1_2)[0] is UNSAID
