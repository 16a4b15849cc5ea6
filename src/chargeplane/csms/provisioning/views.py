"""Stations and what belongs to them, as the REST interface shows them."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from chargeplane.csms.contract import Registration
from chargeplane.csms.provisioning.directory import Seen
from chargeplane.csms.soap_host import SOAP_HOST_MAX
from chargeplane.runtime.passwords import CHARACTERS_MAX, CHARACTERS_MIN

__all__ = [
    "Adoption",
    "ConnectorView",
    "EvseView",
    "MadeStation",
    "NewStation",
    "StationChanges",
    "StationView",
    "StrangerView",
    "VariableView",
    "members",
    "station_view",
]

Label = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Password = Annotated[
    str,
    Meta(min_length=CHARACTERS_MIN, max_length=CHARACTERS_MAX, pattern=r"^[\x21-\x7e]+$"),
]
Profile = Annotated[int, Meta(ge=0, le=3)]
SoapHost = Annotated[str, Meta(min_length=1, max_length=SOAP_HOST_MAX)]
PingInterval = Annotated[int, Meta(ge=0, le=86_400)]


class ConnectorView(Struct, frozen=True):
    """A connector."""

    id: int
    type: str | None
    """The plug, as the station says it; null if it did not say."""
    status: str
    error_code: str | None
    info: str | None
    reported_at: datetime


class EvseView(Struct, frozen=True):
    """An EVSE with its connectors."""

    id: int
    connectors: list[ConnectorView]


class StationView(Struct, frozen=True, kw_only=True):
    """A station."""

    id: str
    tenant_id: UUID
    site_id: str | None
    name: str | None
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware_version: str | None
    ocpp_version: str | None
    transport: str | None
    security_profile: int
    connected: bool
    last_seen_at: datetime | None
    booted_at: datetime | None
    created_at: datetime
    registration: Registration
    ping_interval_s: int | None
    """How long it may be silent before it is pinged; 0: never; null: as all others."""
    soap_host: str | None
    """Where it may be called, besides where it connects from, if it speaks SOAP; null: nowhere."""
    status: str | None
    """Of the station as a whole; null if it has not said."""
    power_w: float | None
    """What its transactions draw now; null if nothing is known."""
    evses: list[EvseView]


class MadeStation(StationView, frozen=True, kw_only=True):
    """A new station, with its password."""

    password: str | None
    """Shown once; it cannot be read again. Null if its security profile wants none."""


class Adoption(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to register a station that has tried to connect."""

    password: Password | None = None
    security_profile: Profile = 1
    site_id: Label | None = None
    name: Label | None = None
    soap_host: SoapHost | None = None
    """An IP address or a host name where it listens, if it speaks SOAP and connects from another
    one, as behind a proxy. Whoever registers a name answers for where it leads."""


class NewStation(Adoption, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A station to be registered."""

    id: Annotated[str, Meta(min_length=1, max_length=48)]
    """As the station names itself: the last part of the path that it connects to."""


class StationChanges(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to change of a station."""

    name: Label | UnsetType | None = UNSET
    site_id: Label | UnsetType | None = UNSET
    security_profile: Profile | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    registration: Registration | UnsetType = UNSET
    ping_interval_s: PingInterval | UnsetType | None = UNSET
    """Counts from its next connection on. Some stations cannot answer pings: 0 spares them."""
    soap_host: SoapHost | UnsetType | None = UNSET
    """An IP address or a host name, as when it is registered; null: none. Counts at once."""


class StrangerView(Struct, frozen=True):
    """A station that tried to connect without being registered."""

    id: str
    remote_host: str
    subprotocols: str
    reason: str
    first_seen_at: datetime
    last_seen_at: datetime
    attempts: int


class VariableView(Struct, frozen=True):
    """A variable of a component, or a configuration key of 1.x, which has no component."""

    component: str | None
    component_instance: str | None
    evse_id: int | None
    connector_id: int | None
    name: str
    instance: str | None
    attribute: str
    value: str | None
    mutability: str | None
    data_type: str | None
    unit: str | None
    minimum: str | None
    maximum: str | None
    choices: str | None
    reported_at: datetime
    received_at: datetime


def members(view: type[Struct], row: Any) -> dict[str, Any]:
    """The fields of a view, by name, from whatever has the same attributes."""
    return {name: getattr(row, name) for name in view.__struct_fields__}


def station_view(seen: Seen, connected: bool, power_w: float | None = None) -> StationView:
    """A station as it is shown."""
    return StationView(**station_members(seen, connected, power_w))


def station_members(seen: Seen, connected: bool, power_w: float | None = None) -> dict[str, Any]:
    """The fields of a station's view."""
    row = seen.station._mapping
    plain = {name: row[name] for name in StationView.__struct_fields__ if name in row}
    whole = next((each.status for each in seen.connectors if each.evse_id == 0), None)
    plain["registration"] = Registration(plain["registration"])
    return plain | {
        "connected": connected,
        "status": whole,
        "power_w": power_w,
        "evses": _evses(seen),
    }


def _evses(seen: Seen) -> list[EvseView]:
    of_evses = [each for each in seen.connectors if each.evse_id > 0]
    return [
        EvseView(
            evse_id,
            [
                ConnectorView(
                    each.connector_id,
                    seen.types.get((evse_id, each.connector_id)),
                    each.status,
                    each.error_code,
                    each.info,
                    each.reported_at,
                )
                for each in those
                if each.connector_id > 0
            ],
        )
        for evse_id, those in groupby(of_evses, key=lambda each: each.evse_id)
    ]
