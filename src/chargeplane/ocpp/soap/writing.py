"""Writing envelopes: every header that OCPP-S names, and a payload that its WSDL allows."""

from __future__ import annotations

from lxml import etree

from chargeplane.ocpp.errors import ErrorCode, LocalError, OcppError
from chargeplane.ocpp.soap.faults import REASON_LENGTH_MAX, EnvelopeError, Fault, FaultCode
from chargeplane.ocpp.soap.names import ANONYMOUS, FAULT_ACTION, SOAP_12, WSA
from chargeplane.ocpp.soap.payload import write_payload
from chargeplane.ocpp.soap.services import Service, action_in, element_of, namespace_of
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response

__all__ = ["fault_envelope", "request_envelope", "response_envelope"]

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def request_envelope(
    message: Request,
    *,
    service: Service,
    charge_box_identity: str,
    message_id: str,
    to: str,
    from_address: str | None = None,
) -> bytes:
    """A request, as the body of an HTTP POST.

    Args:
        message: of 1.2, 1.5 or 1.6.
        service: whom it is for; only a DataTransfer could be for both.
        charge_box_identity: the station that it comes from or goes to.
        message_id: unique, such as ``urn:uuid:...``.
        to: the address of the receiver.
        from_address: where a station listens for commands; the CSMS learns it from nowhere else.

    Raises:
        LocalError: the message is not part of the service, or breaks its schema.
    """
    action = action_in(service, message)
    namespace = namespace_of(action.version, service)
    envelope, header, body = _envelope(service, namespace)
    write_payload(body, element_of(type(message)), namespace, message)
    identity = _block(header, f"{{{namespace}}}chargeBoxIdentity", charge_box_identity)
    identity.set(f"{{{SOAP_12}}}mustUnderstand", "true")
    _address(header, f"/{action.name}", message_id, to, from_address)
    _endpoint(header, "ReplyTo", ANONYMOUS)
    return _bytes(envelope)


def response_envelope(
    message: Response,
    *,
    service: Service,
    relates_to: str | None,
    message_id: str,
    to: str | None = None,
    from_address: str | None = None,
) -> bytes:
    """The answer to a request, as the body of the HTTP response.

    Args:
        message: of the version of the request.
        service: the one that was called.
        relates_to: the message id of the request, if it had one.
        message_id: unique.
        to: the ReplyTo of the request, if it had one.
        from_address: where the answering service listens.

    Raises:
        LocalError: as ``request_envelope``.
    """
    action = action_in(service, message)
    namespace = namespace_of(action.version, service)
    envelope, header, body = _envelope(service, namespace)
    write_payload(body, element_of(type(message)), namespace, message)
    _address(header, f"/{action.name}Response", message_id, to or ANONYMOUS, from_address)
    if relates_to:
        _block(header, f"{{{WSA}}}RelatesTo", relates_to)
    return _bytes(envelope)


def fault_envelope(
    fault: Fault | OcppError,
    *,
    relates_to: str | None,
    message_id: str,
    version: Version | None = None,
    service: Service | None = None,
    to: str | None = None,
) -> bytes:
    """A fault, as the body of the HTTP response.

    Args:
        fault: what to say, or the error that it should answer.
        relates_to: the message id of the request, as far as it could be read. An
            ``EnvelopeError`` knows it better than its receiver.
        message_id: unique.
        version: of the request, as far as it could be read.
        service: the one that was called, as far as it could be read.
        to: the ReplyTo of the request, if it had one.
    """
    if isinstance(fault, EnvelopeError):
        relates_to = relates_to or fault.message_id
        version, service = version or fault.version, service or fault.service
    said = Fault.of(fault) if isinstance(fault, OcppError) else fault
    service = service or Service.CENTRAL_SYSTEM
    namespace = namespace_of(version or Version.V1_6, service)
    envelope, header, body = _envelope(service, namespace)
    if said.code is FaultCode.VERSION_MISMATCH:
        # SOAP 1.2 Part 1, 5.4.7: say which envelopes would do.
        upgrade = etree.SubElement(header, f"{{{SOAP_12}}}Upgrade")
        etree.SubElement(upgrade, f"{{{SOAP_12}}}SupportedEnvelope", qname="soap:Envelope")
    _address(header, FAULT_ACTION, message_id, to or ANONYMOUS, None)
    if relates_to:
        _block(header, f"{{{WSA}}}RelatesTo", relates_to)
    _write_fault(body, said, service)
    return _bytes(envelope)


def _write_fault(body: etree._Element, said: Fault, service: Service) -> None:
    node = etree.SubElement(body, f"{{{SOAP_12}}}Fault")
    code = etree.SubElement(node, f"{{{SOAP_12}}}Code")
    etree.SubElement(code, f"{{{SOAP_12}}}Value").text = f"soap:{said.code}"
    if said.subcode:
        subcode = etree.SubElement(code, f"{{{SOAP_12}}}Subcode")
        value = etree.SubElement(subcode, f"{{{SOAP_12}}}Value")
        value.text = f"{service.lower()}:{said.subcode}"
    reason = etree.SubElement(node, f"{{{SOAP_12}}}Reason")
    text = etree.SubElement(reason, f"{{{SOAP_12}}}Text")
    text.set(_XML_LANG, "en")
    text.text = _printable(said.reason[:REASON_LENGTH_MAX])


def _printable(reason: str) -> str:
    """A reason may quote what came; what XML cannot carry must not stop the answer."""
    return "".join(
        c if c in "\t\n\r" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in reason
    )


def _envelope(
    service: Service, namespace: str
) -> tuple[etree._Element, etree._Element, etree._Element]:
    prefixes = {"soap": SOAP_12, "wsa": WSA, service.lower(): namespace}
    envelope = etree.Element(f"{{{SOAP_12}}}Envelope", nsmap=prefixes)
    header = etree.SubElement(envelope, f"{{{SOAP_12}}}Header")
    return envelope, header, etree.SubElement(envelope, f"{{{SOAP_12}}}Body")


def _address(
    header: etree._Element, action: str, message_id: str, to: str, from_address: str | None
) -> None:
    _block(header, f"{{{WSA}}}Action", action)
    _block(header, f"{{{WSA}}}MessageID", message_id)
    _block(header, f"{{{WSA}}}To", to)
    if from_address:
        _endpoint(header, "From", from_address)


def _endpoint(header: etree._Element, name: str, address: str) -> None:
    _block(etree.SubElement(header, f"{{{WSA}}}{name}"), f"{{{WSA}}}Address", address)


def _block(parent: etree._Element, tag: str, text: str) -> etree._Element:
    node = etree.SubElement(parent, tag)
    try:
        node.text = text
    except ValueError as error:
        raise LocalError(
            ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"<{tag}> cannot carry {text!r}: {error}"
        ) from error
    return node


def _bytes(envelope: etree._Element) -> bytes:
    return _DECLARATION + etree.tostring(envelope, encoding="UTF-8", xml_declaration=False)
