"""Reading envelopes: who sent what to whom, with very few things demanded.

Stations disagree about WS-Addressing: some send no MessageID, no From, a chargeBoxIdentity in the
wrong namespace. None of that stops a message; it is noted as a ``Remark``, to be counted and shown.

Two steps, so that a payload with faults does not take its headers with it: ``parse_envelope`` reads
the envelope and the payload as it came, ``Envelope.message`` decodes it as the schema demands. What
lies between them is the place of ``tolerance``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chargeplane.ocpp.catalogue import Action
from chargeplane.ocpp.codec import build
from chargeplane.ocpp.errors import ErrorCode, LocalError
from chargeplane.ocpp.soap.faults import REASON_LENGTH_MAX, EnvelopeError, Fault, FaultCode
from chargeplane.ocpp.soap.headers import Headers, read_headers
from chargeplane.ocpp.soap.names import SOAP_11, SOAP_12
from chargeplane.ocpp.soap.payload import read_payload
from chargeplane.ocpp.soap.services import Root, Service, namespace_of, roots, service_of
from chargeplane.ocpp.soap.tree import LIMITS, Limits, Node, inflate, parse_tree, unpadded
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Message

__all__ = ["Envelope", "Remark", "parse_envelope"]


class Remark(StrEnum):
    """What was missing or odd about an envelope that is served all the same."""

    MESSAGE_ID_MISSING = "message_id_missing"
    RELATES_TO_MISSING = "relates_to_missing"
    ACTION_MISSING = "action_missing"
    ACTION_DIFFERS = "action_differs"
    """The header says another action than the body, which is believed."""
    FROM_MISSING = "from_missing"
    """There is no address to send commands to."""
    IDENTITY_MISSING = "identity_missing"
    IDENTITY_NAMESPACE = "identity_namespace"
    IDENTITY_SPELLING = "identity_spelling"
    NAMESPACE_SPELLING = "namespace_spelling"
    """Without the last slash, or in other case."""
    BODY_SPELLING = "body_spelling"
    """The first element of the body, in other case."""
    ADDRESSING_NAMESPACE = "addressing_namespace"
    """An older draft of WS-Addressing."""
    PADDING = "padding"
    """The rest of a buffer behind the envelope: NUL bytes."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request, a response, or a fault."""

    version: Version | None
    """None only for a fault, which has no element in the namespace of a service."""
    service: Service | None
    """The service that is called, or that answers."""
    action: Action | None
    expected: type[Message] | None
    """What the payload should be."""
    payload: dict[str, Any] | None
    """As it came: dicts, lists, strings, numbers with the names of the wire."""
    fault: Fault | None
    charge_box_identity: str | None
    message_id: str | None
    relates_to: str | None
    wsa_action: str
    """As sent, or else derived from the body; empty for a fault without one."""
    from_address: str | None
    """Where commands may be sent to, as far as the sender is believed; no one has checked it."""
    reply_to: str | None
    to: str | None
    remarks: frozenset[Remark] = frozenset()

    @property
    def is_request(self) -> bool:
        """Whether it wants an answer."""
        return self.action is not None and self.expected is self.action.request

    def message(self) -> Message:
        """The typed message, if the payload is what the schema allows.

        Raises:
            RemoteError: as ``codec.build``; for a fault, what the fault says.
        """
        if self.fault:
            raise self.fault.error()
        if self.expected is None:
            raise LocalError(ErrorCode.INTERNAL_ERROR, "an envelope has a payload or a fault")
        return build(self.expected, self.payload)


def parse_envelope(
    body: bytes, content_encoding: str | None = None, limits: Limits = LIMITS
) -> Envelope:
    """The envelope in the body of an HTTP message.

    Args:
        body: as received.
        content_encoding: of the HTTP header of that name.
        limits: what it may cost.

    Raises:
        EnvelopeError: it cannot be served; it has what is needed to answer with a fault.
    """
    text = inflate(body, content_encoding, limits)
    whole = unpadded(text)
    root = parse_tree(whole, limits)
    header, content = _parts(root)
    headers = read_headers(header, limits)
    if content.namespace == SOAP_12 and content.name == "Fault":
        remarks = set() if headers.relates_to else {Remark.RELATES_TO_MISSING}
        return _envelope(headers, None, None, None, _fault(content), remarks)
    found = service_of(content.namespace)
    if found is None:
        raise EnvelopeError(
            ErrorCode.PROTOCOL_ERROR,
            f"{content.namespace[:80]!r} is the namespace of no OCPP service",
            message_id=headers.message_id,
        )
    body_root = roots(*found).get(content.name.lower())
    if body_root is None:
        raise EnvelopeError(
            ErrorCode.NOT_SUPPORTED,
            f"{content.name[:80]!r} is no message of the {found[1]} service of OCPP {found[0]}",
            message_id=headers.message_id,
            version=found[0],
            service=found[1],
        )
    remarks = _remarks(headers, content, body_root, namespace_of(*found))
    if len(whole) < len(text):
        remarks.add(Remark.PADDING)
    return _envelope(headers, found, body_root, content, None, remarks)


