"""Domain events: what a station told us, or what followed from it. The words of the outbox.

An event is written as JSON with its name in ``event`` and the version of its shape in ``version``.
Fields may be added with a default; whoever reads ignores those it does not know. Any other change
is a new version.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec
from msgspec import Struct

from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger.remarks import Remark
from chargeplane.domain.metering import MeterValue
from chargeplane.domain.reservations import ReservationState
from chargeplane.domain.status import ConnectorStatus
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.domain.transactions import ChargingState, StopReason

__all__ = [
    "ConnectorStatusChanged",
    "DomainEvent",
    "Event",
    "FirmwareStatusChanged",
    "HeartbeatReceived",
    "IdTokenAuthorized",
    "IdTokenPresented",
    "LogStatusChanged",
    "MeterSampled",
    "ReservationChanged",
    "SecurityEventNoted",
    "StationBooted",
    "StationConnected",
    "StationDisconnected",
    "TransactionEnded",
    "TransactionRepaired",
    "TransactionStarted",
    "TransactionUpdated",
    "VariablesReported",
    "decode",
    "encode",
]


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class Event(Struct, frozen=True, kw_only=True, tag_field="event", tag=_snake, gc=False):
    """What all events carry. ``frame_id`` is the raw frame; None if no frame caused it."""

    tenant_id: str
    station_id: str
    reported_at: datetime
    received_at: datetime
    frame_id: str | None = None
    version: int = 1


class StationConnected(Event, frozen=True, kw_only=True):
    """A station has authenticated and owns its identity under this epoch."""

    ocpp_version: str
    transport: str
    security_profile: int
    epoch: int
    remote_address: str | None = None


class StationDisconnected(Event, frozen=True, kw_only=True):
    """The connection of this epoch is gone."""

    epoch: int
    reason: str


class StationBooted(Event, frozen=True, kw_only=True):
    """BootNotification, with our answer."""

    vendor: str
    model: str
    registration: str
    boot_reason: str | None = None
    serial_number: str | None = None
    firmware_version: str | None = None


class VariablesReported(Event, frozen=True, kw_only=True):
    """A report of the device model, which we have asked for, has come in."""

    request_id: int
    parts_count: int
    """So many messages have come; fewer than were sent if ``is_complete`` is false."""
    is_complete: bool = True


class HeartbeatReceived(Event, frozen=True, kw_only=True):
    """The station lives."""


class ConnectorStatusChanged(Event, frozen=True, kw_only=True):
    """The status differs from the newest one known; see ``status.newer``."""

    evse: EvseAddress
    status: ConnectorStatus
    previous: ConnectorStatus | None = None
    error_code: str | None = None
    info: str | None = None
    vendor_error_code: str | None = None


class IdTokenPresented(Event, frozen=True, kw_only=True):
    """Somebody held a token to the station."""

    id_token: IdToken
    evse: EvseAddress | None = None


class IdTokenAuthorized(Event, frozen=True, kw_only=True):
    """The decision about a token."""

    id_token: IdToken
    status: TokenStatus
    evse: EvseAddress | None = None


class TransactionStarted(Event, frozen=True, kw_only=True):
    """A transaction is new to us. ``transaction_id`` is ours, ``wire_id`` the station's."""

    transaction_id: str
    wire_id: str | None
    evse: EvseAddress | None
    id_token: IdToken | None = None
    meter_start_wh: Decimal | None = None
    offline: bool = False
    remote_start_id: str | None = None
    reservation_id: str | None = None
    """The station's word for the reservation that it uses."""


class TransactionUpdated(Event, frozen=True, kw_only=True):
    """The state or the token of an active transaction changed. Its energy: ``MeterSampled``."""

    transaction_id: str
    charging_state: ChargingState | None = None
    id_token: IdToken | None = None
    energy_wh: Decimal | None = None
    offline: bool = False
    reservation_id: str | None = None
    """The station's word for the reservation that it uses; it may say so after the start."""
    remote_start_id: str | None = None
    """Of the remote start that has just authorized it: the vehicle was connected before."""


class MeterSampled(Event, frozen=True, kw_only=True):
    """Meter values of an EVSE, in or outside a transaction."""

    evse: EvseAddress
    meter_values: tuple[MeterValue, ...]
    transaction_id: str | None = None
    energy_wh: Decimal | None = None
    """Of the transaction, up to now."""


class TransactionEnded(Event, frozen=True, kw_only=True):
    """A transaction is over."""

    transaction_id: str
    energy_wh: Decimal
    stop_reason: StopReason | None = None
    meter_stop_wh: Decimal | None = None
    offline: bool = False


class TransactionRepaired(Event, frozen=True, kw_only=True):
    """The figures of a transaction were worked out or have changed after its end."""

    transaction_id: str
    energy_wh: Decimal
    previous_energy_wh: Decimal | None = None
    remarks: tuple[Remark, ...] = ()


class ReservationChanged(Event, frozen=True, kw_only=True):
    """A reservation was asked for, or its state has changed. ``reservation_id`` is ours."""

    reservation_id: str
    state: ReservationState
    evse: EvseAddress | None
    """None: any of the station."""
    id_token: IdToken
    expires_at: datetime
    transaction_id: str | None = None
    """Our id of the transaction that has used it."""


class SecurityEventNoted(Event, frozen=True, kw_only=True):
    """Something that touches security: a station has reported it, or we have noticed it."""

    event_id: str
    type: str
    severity: str
    """info, warning or critical."""
    origin: str
    """station or central-system."""
    detail: str | None = None
    remote_host: str | None = None
    occurrences: int = 1


class FirmwareStatusChanged(Event, frozen=True, kw_only=True):
    """A firmware update has come further, or has ended."""

    update_id: str
    firmware_version: str
    state: str
    """planned, asked, accepted, downloading, downloaded, installing, installed, failed, ..."""
    status: str | None = None
    """The station's own word, if it was its."""


class LogStatusChanged(Event, frozen=True, kw_only=True):
    """The upload of a log that we have asked for has come further, or has ended."""

    log_id: str
    kind: str
    state: str
    """uploading, uploaded, failed or cancelled."""
    status: str
    """The station's own word."""


DomainEvent = (
    StationConnected
    | StationDisconnected
    | StationBooted
    | VariablesReported
    | HeartbeatReceived
    | ConnectorStatusChanged
    | IdTokenPresented
    | IdTokenAuthorized
    | TransactionStarted
    | TransactionUpdated
    | MeterSampled
    | TransactionEnded
    | TransactionRepaired
    | ReservationChanged
    | SecurityEventNoted
    | LogStatusChanged
    | FirmwareStatusChanged
)

_DECODER: msgspec.json.Decoder[DomainEvent] = msgspec.json.Decoder(DomainEvent)
_ENCODER = msgspec.json.Encoder()


def encode(event: Event) -> bytes:
    """The event as JSON."""
    return _ENCODER.encode(event)


def decode(text: bytes) -> DomainEvent:
    """The event back again; ``msgspec.MsgspecError`` if it is none."""
    return _DECODER.decode(text)
