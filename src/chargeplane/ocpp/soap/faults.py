"""SOAP faults: what they say of blame, and how they map to the error codes of the library.

OCPP-S knows five subcodes. JSON knows more codes, so several of them become one subcode; a subcode
that the list does not have is kept as it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chargeplane.ocpp.errors import ErrorCode, LocalError, OcppError, RemoteError
from chargeplane.ocpp.soap.services import Service
from chargeplane.ocpp.versions import Version

__all__ = ["REASON_LENGTH_MAX", "EnvelopeError", "Fault", "FaultCode", "Subcode"]

REASON_LENGTH_MAX = 2000
"""Characters of a reason or detail that are read or written; it may quote what a peer sent."""


class FaultCode(StrEnum):
    """The codes of SOAP 1.2 (Part 1, 5.4.6)."""

    SENDER = "Sender"
    RECEIVER = "Receiver"
    VERSION_MISMATCH = "VersionMismatch"
    MUST_UNDERSTAND = "MustUnderstand"
    DATA_ENCODING_UNKNOWN = "DataEncodingUnknown"


class Subcode(StrEnum):
    """The subcodes of OCPP-S."""

    SECURITY_ERROR = "SecurityError"
    IDENTITY_MISMATCH = "IdentityMismatch"
    PROTOCOL_ERROR = "ProtocolError"
    INTERNAL_ERROR = "InternalError"
    NOT_SUPPORTED = "NotSupported"


_SENT = {
    ErrorCode.SECURITY_ERROR: (FaultCode.SENDER, Subcode.SECURITY_ERROR),
    ErrorCode.INTERNAL_ERROR: (FaultCode.RECEIVER, Subcode.INTERNAL_ERROR),
    ErrorCode.GENERIC_ERROR: (FaultCode.RECEIVER, Subcode.INTERNAL_ERROR),
    ErrorCode.NOT_IMPLEMENTED: (FaultCode.RECEIVER, Subcode.NOT_SUPPORTED),
    ErrorCode.NOT_SUPPORTED: (FaultCode.RECEIVER, Subcode.NOT_SUPPORTED),
    ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: (FaultCode.RECEIVER, Subcode.NOT_SUPPORTED),
}
_RECEIVED = {Subcode.IDENTITY_MISMATCH.value: ErrorCode.SECURITY_ERROR}
_RECEIVED_WITHOUT_SUBCODE = {
    FaultCode.SENDER: ErrorCode.GENERIC_ERROR,
    FaultCode.RECEIVER: ErrorCode.INTERNAL_ERROR,
    FaultCode.DATA_ENCODING_UNKNOWN: ErrorCode.NOT_SUPPORTED,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, as read or to be written."""

    code: FaultCode
    subcode: str | None
    """A ``Subcode``, or what the other end made up."""
    reason: str
    detail: str = ""
    """The text of the detail element, for people. It is read and never written."""

    @classmethod
    def of(cls, error: OcppError) -> Fault:
        """The fault that answers an error; our own mistakes are always InternalError."""
        if isinstance(error, EnvelopeError) and error.fault_code:
            return cls(error.fault_code, None, error.description)
        code, subcode = FaultCode.RECEIVER, Subcode.INTERNAL_ERROR
        if not isinstance(error, LocalError):
            otherwise = (FaultCode.SENDER, Subcode.PROTOCOL_ERROR)
            code, subcode = _SENT.get(error.code, otherwise)
        return cls(code, subcode, error.description)

    @property
    def error_code(self) -> ErrorCode:
        """The nearest error code of the library."""
        known = _RECEIVED.get(self.subcode or "") or ErrorCode.of_wire(self.subcode or "")
        return known or _RECEIVED_WITHOUT_SUBCODE.get(self.code, ErrorCode.PROTOCOL_ERROR)

    @property
    def http_status(self) -> int:
        """The status of the HTTP answer that carries it (SOAP 1.2 Part 2, 7.5.2.2)."""
        return 400 if self.code is FaultCode.SENDER else 500

    def error(self) -> RemoteError:
        """The fault as an exception, for who waits for an answer."""
        details = {"code": self.code.value, "subcode": self.subcode, "detail": self.detail}
        return RemoteError(self.error_code, self.reason, details)


class EnvelopeError(RemoteError):
    """What came is no envelope that can be served.

    Attributes:
        fault_code: a code of SOAP itself where OCPP has no word for it, else None.
        message_id: what the fault relates to, as far as the headers could be read.
        version: of the namespace of the body, if that is known.
        service: as ``version``.
    """

    def __init__(
        self,
        code: ErrorCode,
        description: str,
        *,
        fault_code: FaultCode | None = None,
        message_id: str | None = None,
        version: Version | None = None,
        service: Service | None = None,
    ) -> None:
        super().__init__(code, description)
        self.fault_code = fault_code
        self.message_id = message_id
        self.version = version
        self.service = service