def _parts(root: Node) -> tuple[Node | None, Node]:
    """The header, if there is one, and the only element of the body."""
    if root.name != "Envelope" or root.namespace != SOAP_12:
        soap = "SOAP 1.1" if root.namespace == SOAP_11 else f"<{root.name[:80]}>"
        raise EnvelopeError(
            ErrorCode.PROTOCOL_ERROR,
            f"OCPP uses SOAP 1.2 envelopes, and this is {soap}",
            fault_code=FaultCode.VERSION_MISMATCH if root.name == "Envelope" else None,
        )
    headers = [child for child in root.children if child.name == "Header"]
    bodies = [child for child in root.children if child.name == "Body"]
    if len(headers) > 1 or len(bodies) != 1 or len(bodies[0].children) != 1:
        raise EnvelopeError(
            ErrorCode.PROTOCOL_ERROR,
            "an envelope has at most one Header, and one Body with one element",
        )
    return headers[0] if headers else None, bodies[0].children[0]


def _envelope(
    headers: Headers,
    found: tuple[Version, Service] | None,
    root: Root | None,
    content: Node | None,
    fault: Fault | None,
    remarks: set[Remark],
) -> Envelope:
    version, service = found or (None, None)
    if headers.of_draft:
        remarks.add(Remark.ADDRESSING_NAMESPACE)
    if not headers.message_id:
        remarks.add(Remark.MESSAGE_ID_MISSING)
    return Envelope(
        version=version,
        service=service,
        action=root.action if root else None,
        expected=root.message if root else None,
        payload=read_payload(content, root.message) if root and content else None,
        fault=fault,
        charge_box_identity=headers.identity,
        message_id=headers.message_id,
        relates_to=headers.relates_to,
        wsa_action=headers.action or (_wsa_action(root) if root else ""),
        from_address=headers.from_address,
        reply_to=headers.reply_to,
        to=headers.to,
        remarks=frozenset(remarks),
    )


def _wsa_action(root: Root) -> str:
    """``/Heartbeat`` for the request, ``/HeartbeatResponse`` for the answer."""
    return "/" + root.message.__name__.removesuffix("Request")


def _remarks(headers: Headers, content: Node, root: Root, namespace: str) -> set[Remark]:
    is_request = root.message is root.action.request
    wanted = _wsa_action(root)
    conditions = {
        Remark.NAMESPACE_SPELLING: content.namespace != namespace,
        Remark.BODY_SPELLING: content.name != root.element,
        Remark.ACTION_MISSING: not headers.action,
        Remark.ACTION_DIFFERS: bool(headers.action) and headers.action != wanted,
        Remark.RELATES_TO_MISSING: not is_request and not headers.relates_to,
        Remark.FROM_MISSING: is_request and not headers.from_address,
        Remark.IDENTITY_MISSING: is_request and not headers.identity,
        Remark.IDENTITY_NAMESPACE: headers.identity_namespace not in {None, namespace},
        Remark.IDENTITY_SPELLING: headers.identity_name not in {None, "chargeBoxIdentity"},
    }
    return {remark for remark, holds in conditions.items() if holds}


_CODES = {code.value.lower(): code for code in FaultCode} | {
    "client": FaultCode.SENDER,  # the words of SOAP 1.1
    "server": FaultCode.RECEIVER,
}


def _fault(node: Node) -> Fault:
    """A fault with whatever it has: no fault is refused for how it is written."""
    code = _local_text(node.find("Code", "Value"))
    subcode = _local_text(node.find("Code", "Subcode", "Value"))
    reason, detail = node.find("Reason", "Text"), node.find("Detail")
    return Fault(
        _CODES.get(code.lower(), FaultCode.RECEIVER),
        subcode or None,
        reason.text.strip()[:REASON_LENGTH_MAX] if reason else "",
        " ".join(_all_text(detail).split())[:REASON_LENGTH_MAX] if detail else "",
    )


def _local_text(node: Node | None) -> str:
    """``cs:SecurityError`` -> ``SecurityError``."""
    return node.text.strip().rpartition(":")[2][:80] if node else ""


def _all_text(node: Node) -> str:
    return " ".join([node.text, *(_all_text(child) for child in node.children)])
