"""ChangeAvailability in the words of both families."""

from __future__ import annotations

import pytest

from chargeplane.csms.availability import v1, v2
from chargeplane.csms.contract import Ask
from chargeplane.domain.commands import Accepted, ChangeAvailability, Refused, Unsupported
from chargeplane.ocpp import codec, v16, v21
from chargeplane.ocpp.versions import Version
from tests.csms.making import station

FIRST, SECOND = station(Version.V1_6), station(Version.V2_1)


@pytest.mark.parametrize(
    ("command", "of_1x", "of_2x"),
    [
        (ChangeAvailability(operative=False), (0, "Inoperative"), None),
        (ChangeAvailability(operative=True, evse_id=0), (0, "Operative"), None),
        (ChangeAvailability(operative=True, evse_id=2), (2, "Operative"), {"id": 2}),
        (
            ChangeAvailability(operative=True, evse_id=2, connector_id=1),
            (2, "Operative"),
            {"id": 2, "connectorId": 1},
        ),
    ],
    ids=["station", "EVSE 0", "EVSE", "connector"],
)
def test_an_address_is_said_in_the_words_of_each_family(
    command: ChangeAvailability, of_1x: tuple[int, str], of_2x: dict[str, int] | None
) -> None:
    first, second = v1.change_availability(FIRST, command), v2.change_availability(SECOND, command)
    assert isinstance(first, Ask)
    assert isinstance(second, Ask)
    assert codec.payload_of(first.request) == {"connectorId": of_1x[0], "type": of_1x[1]}
    payload = codec.payload_of(second.request)
    assert payload["operationalStatus"] == of_1x[1]
    assert payload.get("evse") == of_2x


def test_an_address_that_a_version_lacks_is_not_sent() -> None:
    second_connector = ChangeAvailability(operative=True, evse_id=1, connector_id=2)
    assert isinstance(v1.change_availability(FIRST, second_connector), Unsupported)
    without_evse = ChangeAvailability(operative=True, connector_id=1)
    assert isinstance(v1.change_availability(FIRST, without_evse), Unsupported)
    assert isinstance(v2.change_availability(SECOND, without_evse), Unsupported)


def test_what_is_scheduled_is_accepted_and_what_is_rejected_is_refused() -> None:
    command = ChangeAvailability(operative=False)
    first, second = v1.change_availability(FIRST, command), v2.change_availability(SECOND, command)
    assert isinstance(first, Ask)
    assert isinstance(second, Ask)
    scheduled = first.read(v16.ChangeAvailabilityResponse(status=v16.AvailabilityStatus.SCHEDULED))
    assert scheduled == Accepted(status="Scheduled", response={"status": "Scheduled"})
    info = v21.StatusInfoType(reason_code="InTx", additional_info="a car is charging")
    rejected = second.read(
        v21.ChangeAvailabilityResponse(
            status=v21.ChangeAvailabilityStatusEnumType.REJECTED, status_info=info
        )
    )
    assert isinstance(rejected, Refused)
    assert rejected.reason == "InTx: a car is charging"
