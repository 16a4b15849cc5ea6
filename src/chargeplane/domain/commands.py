"""Commands: what we want of a station, in words that every version shares, and what came of it.

The name of a command is its tag, in kebab-case, as in the path of its REST route. An outcome is a
value and never an exception.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from chargeplane.domain.tokens import IdToken

__all__ = [
    "COMMANDS",
    "Accepted",
    "CancelReservation",
    "CertificateUse",
    "ChangeAvailability",
    "ClearCache",
    "Command",
    "ComponentVariable",
    "DataTransfer",
    "DeleteCertificate",
    "GetBaseReport",
    "GetInstalledCertificateIds",
    "GetLog",
    "GetReport",
    "GetVariables",
    "InstallCertificate",
    "LogKind",
    "NoAnswer",
    "Outcome",
    "Raw",
    "Refused",
    "ReportBase",
    "ReportCriterion",
    "Reserve",
    "Reset",
    "ResetType",
    "SetVariables",
    "StartCharging",
    "StopCharging",
    "TriggerMessage",
    "UnlockConnector",
    "Unsupported",
    "UpdateFirmware",
    "Variable",
    "VariableValue",
    "name_of",
]

RETRIES_MAX: Final = 9
"""Of a station that sends or fetches a file."""

Time = Annotated[datetime, Meta(tz=True)]


def _kebab(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


class Command(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="command", tag=_kebab
):
    """What all commands are: a wish with named fields."""


class StartCharging(Command, frozen=True, kw_only=True):
    """Start a transaction for a token. Without EVSE the station chooses."""

    id_token: IdToken
    evse_id: int | None = None
    connector_id: int | None = None
    charging_profile: dict[str, Any] | None = None


class StopCharging(Command, frozen=True, kw_only=True):
    """Stop a transaction; the id is ours."""

    transaction_id: str


class ResetType(StrEnum):
    """When to reset: at once, or when no transaction is active."""

    IMMEDIATE = "immediate"
    ON_IDLE = "on_idle"


class Reset(Command, frozen=True, kw_only=True):
    """Start the station, or one EVSE of it, anew."""

    type: ResetType = ResetType.ON_IDLE
    evse_id: int | None = None


class UnlockConnector(Command, frozen=True, kw_only=True):
    """Release the plug."""

    evse_id: int
    connector_id: int = 1


class ChangeAvailability(Command, frozen=True, kw_only=True):
    """Take the station, an EVSE or a connector out of service, or back into it."""

    operative: bool
    evse_id: int | None = None
    connector_id: int | None = None


class TriggerMessage(Command, frozen=True, kw_only=True):
    """Ask for a message now; ``message`` is its name in the station's version."""

    message: str
    evse_id: int | None = None
    connector_id: int | None = None


class Variable(Struct, frozen=True, kw_only=True):
    """A variable of a component in 2.x. In 1.x a configuration key: then there is no component."""

    name: str
    component: str | None = None
    instance: str | None = None
    component_instance: str | None = None
    evse_id: int | None = None
    connector_id: int | None = None
    attribute: str = "actual"


class VariableValue(Struct, frozen=True, kw_only=True):
    """A variable and what it shall be."""

    variable: Variable
    value: str


class GetVariables(Command, frozen=True, kw_only=True):
    """Read variables; none named means all that the station lets us read."""

    variables: tuple[Variable, ...] = ()


class SetVariables(Command, frozen=True, kw_only=True):
    """Write variables."""

    values: tuple[VariableValue, ...]


class ReportBase(StrEnum):
    """How much of its device model a station shall report."""

    CONFIGURATION = "configuration"
    """What can be set."""
    FULL = "full"
    """Everything."""
    SUMMARY = "summary"
    """What can be used now, and what is wrong."""


class GetBaseReport(Command, frozen=True, kw_only=True):
    """Have the station report its variables; 1.x answers with its configuration keys."""

    report_base: ReportBase = ReportBase.FULL


class ReportCriterion(StrEnum):
    """Which components a report is about, by their state."""

    ACTIVE = "active"
    AVAILABLE = "available"
    ENABLED = "enabled"
    PROBLEM = "problem"


class ComponentVariable(Struct, frozen=True, kw_only=True):
    """A component, or one variable of it."""

    component: str
    name: str | None = None
    instance: str | None = None
    component_instance: str | None = None
    evse_id: int | None = None
    connector_id: int | None = None


class GetReport(Command, frozen=True, kw_only=True):
    """Have the station report some variables; nothing named means all."""

    criteria: tuple[ReportCriterion, ...] = ()
    variables: tuple[ComponentVariable, ...] = ()


class ClearCache(Command, frozen=True, kw_only=True):
    """Forget the tokens that were authorised before."""


