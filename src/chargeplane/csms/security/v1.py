"""Security in 1.x: SecurityEventNotification of the whitepaper (edition 3), and its keys."""

from __future__ import annotations

from typing import Final

from chargeplane.csms.contract import Decision, Heard
from chargeplane.csms.security.events import reported
from chargeplane.domain.commands import SetVariables, Variable, VariableValue
from chargeplane.ocpp import v16

__all__ = ["new_password", "new_profile", "security_event"]

AUTHORIZATION_KEY: Final = Variable(name="AuthorizationKey")
SECURITY_PROFILE: Final = Variable(name="SecurityProfile")


def security_event(heard: Heard) -> Decision:
    """The handler of SecurityEventNotification (A04)."""
    request: v16.SecurityEventNotificationRequest = heard.request
    row, event = reported(heard, request.type, request.timestamp, request.tech_info or None)
    return Decision(v16.SecurityEventNotificationResponse(), (row,), (event,))


def new_password(password: str) -> SetVariables:
    """The bytes of the key in hexadecimal (A01; whitepaper, AuthorizationKey)."""
    value = VariableValue(variable=AUTHORIZATION_KEY, value=password.encode().hex())
    return SetVariables(values=(value,))


def new_profile(profile: int) -> SetVariables:
    """The station comes back by itself, with the higher profile (A05)."""
    return SetVariables(values=(VariableValue(variable=SECURITY_PROFILE, value=str(profile)),))
