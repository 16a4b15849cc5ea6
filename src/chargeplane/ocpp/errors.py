"""Who is to blame, and what to answer: the errors of the protocol core.

``LocalError`` is our mistake: log it with its trace. ``RemoteError`` is the other end's: answer its
code, count it, no trace. Both carry the error code in the words of the newest version;
``ErrorCode.on_wire`` spells it as an older one wants it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from chargeplane.ocpp.versions import Version


class ErrorCode(StrEnum):
    """The codes of a CALLERROR, named as in 2.x (Part 4, table "Valid Error Codes")."""

    FORMAT_VIOLATION = "FormatViolation"
    GENERIC_ERROR = "GenericError"
    INTERNAL_ERROR = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    PROTOCOL_ERROR = "ProtocolError"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    SECURITY_ERROR = "SecurityError"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"

    def on_wire(self, version: Version) -> str:
        """The code as ``version`` spells it."""
        if version.newest_of_family is Version.V1_6:
            return _CODES_1X.get(self, self.value)
        return self.value

    @classmethod
    def of_wire(cls, code: str) -> ErrorCode | None:
        """The code behind a word from the wire, in the spelling of any version, or None."""
        return _BY_WIRE.get(code)


# 1.6-J errata 5.1 and 5.2 keep both misspellings on purpose. 1.6 has ten codes; the two that came
# with 2.0.1 become the nearest of them.
_CODES_1X = {
    ErrorCode.FORMAT_VIOLATION: "FormationViolation",
    ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation",
    ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: "NotSupported",
    ErrorCode.RPC_FRAMEWORK_ERROR: "ProtocolError",
}
_BY_WIRE = {code.value: code for code in ErrorCode} | {
    "FormationViolation": ErrorCode.FORMAT_VIOLATION,
    "OccurenceConstraintViolation": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
}


class OcppError(Exception):
    """Something that the protocol does not allow.

    Attributes:
        code: what a CALLERROR would say.
        description: one sentence for people.
        details: a JSON object for programs.
    """

    def __init__(
        self, code: ErrorCode, description: str, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.details = details or {}


class LocalError(OcppError):
    """We did wrong: a message that must not be sent, an answer that is not owed, a full queue."""


class RemoteError(OcppError):
    """They did wrong: a frame or a payload that the version does not allow."""