class DataTransfer(Command, frozen=True, kw_only=True):
    """A vendor's own message."""

    vendor_id: str
    message_id: str | None = None
    data: Any = None


class CertificateUse(StrEnum):
    """What a certificate in a station is for."""

    CSMS_ROOT = "csms_root"
    MANUFACTURER_ROOT = "manufacturer_root"
    V2G_ROOT = "v2g_root"
    MO_ROOT = "mo_root"
    OEM_ROOT = "oem_root"
    V2G_CHAIN = "v2g_chain"
    """Its own, towards vehicles; it can be listed and not installed."""


class InstallCertificate(Command, frozen=True, kw_only=True):
    """Have a station trust a root. Without ``certificate``: that of our own authority."""

    use: CertificateUse = CertificateUse.CSMS_ROOT
    certificate: str | None = None
    """In PEM."""


class DeleteCertificate(Command, frozen=True, kw_only=True):
    """Take a certificate out of a station; the hashes are as it has listed them."""

    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


class GetInstalledCertificateIds(Command, frozen=True, kw_only=True):
    """List the certificates in a station; nothing named means all that the version can list."""

    uses: tuple[CertificateUse, ...] = ()


class LogKind(StrEnum):
    """Which log a station shall send."""

    DIAGNOSTICS = "diagnostics"
    SECURITY = "security"
    """Its security events; in 1.6 by the security whitepaper."""
    DATA_COLLECTOR = "data_collector"
    """2.1 alone."""


class GetLog(Command, frozen=True, kw_only=True):
    """Have the station send a log. It goes to a one-time address that is made for it."""

    kind: LogKind = LogKind.DIAGNOSTICS
    oldest_at: Time | None = None
    latest_at: Time | None = None
    retries: Annotated[int, Meta(ge=0, le=RETRIES_MAX)] = 2
    retry_interval_s: Annotated[int, Meta(ge=1, le=86_400)] | None = None


class Reserve(Command, frozen=True, kw_only=True):
    """Keep an EVSE free for a token. Without EVSE: any one, of a type of connector if it is named.

    The token's group, if it has one, may use it as well.
    """

    id_token: IdToken
    expires_at: Time
    """So long the station shall wait."""
    evse_id: int | None = None
    connector_type: str | None = None
    """In the words of 2.x: ``cCCS2``."""
    reservation_id: str | None = None
    """A UUID that will be our id of it; None: we choose one."""


class CancelReservation(Command, frozen=True, kw_only=True):
    """Give a reservation up; the id is ours."""

    reservation_id: str


class UpdateFirmware(Command, frozen=True, kw_only=True):
    """Have the station fetch and install an image, from a one-time address that is made for it."""

    image_id: str
    retrieve_at: Time | None = None
    """Not fetched before; left out: at once."""
    install_at: Time | None = None
    """Not installed before; left out: as soon as it can."""
    until_at: Time | None = None
    """The end of the window: the address counts no longer. Left out: after a week."""
    is_signed: bool | None = None
    """Whether the station shall check the signature; left out: if image and version have one."""
    retries: Annotated[int, Meta(ge=0, le=RETRIES_MAX)] = 2
    retry_interval_s: Annotated[int, Meta(ge=1, le=86_400)] | None = None
    update_id: str | None = None
    """Of an update that is planned: it is carried out now, as it was planned."""


class Raw(Command, frozen=True, kw_only=True):
    """Any message of the station's version."""

    action: str
    payload: dict[str, Any]


def name_of(command: type[Command]) -> str:
    """``start-charging`` of StartCharging."""
    return str(command.__struct_config__.tag)


COMMANDS: dict[str, type[Command]] = {name_of(kind): kind for kind in Command.__subclasses__()}


class _Outcome(Struct, frozen=True, kw_only=True, tag_field="outcome", tag=_kebab):
    """What came of a command."""


class Accepted(_Outcome, frozen=True, kw_only=True):
    """The station will do it. ``status`` is the station's own word."""

    status: str = "Accepted"
    reason: str | None = None
    response: dict[str, Any] = msgspec.field(default_factory=dict)


class Refused(_Outcome, frozen=True, kw_only=True):
    """The station answered, and will not."""

    status: str
    reason: str | None = None
    response: dict[str, Any] = msgspec.field(default_factory=dict)


class Unsupported(_Outcome, frozen=True, kw_only=True):
    """Known before sending: its version, or what it has reported, lacks this."""

    reason: str


class NoAnswer(_Outcome, frozen=True, kw_only=True, tag="no_answer"):
    """Nobody knows whether it was done. Never repeated blindly."""

    reason: str | None = None


Outcome = Accepted | Refused | Unsupported | NoAnswer
