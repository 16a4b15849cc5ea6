"""Security in 2.x: SecurityEventNotification (A04), passwords (A01), profiles (A05, B09)."""

from __future__ import annotations

from typing import Any, Final

from chargeplane.csms.contract import Decision, Heard
from chargeplane.csms.security.events import reported
from chargeplane.domain.commands import Raw, SetVariables, Variable, VariableValue
from chargeplane.ocpp import v21

__all__ = ["network_profile", "new_password", "priority", "security_event"]

PASSWORD: Final = Variable(component="SecurityCtrlr", name="BasicAuthPassword")
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


def priority(slots: tuple[int, ...]) -> SetVariables:
    """Which slot is tried first; the station falls back to the next (B10)."""
    value = VariableValue(variable=PRIORITY, value=",".join(map(str, slots)))
    return SetVariables(values=(value,))
