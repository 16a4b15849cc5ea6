"""Every action of every version: who may send it, with which types, and whose business it is.

The rows are generated with the types and live in ``v12`` ... ``v21``; a version is imported when
it is first asked for, so that a program pays for the versions it speaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from chargeplane.ocpp.versions import Direction, Kind, Role, Version
from chargeplane.ocpp.wire import Message, Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Action", "Block", "action_of", "actions", "find"]


class Block(StrEnum):
    """The functional blocks that the actions belong to; each has a folder in ``csms/``."""

    PROVISIONING = "provisioning"
    AUTHORIZATION = "authorization"
    LOCAL_LIST = "local_list"
    TRANSACTIONS = "transactions"
    METERING = "metering"
    REMOTE_CONTROL = "remote_control"
    AVAILABILITY = "availability"
    RESERVATION = "reservation"
    TARIFF_COST = "tariff_cost"
    SMART_CHARGING = "smart_charging"
    FIRMWARE = "firmware"
    SECURITY = "security"
    CERTIFICATES = "certificates"
    DIAGNOSTICS = "diagnostics"
    MONITORING = "monitoring"
    DISPLAY = "display"
    DATA_TRANSFER = "data_transfer"
    V2X = "v2x"
    DER = "der"
    BATTERY_SWAP = "battery_swap"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class Action:
    """One action of one version."""

    version: Version
    name: str
    """As it stands in the frame: ``BootNotification``."""
    direction: Direction
    block: Block
    request: type[Request]
    response: type[Response] | None
    """None for a SEND."""

    @property
    def kind(self) -> Kind:
        """Whether the request travels as a CALL or as a SEND."""
        return Kind.CALL if self.response else Kind.SEND

    def __repr__(self) -> str:
        return f"<{self.version} {self.name}>"

    def may_be_sent_by(self, role: Role) -> bool:
        """Whether this end of the wire may send the request."""
        return self.direction.allows(role)


@cache
def actions(version: Version) -> Mapping[str, Action]:
    """All actions of ``version`` by name, in alphabetical order."""
    package = import_module(f"chargeplane.ocpp.{version.package}")
    rows: tuple[Action, ...] = package.ACTIONS
    return MappingProxyType({action.name: action for action in rows})


def find(version: Version, name: str) -> Action | None:
    """The action called ``name`` in ``version``, or None."""
    return actions(version).get(name)


@cache
def _action_of(message: type[Message]) -> Action:
    package = message.__module__.rsplit(".", 2)[-2]
    return _actions_by_type(package)[message]


def action_of(message: type[Message]) -> Action:
    """The action that a request or response type belongs to.

    Raises:
        KeyError: the type is not one of a published version.
    """
    return _action_of(message)


@cache
def _actions_by_type(package: str) -> Mapping[type[Message], Action]:
    by_type: dict[type[Message], Action] = {}
    version = next((v for v in Version if v.package == package), None)
    for action in actions(version).values() if version else ():
        by_type[action.request] = action
        if action.response:
            by_type[action.response] = action
    return by_type
