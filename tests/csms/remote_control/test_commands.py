"""The commands of remote control as both families say them."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from chargeplane.csms import remote_control
from chargeplane.csms.contract import Ask, Block, Station
from chargeplane.csms.remote_control import RemoteStarts
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.commands import (
    Accepted,
    Command,
    Refused,
    StartCharging,
    StopCharging,
    TriggerMessage,
    UnlockConnector,
    Unsupported,
)
from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.codec import encode, payload_of
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import SimulatedClock
from tests.csms.making import NOW, station

ONE, TWO = station(Version.V1_6), station(Version.V2_1)
ABC = IdToken("ABC", "ISO14443", "fleet")
SCHEDULE = {
    "charging_rate_unit": "A",
    "charging_schedule_period": [{"start_period": 0, "limit": 16.1}],
}
PROFILE_1X = {
    "charging_profile_id": 1,
    "stack_level": 0,
    "charging_profile_purpose": "TxProfile",
    "charging_profile_kind": "Relative",
    "charging_schedule": SCHEDULE,
}
PROFILE_2X = {
    "id": 1,
    "stack_level": 0,
    "charging_profile_purpose": "TxProfile",
    "charging_profile_kind": "Relative",
    "charging_schedule": [{"id": 1, **SCHEDULE}],
}
WIRE_IDS = {"ours-1": "17", "ours-2": "a-b-c"}


async def wire_id(_: Station, transaction_id: str) -> str | None:
    return WIRE_IDS.get(transaction_id)


def starts() -> RemoteStarts:
    return RemoteStarts(SimulatedClock(NOW), lambda: 4711)


async def translated(
    of: Station, command: Command, block: Block | None = None
) -> Ask | Unsupported:
    block = block or remote_control.block(starts(), wire_id)
    is_1x = of.version.newest_of_family is Version.V1_6
    found = (block.commands_v1 if is_1x else block.commands_v2)[type(command)](of, command)
    return await found if inspect.isawaitable(found) else found


async def payload(of: Station, command: Command) -> Any:
    ask = await translated(of, command)
    assert isinstance(ask, Ask), ask
    encode(ask.request)  # the schema of the family's newest version takes it
    return payload_of(ask.request)


async def test_a_start_in_1x_names_the_tag_and_the_connector() -> None:
    assert await payload(ONE, StartCharging(id_token=ABC, evse_id=2)) == {
        "idTag": "ABC",
        "connectorId": 2,
    }
    assert await payload(ONE, StartCharging(id_token=ABC)) == {"idTag": "ABC"}


async def test_a_start_in_2x_names_the_token_its_group_the_evse_and_our_id() -> None:
    assert await payload(TWO, StartCharging(id_token=ABC, evse_id=2)) == {
        "idToken": {"idToken": "ABC", "type": "ISO14443"},
        "groupIdToken": {"idToken": "fleet", "type": "Central"},
        "evseId": 2,
        "remoteStartId": 4711,
    }


async def test_a_token_without_a_type_is_one_of_ours_in_2x() -> None:
    said = await payload(TWO, StartCharging(id_token=IdToken("ABC")))
    assert said["idToken"] == {"idToken": "ABC", "type": "Central"}
    assert "groupIdToken" not in said


async def test_a_start_may_bring_a_charging_profile() -> None:
    one = await payload(ONE, StartCharging(id_token=ABC, charging_profile=PROFILE_1X))
    two = await payload(TWO, StartCharging(id_token=ABC, charging_profile=PROFILE_2X))
    (period,) = one["chargingProfile"]["chargingSchedule"]["chargingSchedulePeriod"]
    assert str(period["limit"]) == "16.1"
    assert two["chargingProfile"]["chargingSchedule"][0]["chargingRateUnit"] == "A"


@pytest.mark.parametrize("of", [ONE, TWO], ids=["1.6", "2.1"])
async def test_a_charging_profile_that_is_none_is_told_before_sending(of: Station) -> None:
    starts_ = starts()
    block = remote_control.block(starts_, wire_id)
    command = StartCharging(id_token=ABC, charging_profile={"stack_level": "high"})
    found = await translated(of, command, block)
    assert isinstance(found, Unsupported)
    assert "charging profile" in found.reason
    assert starts_.pending_count == 0


@pytest.mark.parametrize(
    ("of", "profile"), [(ONE, PROFILE_1X), (TWO, PROFILE_2X)], ids=["1.6", "2.1"]
)
@pytest.mark.parametrize(
    "odd",
    [{"charging_profile_purpose": "TxDefaultProfile"}, {"transaction_id": 17}],
    ids=["purpose", "transaction"],
)
async def test_only_a_profile_for_the_transaction_to_come_goes_with_a_remote_start(
    of: Station, profile: dict[str, Any], odd: dict[str, Any]
) -> None:
    if of is TWO and "transaction_id" in odd:
        odd = {"transaction_id": "17"}
    starts_ = starts()
    block = remote_control.block(starts_, wire_id)
    command = StartCharging(id_token=ABC, charging_profile=profile | odd)
    found = await translated(of, command, block)
    assert isinstance(found, Unsupported)
    assert "charging profile of a remote start" in found.reason
    assert starts_.pending_count == 0


@pytest.mark.parametrize("of", [ONE, TWO], ids=["1.6", "2.1"])
@pytest.mark.parametrize(
    "command",
    [StartCharging(id_token=ABC, evse_id=0), UnlockConnector(evse_id=0)],
    ids=["start", "unlock"],
)
async def test_the_station_as_a_whole_is_no_place_to_charge(of: Station, command: Command) -> None:
    assert isinstance(await translated(of, command), Unsupported)


@pytest.mark.parametrize(
    "command",
    [
        StartCharging(id_token=ABC, evse_id=1, connector_id=2),
        UnlockConnector(evse_id=1, connector_id=2),
        TriggerMessage(message="StatusNotification", evse_id=1, connector_id=2),
    ],
    ids=["start", "unlock", "trigger"],
)
async def test_1x_has_no_second_connector_of_an_evse(command: Command) -> None:
    assert isinstance(await translated(ONE, command), Unsupported)
    assert isinstance(await translated(TWO, command), Ask)


async def test_the_outcome_of_a_start_has_its_id_in_both_families() -> None:
    for of, response in (
        (ONE, v16.RemoteStartTransactionResponse(status=v16.RemoteStartStopStatus.ACCEPTED)),
        (
            TWO,
            v21.RequestStartTransactionResponse(status=v21.RequestStartStopStatusEnumType.ACCEPTED),
        ),
    ):
        ask = await translated(of, StartCharging(id_token=ABC))
        assert isinstance(ask, Ask)
        assert ask.read(response) == Accepted(
            response={"status": "Accepted", "remote_start_id": 4711}
        )


async def test_an_accepted_start_waits_for_its_transaction_and_a_refused_one_does_not() -> None:
    starts_ = starts()
    block = remote_control.block(starts_, wire_id)
    status = v16.RemoteStartStopStatus
    for said, expected in ((status.ACCEPTED, "4711"), (status.REJECTED, None)):
        ask = await translated(ONE, StartCharging(id_token=ABC), block)
        assert isinstance(ask, Ask)
        ask.read(v16.RemoteStartTransactionResponse(status=said))
        assert starts_.match(ONE, IdToken("ABC"), EvseAddress(1, 1), None) == expected


async def test_a_start_that_comes_before_the_answer_is_found_too() -> None:
    starts_ = starts()
    block = remote_control.block(starts_, wire_id)
    await translated(ONE, StartCharging(id_token=ABC), block)
    assert starts_.match(ONE, IdToken("ABC"), EvseAddress(1, 1), None) == "4711"


async def test_a_stop_names_the_transaction_as_the_station_knows_it() -> None:
    assert await payload(ONE, StopCharging(transaction_id="ours-1")) == {"transactionId": 17}
    assert await payload(TWO, StopCharging(transaction_id="ours-2")) == {"transactionId": "a-b-c"}


@pytest.mark.parametrize(
    ("of", "transaction_id"), [(ONE, "nobody"), (TWO, "nobody"), (ONE, "ours-2")]
)
async def test_what_is_no_transaction_of_the_station_is_not_stopped(
    of: Station, transaction_id: str
) -> None:
    assert isinstance(
        await translated(of, StopCharging(transaction_id=transaction_id)), Unsupported
    )


async def test_an_unlock_names_the_connector_and_is_good_if_it_is_unlocked() -> None:
    assert await payload(ONE, UnlockConnector(evse_id=2)) == {"connectorId": 2}
    assert await payload(TWO, UnlockConnector(evse_id=2)) == {"evseId": 2, "connectorId": 1}
    ask = await translated(TWO, UnlockConnector(evse_id=2))
    assert isinstance(ask, Ask)
    status = v21.UnlockStatusEnumType
    assert isinstance(ask.read(v21.UnlockConnectorResponse(status=status.UNLOCKED)), Accepted)
    busy = ask.read(v21.UnlockConnectorResponse(status=status.ONGOING_AUTHORIZED_TRANSACTION))
    assert isinstance(busy, Refused)
    assert busy.status == "OngoingAuthorizedTransaction"


async def test_a_message_is_triggered_for_the_station_or_one_evse() -> None:
    assert await payload(ONE, TriggerMessage(message="Heartbeat")) == {
        "requestedMessage": "Heartbeat"
    }
    assert await payload(ONE, TriggerMessage(message="MeterValues", evse_id=2)) == {
        "requestedMessage": "MeterValues",
        "connectorId": 2,
    }
    assert await payload(TWO, TriggerMessage(message="MeterValues", evse_id=2)) == {
        "requestedMessage": "MeterValues",
        "evse": {"id": 2},
    }


async def test_a_status_is_triggered_for_a_connector_as_2x_wants_it() -> None:
    said = await payload(TWO, TriggerMessage(message="StatusNotification", evse_id=2))
    assert said["evse"] == {"id": 2, "connectorId": 1}


@pytest.mark.parametrize("evse_id", [None, 0], ids=["none", "station"])
async def test_2x_is_never_asked_for_a_status_without_saying_of_which_connector(
    evse_id: int | None,
) -> None:
    command = TriggerMessage(message="StatusNotification", evse_id=evse_id)
    found = await translated(TWO, command)
    assert isinstance(found, Unsupported)
    assert "EVSE" in found.reason
    assert await payload(ONE, command) == {"requestedMessage": "StatusNotification"}


@pytest.mark.parametrize("of", [ONE, TWO], ids=["1.6", "2.1"])
async def test_what_is_triggered_of_the_station_names_no_evse(of: Station) -> None:
    command = TriggerMessage(message="MeterValues", evse_id=0)
    assert await payload(of, command) == {"requestedMessage": "MeterValues"}


async def test_what_only_the_security_extension_can_ask_for_goes_that_way() -> None:
    ask = await translated(ONE, TriggerMessage(message="LogStatusNotification"))
    assert isinstance(ask, Ask)
    assert isinstance(ask.request, v16.ExtendedTriggerMessageRequest)


async def test_an_unknown_name_is_a_custom_trigger_in_2_1_alone() -> None:
    command = TriggerMessage(message="com.example.Selfie")
    assert await payload(TWO, command) == {
        "requestedMessage": "CustomTrigger",
        "customTrigger": "com.example.Selfie",
    }
    for version in (Version.V1_6, Version.V2_0_1):
        found = await translated(station(version), command)
        assert isinstance(found, Unsupported)
        assert "Heartbeat" in found.reason  # it names those that there are
