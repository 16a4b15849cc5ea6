"""Which commands a station can carry out, as far as is known before one is sent.

Two things are known: the messages of its version of OCPP, and what the station has reported of
itself. Of a station that has reported nothing, everything that its version has is held possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final, Literal, NamedTuple
from uuid import UUID

from litestar import get
from litestar.params import FromPath
from msgspec import Struct
from sqlalchemy import Connection, select

from chargeplane.csms.provisioning import tables
from chargeplane.csms.provisioning.directory import Directory
from chargeplane.domain.commands import COMMANDS, Variable
from chargeplane.ocpp import catalogue
from chargeplane.ocpp.versions import Role, Version
from chargeplane.runtime.rest import Injected, Page, Principal, Problem, requires
from chargeplane.runtime.store import Store

__all__ = ["MESSAGES", "CapabilityView", "capabilities", "list_capabilities"]


class Messages(NamedTuple):
    """The message that a command is sent as, by family; None: there is none."""

    v1: str | None
    v2: str | None


MESSAGES: Final[Mapping[str, Messages]] = {
    "start-charging": Messages("RemoteStartTransaction", "RequestStartTransaction"),
    "stop-charging": Messages("RemoteStopTransaction", "RequestStopTransaction"),
    "reset": Messages("Reset", "Reset"),
    "unlock-connector": Messages("UnlockConnector", "UnlockConnector"),
    "change-availability": Messages("ChangeAvailability", "ChangeAvailability"),
    "trigger-message": Messages("TriggerMessage", "TriggerMessage"),
    "get-variables": Messages("GetConfiguration", "GetVariables"),
    "set-variables": Messages("ChangeConfiguration", "SetVariables"),
    "get-base-report": Messages("GetConfiguration", "GetBaseReport"),
    "get-report": Messages(None, "GetReport"),
    "clear-cache": Messages("ClearCache", "ClearCache"),
    "reserve": Messages("ReserveNow", "ReserveNow"),
    "cancel-reservation": Messages("CancelReservation", "CancelReservation"),
    "data-transfer": Messages("DataTransfer", "DataTransfer"),
    "get-log": Messages("GetDiagnostics", "GetLog"),
    "update-firmware": Messages("UpdateFirmware", "UpdateFirmware"),
    "install-certificate": Messages("InstallCertificate", "InstallCertificate"),
    "delete-certificate": Messages("DeleteCertificate", "DeleteCertificate"),
    "get-installed-certificate-ids": Messages(
        "GetInstalledCertificateIds", "GetInstalledCertificateIds"
    ),
}
"""Each command but ``raw``, which is any message."""

PROFILES: Final = Variable(name="SupportedFeatureProfiles")
"""What a 1.6 station says it can (1.6, 9.1.24)."""
CACHE: Final = Variable(name="Available", component="AuthCacheCtrlr")
"""Whether a 2.x station has an authorisation cache (2.0.1, AuthCacheCtrlr)."""
RESERVATIONS: Final = (
    Variable(name="Available", component="ReservationCtrlr"),
    Variable(name="Enabled", component="ReservationCtrlr"),
)
"""Whether a 2.x station takes reservations (H01.FR.01)."""
_TOLD_BY: Final = (PROFILES, CACHE, *RESERVATIONS)
_NEEDED_PROFILES: Final = {
    "trigger-message": "RemoteTrigger",
    "reserve": "Reservation",
    "cancel-reservation": "Reservation",
    "get-log": "FirmwareManagement",
    "update-firmware": "FirmwareManagement",
}


class CapabilityView(Struct, frozen=True, kw_only=True):
    """A command, and whether a station can carry it out."""

    name: str
    supported: bool
    lack: Literal["version", "feature"] | None
    """Whose fault it is: its version has no message for it, or the station says it cannot."""
    reason: str | None


def capabilities(
    version: Version | None, reported: Mapping[str, str | None]
) -> list[CapabilityView]:
    """All commands; ``reported``: values by the keys of ``tables.key_of``."""
    return [_capability(name, version, reported) for name in COMMANDS]


def _capability(
    name: str, version: Version | None, reported: Mapping[str, str | None]
) -> CapabilityView:
    if version is not None:
        if not _has_message(name, version):
            reason = f"OCPP {version} has no message for it"
            return CapabilityView(name=name, supported=False, lack="version", reason=reason)
        if missing := _missing(name, version, reported):
            return CapabilityView(name=name, supported=False, lack="feature", reason=missing)
    return CapabilityView(name=name, supported=True, lack=None, reason=None)


def _has_message(name: str, version: Version) -> bool:
    messages = MESSAGES.get(name)
    if messages is None:
        return True
    wanted = messages.v1 if version.newest_of_family is Version.V1_6 else messages.v2
    action = wanted and catalogue.find(version, wanted)
    return bool(action and action.may_be_sent_by(Role.CSMS))


def _missing(name: str, version: Version, reported: Mapping[str, str | None]) -> str | None:
    """What the station says it lacks; None if it does not say so."""
    profiles = reported.get(tables.key_of(PROFILES))
    needed = _NEEDED_PROFILES.get(name)
    if version is Version.V1_6 and needed and profiles:
        told = {each.strip().casefold() for each in profiles.split(",")}
        if needed.casefold() not in told:
            return f"the station does not name {needed} among its feature profiles"
    has_cache = (reported.get(tables.key_of(CACHE)) or "").casefold() != "false"
    if name == "clear-cache" and not has_cache:
        return "the station says it has no authorisation cache"
    for variable in RESERVATIONS:
        is_off = (reported.get(tables.key_of(variable)) or "").casefold() == "false"
        if name == "reserve" and is_off:
            return f"the station says that ReservationCtrlr.{variable.name} is false"
    return None


def reported_by(connection: Connection, tenant_id: UUID, station_id: str) -> dict[str, str | None]:
    """What the station has told of what it can, by the keys of the variables."""
    each = tables.variables.c
    query = select(each.key, each.value).where(
        each.tenant_id == tenant_id,
        each.station_id == station_id,
        each.key.in_([tables.key_of(variable) for variable in _TOLD_BY]),
    )
    return {row.key: row.value for row in connection.execute(query)}


@get(
    "/stations/{station_id:str}/capabilities",
    guards=[requires("stations:read")],
    summary="List what a station can be asked for",
)
async def list_capabilities(
    station_id: FromPath[str],
    directory: Injected[Directory],
    store: Injected[Store],
    principal: Injected[Principal],
) -> Page[CapabilityView]:
    """Every command, whether the station can carry it out, and if not, why."""
    seen = await directory.find(principal.tenant_id, station_id)
    if seen is None:
        raise Problem.not_found("station", station_id)
    told = seen.station.ocpp_version
    look = partial(reported_by, tenant_id=principal.tenant_id, station_id=seen.station.id)
    reported = await store.read(look)
    return Page(capabilities(Version(told) if told else None, reported), None)
