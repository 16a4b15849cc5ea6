"""Events go into the outbox and come out the same."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from chargeplane.domain import events
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger.remarks import Remark, RemarkKind
from chargeplane.domain.metering import MeterValue
from chargeplane.domain.reservations import ReservationState
from chargeplane.domain.status import ConnectorStatus
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.domain.transactions import ChargingState, StopReason
from tests.domain.ledger.telling import DAY, at

FROM: dict[str, Any] = {
    "tenant_id": "t1",
    "station_id": "CP-1",
    "reported_at": DAY,
    "received_at": at(1),
    "frame_id": "f1",
}
TOKEN = IdToken("ABC", "ISO14443", "G1")
REMARK = Remark(RemarkKind.METER_RESET, RemarkKind.METER_RESET.reason, ("f1",))
SAMPLES: list[events.DomainEvent] = [
    events.StationConnected(
        **FROM, ocpp_version="2.1", transport="json", security_profile=2, epoch=7
    ),
    events.StationDisconnected(**FROM, epoch=7, reason="ping timeout"),
    events.StationBooted(**FROM, vendor="V", model="M", registration="accepted"),
    events.HeartbeatReceived(**FROM),
    events.ConnectorStatusChanged(
        **FROM, evse=EvseAddress(1, 1), status=ConnectorStatus.SUSPENDED_EVSE
    ),
    events.ReservationChanged(
        **FROM,
        reservation_id="u7",
        state=ReservationState.HELD,
        evse=EvseAddress(1),
        id_token=TOKEN,
        expires_at=FROM["received_at"],
    ),
    events.IdTokenPresented(**FROM, id_token=TOKEN),
    events.IdTokenAuthorized(**FROM, id_token=TOKEN, status=TokenStatus.EXPIRED),
    events.TransactionStarted(
        **FROM,
        transaction_id="u1",
        wire_id="17",
        evse=EvseAddress(1, 1),
        id_token=TOKEN,
        meter_start_wh=Decimal("1000.5"),
    ),
    events.TransactionUpdated(
        **FROM, transaction_id="u1", charging_state=ChargingState.SUSPENDED_EV
    ),
    events.MeterSampled(
        **FROM,
        evse=EvseAddress(1),
        meter_values=(MeterValue(sampled_at=DAY, value=Decimal("1.20"), unit="kWh"),),
    ),
    events.TransactionEnded(
        **FROM, transaction_id="u1", energy_wh=Decimal(7000), stop_reason=StopReason.LOCAL
    ),
    events.TransactionRepaired(
        **FROM, transaction_id="u1", energy_wh=Decimal(7000), remarks=(REMARK,)
    ),
    events.VariablesReported(**FROM, request_id=17, parts_count=3),
    events.SecurityEventNoted(
        **FROM, event_id="u2", type="FailedLogIn", severity="warning", origin="central-system"
    ),
    events.FirmwareStatusChanged(
        **FROM, update_id="u8", firmware_version="2.1.0", state="installing", status="Installing"
    ),
    events.LogStatusChanged(
        **FROM, log_id="u9", kind="security", state="uploaded", status="Uploaded"
    ),
]


@pytest.mark.parametrize("event", SAMPLES, ids=lambda each: type(each).__name__)
def test_an_event_comes_back_the_same(event: events.DomainEvent) -> None:
    assert events.decode(events.encode(event)) == event


def test_there_is_a_sample_of_every_event() -> None:
    assert {type(each) for each in SAMPLES} == set(events.Event.__subclasses__())


def test_an_event_says_its_name_and_version_and_times_in_utc() -> None:
    written = msgspec.json.decode(events.encode(SAMPLES[3]))
    assert (written["event"], written["version"]) == ("heartbeat_received", 1)
    assert written["reported_at"] == "2026-03-02T09:00:00Z"


def test_a_field_of_a_later_version_is_ignored() -> None:
    written = msgspec.json.decode(events.encode(SAMPLES[3])) | {"mood": "good"}
    assert events.decode(msgspec.json.encode(written)) == SAMPLES[3]


def test_every_remark_has_its_sentence() -> None:
    for kind in RemarkKind:
        assert kind.reason.endswith(".")
        assert kind.repairs in {True, False}
