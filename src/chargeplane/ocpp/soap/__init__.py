"""OCPP-S: the messages of 1.2, 1.5 and 1.6 in SOAP 1.2 envelopes, and the WSDLs of both services.

    envelope = parse_envelope(body, content_encoding)   # EnvelopeError: answer with a fault
    request = envelope.message()                        # RemoteError: repair the payload, or fault
    answer = response_envelope(response, service=envelope.service, relates_to=envelope.message_id,
                               message_id=new_id)

Bytes in, bytes out; HTTP is the business of whoever calls. Tolerant when reading: headers may be
missing or misplaced, and a ``Remark`` tells. Strict when writing: all headers, and only what the
WSDL allows. No input, however hostile, raises anything but a ``RemoteError``.
"""

from __future__ import annotations

from chargeplane.ocpp.soap.envelope import Envelope, Remark, parse_envelope
from chargeplane.ocpp.soap.faults import EnvelopeError, Fault, FaultCode, Subcode
from chargeplane.ocpp.soap.names import ANONYMOUS, CONTENT_TYPE
from chargeplane.ocpp.soap.services import (
    NOT_IN_SOAP,
    VERSIONS,
    Service,
    namespace_of,
    operations,
    service_of,
)
from chargeplane.ocpp.soap.tree import LIMITS, Limits, compress, inflate
from chargeplane.ocpp.soap.writing import fault_envelope, request_envelope, response_envelope
from chargeplane.ocpp.soap.wsdl import wsdl

__all__ = [
    "ANONYMOUS",
    "CONTENT_TYPE",
    "LIMITS",
    "NOT_IN_SOAP",
    "VERSIONS",
    "Envelope",
    "EnvelopeError",
    "Fault",
    "FaultCode",
    "Limits",
    "Remark",
    "Service",
    "Subcode",
    "compress",
    "fault_envelope",
    "inflate",
    "namespace_of",
    "operations",
    "parse_envelope",
    "request_envelope",
    "response_envelope",
    "service_of",
    "wsdl",
]
