"""The two SOAP services of 1.2, 1.5 and 1.6: namespaces, operations, and the names in a body.

The station calls the Central System service, the CSMS calls the Charge Point service; each version
of each has a namespace of its own, and that is how a receiver knows what it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from chargeplane.ocpp.catalogue import Action, action_of, actions
from chargeplane.ocpp.errors import ErrorCode, LocalError
from chargeplane.ocpp.versions import Role, Version
from chargeplane.ocpp.wire import Message

__all__ = ["NOT_IN_SOAP", "VERSIONS", "Service", "namespace_of", "operations", "service_of"]


class Service(StrEnum):
    """One of the two services; the value is how its namespaces call it."""

    CENTRAL_SYSTEM = "Cs"
    CHARGE_POINT = "Cp"

    @property
    def client(self) -> Role:
        """The end that calls the service."""
        return Role.STATION if self is Service.CENTRAL_SYSTEM else Role.CSMS

    @classmethod
    def called_by(cls, role: Role) -> Service:
        """The service that this end calls."""
        return cls.CENTRAL_SYSTEM if role is Role.STATION else cls.CHARGE_POINT


_DATES = {Version.V1_2: "2010/08", Version.V1_5: "2012/06", Version.V1_6: "2015/10"}
VERSIONS = tuple(_DATES)

# The security extension of 1.6 (third edition of the white paper, 2022) is defined for JSON alone.
NOT_IN_SOAP = frozenset(
    "CertificateSigned DeleteCertificate ExtendedTriggerMessage GetInstalledCertificateIds GetLog "
    "InstallCertificate LogStatusNotification SecurityEventNotification SignCertificate "
    "SignedFirmwareStatusNotification SignedUpdateFirmware".split()
)


def namespace_of(version: Version, service: Service) -> str:
    """The namespace as the official WSDL has it, with the last slash.

    Raises:
        LocalError: the version is defined for JSON alone.
    """
    date = _DATES.get(version)
    if date is None:
        raise LocalError(ErrorCode.NOT_SUPPORTED, f"OCPP {version} has no SOAP services")
    return f"urn://Ocpp/{service}/{date}/"


def _folded(namespace: str) -> str:
    return namespace.rstrip("/").casefold()


_BY_NAMESPACE = {
    _folded(namespace_of(version, service)): (version, service)
    for version in VERSIONS
    for service in Service
}


def service_of(namespace: str) -> tuple[Version, Service] | None:
    """Whose namespace it is, with or without the last slash (the 1.6 text prints it without)."""
    return _BY_NAMESPACE.get(_folded(namespace))


@cache
def operations(version: Version, service: Service) -> Mapping[str, Action]:
    """The actions that a service offers, by name."""
    namespace_of(version, service)
    return MappingProxyType(
        {
            name: action
            for name, action in actions(version).items()
            if name not in NOT_IN_SOAP and action.may_be_sent_by(service.client)
        }
    )


class Root(NamedTuple):
    """What the first element of a body stands for."""

    action: Action
    message: type[Message]
    element: str


@cache
def roots(version: Version, service: Service) -> Mapping[str, Root]:
    """The possible first elements of a body, by their names in lower case."""
    found = {}
    for action in operations(version, service).values():
        assert action.response is not None  # 1.x has no SEND
        for message in (action.request, action.response):
            root = Root(action, message, element_of(message))
            found[root.element.lower()] = root
    return found


def element_of(message: type[Message]) -> str:
    """``BootNotificationRequest`` -> ``bootNotificationRequest``."""
    return message.__name__[0].lower() + message.__name__[1:]


def action_in(service: Service, message: Message) -> Action:
    """The action of a message that is about to be sent to a service, or answered by it.

    Raises:
        LocalError: the service does not have it.
    """
    action = action_of(type(message))
    if operations(action.version, service).get(action.name) is not action:
        where = "SOAP" if action.name in NOT_IN_SOAP else f"the {service} service"
        raise LocalError(
            ErrorCode.NOT_SUPPORTED,
            f"{action.name} is not part of {where} of OCPP {action.version}",
        )
    return action
