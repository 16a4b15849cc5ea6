"""The versions of OCPP, and the few words that every part of the protocol shares."""

from __future__ import annotations

from enum import StrEnum


class Version(StrEnum):
    """A published version of the Open Charge Point Protocol; the value is how people write it."""

    V1_2 = "1.2"
    V1_5 = "1.5"
    V1_6 = "1.6"
    V2_0_1 = "2.0.1"
    V2_1 = "2.1"

    @property
    def subprotocol(self) -> str:
        """The WebSocket sub-protocol name, as registered with IANA (``ocpp2.0.1``)."""
        return f"ocpp{self.value}"

    @property
    def package(self) -> str:
        """The name of the package of generated types under ``chargeplane.ocpp`` (``v201``)."""
        return "v" + self.value.replace(".", "")

    @property
    def newest_of_family(self) -> Version:
        """The version whose types serve the whole family: 1.6 for 1.x, 2.1 for 2.x."""
        return Version.V1_6 if self.value.startswith("1") else Version.V2_1

    @classmethod
    def of_subprotocol(cls, name: str) -> Version | None:
        """The version that a WebSocket sub-protocol name stands for, or None."""
        return _BY_SUBPROTOCOL.get(name)


_BY_SUBPROTOCOL = {version.subprotocol: version for version in Version}


class Role(StrEnum):
    """One of the two ends of the wire."""

    STATION = "station"
    CSMS = "csms"

    @property
    def other(self) -> Role:
        """The other end."""
        return Role.CSMS if self is Role.STATION else Role.STATION


class Direction(StrEnum):
    """Who may send the request of an action."""

    TO_CSMS = "station -> CSMS"
    TO_STATION = "CSMS -> station"
    BOTH = "both ways"

    def allows(self, sender: Role) -> bool:
        """Whether ``sender`` may send the request."""
        return self is Direction.BOTH or (self is Direction.TO_CSMS) == (sender is Role.STATION)


class Kind(StrEnum):
    """How a request travels: as a CALL, which is answered, or as a SEND (2.1), which never is."""

    CALL = "CALL"
    SEND = "SEND"
