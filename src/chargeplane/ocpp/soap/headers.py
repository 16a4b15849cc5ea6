"""The header blocks of an envelope: those of WS-Addressing, and chargeBoxIdentity.

A block counts by its local name in any case. WS-Addressing is recognised in its drafts as well, and
``chargeBoxIdentity`` in any namespace, since stations use the one of the other service.
"""

from __future__ import annotations

from dataclasses import dataclass

from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.soap.faults import EnvelopeError, FaultCode
from chargeplane.ocpp.soap.names import SOAP_12, WSA
from chargeplane.ocpp.soap.tree import Limits, Node

__all__ = ["Headers", "read_headers"]

_IDENTITY = "chargeboxidentity"
_ADDRESSING_WORD = "addressing"
# The roles of SOAP 1.2 (Part 1, 2.2) that are ours; a block for another role is not our business.
_OUR_ROLES = frozenset({"", f"{SOAP_12}/role/next", f"{SOAP_12}/role/ultimateReceiver"})


@dataclass(frozen=True, slots=True)
class Headers:
    """What the header says; None where it says nothing."""

    action: str | None = None
    message_id: str | None = None
    relates_to: str | None = None
    from_address: str | None = None
    reply_to: str | None = None
    to: str | None = None
    identity: str | None = None
    identity_name: str | None = None
    identity_namespace: str | None = None
    of_draft: bool = False
    """Whether a block came from a draft of WS-Addressing."""


def read_headers(header: Node | None, limits: Limits) -> Headers:
    """The headers of an envelope.

    Raises:
        EnvelopeError: a block is too long, contradicts another, or must be understood and is not.
    """
    found: dict[str, str] = {}
    identity: Node | None = None
    of_draft = False
    unknown: Node | None = None
    for block in header.children if header else []:
        name = block.name.lower()
        if name == _IDENTITY:
            identity = identity or block
        elif _ADDRESSING_WORD in block.namespace:
            of_draft = of_draft or block.namespace != WSA
        else:
            unknown = unknown or (block if _must_be_understood(block) else None)
            continue
        _keep(found, name, _value(block), limits)
    headers = Headers(
        action=found.get("action"),
        message_id=found.get("messageid"),
        relates_to=found.get("relatesto"),
        from_address=_callable(found.get("from")),
        reply_to=found.get("replyto"),
        to=found.get("to"),
        identity=found.get(_IDENTITY),
        identity_name=identity.name if identity else None,
        identity_namespace=identity.namespace if identity else None,
        of_draft=of_draft,
    )
    if unknown:
        raise EnvelopeError(
            ErrorCode.NOT_SUPPORTED,
            f"the header {unknown.name[:80]!r} must be understood, and is not",
            fault_code=FaultCode.MUST_UNDERSTAND,
            message_id=headers.message_id,
        )
    return headers


def _keep(found: dict[str, str], name: str, value: str, limits: Limits) -> None:
    """Note a value. The same one twice does no harm; two make it unclear who is speaking."""
    if len(value) > limits.header_length_max:
        raise EnvelopeError(
            ErrorCode.PROTOCOL_ERROR,
            f"a header has more than {limits.header_length_max} characters",
        )
    earlier = found.get(name) or value
    if value and earlier != value and name != "relatesto":  # which may relate to several
        raise EnvelopeError(
            ErrorCode.PROTOCOL_ERROR,
            "two headers of the same name contradict each other",
            message_id=found.get("messageid") if name != "messageid" else None,
        )
    if earlier:
        found[name] = earlier


def _value(block: Node) -> str:
    """The text of a block, or of the Address in it; some stations leave the Address out."""
    address = block.find("Address")
    return (address or block).text.strip()


def _callable(address: str | None) -> str | None:
    """An address that HTTP could reach; ``anonymous`` and ``none`` are addresses of no one."""
    scheme = (address or "").partition(":")[0].lower()
    if address is None or scheme not in {"http", "https"} or address.startswith(WSA):
        return None
    return address


def _must_be_understood(block: Node) -> bool:
    flag = block.attributes.get(f"{{{SOAP_12}}}mustUnderstand", "")
    role = block.attributes.get(f"{{{SOAP_12}}}role", "")
    return flag.strip() in {"true", "1"} and role.strip() in _OUR_ROLES
