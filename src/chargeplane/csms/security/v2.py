"""Security in 2.x: SecurityEventNotification (A04), passwords (A01), profiles (A05, B09)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from chargeplane.csms.contract import Decision, Heard
from chargeplane.csms.security.events import reported
from chargeplane.domain.commands import (
    Accepted,
    GetVariables,
    Outcome,
    Raw,
    SetVariables,
    Variable,
    VariableValue,
)
from chargeplane.ocpp import v21

__all__ = [
    "allows_downgrade",
    "downgrade_wanted",
    "free_slot",
    "network_profile",
    "new_password",
    "priority",
    "security_event",
    "slots_of",
    "slots_wanted",
]

PASSWORD: Final = Variable(component="SecurityCtrlr", name="BasicAuthPassword")
DOWNGRADE: Final = Variable(component="SecurityCtrlr", name="AllowSecurityProfileDowngrade")
PRIORITY: Final = Variable(component="OCPPCommCtrlr", name="NetworkConfigurationPriority")
MESSAGE_TIMEOUT_S: Final = 30


def security_event(heard: Heard) -> Decision:
    """The handler of SecurityEventNotification (A04)."""
    request: v21.SecurityEventNotificationRequest = heard.request
    row, event = reported(heard, request.type, request.timestamp, request.tech_info or None)
    return Decision(v21.SecurityEventNotificationResponse(), (row,), (event,))


def new_password(password: str) -> SetVariables:
    """The password as it is (A01)."""
    return SetVariables(values=(VariableValue(variable=PASSWORD, value=password),))


def network_profile(slot: int, url: str, profile: int, version: str) -> Raw:
    """SetNetworkProfile (B09): where to connect, and how."""
    connection: dict[str, Any] = {
        "ocppInterface": "Wired0",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": url,
        "messageTimeout": MESSAGE_TIMEOUT_S,
        "securityProfile": profile,
    }
    if version == "2.0.1":
        connection["ocppVersion"] = "OCPP20"  # required there, and the only word there is
    payload = {"configurationSlot": slot, "connectionData": connection}
    return Raw(action="SetNetworkProfile", payload=payload)


def slots_wanted() -> GetVariables:
    """Which slots the station uses now."""
    return GetVariables(variables=(PRIORITY,))


def slots_of(outcome: Outcome) -> tuple[int, ...]:
    """The slots in use, out of the answer to ``slots_wanted``; none if it does not say."""
    words = _value_of(outcome).split(",")
    return tuple(int(each) for each in map(str.strip, words) if each.isdecimal())


def downgrade_wanted() -> GetVariables:
    """Whether the station may be taken from profile 3 to 2 (2.1, B09.FR.04)."""
    return GetVariables(variables=(DOWNGRADE,))


def allows_downgrade(outcome: Outcome) -> bool:
    """Whether the answer to ``downgrade_wanted`` says so."""
    return _value_of(outcome).strip().lower() == "true"


def _value_of(outcome: Outcome) -> str:
    """Of the one variable that was asked for; empty if there is none."""
    if not isinstance(outcome, Accepted):
        return ""
    results = outcome.response.get("getVariableResult") or [{}]
    return str(results[0].get("attributeValue", ""))


def free_slot(used: Collection[int]) -> int:
    """A slot for a new profile: never one in use, and the one it was built with at last."""
    return next(each for each in (2, 3, 1, 4) if each not in used or each == 4)


def priority(slots: tuple[int, ...]) -> SetVariables:
    """Which slot is tried first; the station falls back to the next (B10)."""
    value = VariableValue(variable=PRIORITY, value=",".join(map(str, slots)))
    return SetVariables(values=(value,))
