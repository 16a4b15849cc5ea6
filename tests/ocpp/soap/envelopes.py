"""Envelopes as text, to write what no library would write."""

from __future__ import annotations

from chargeplane.ocpp.soap import Service, namespace_of
from chargeplane.ocpp.versions import Version

CS_15 = namespace_of(Version.V1_5, Service.CENTRAL_SYSTEM)
CP_15 = namespace_of(Version.V1_5, Service.CHARGE_POINT)
SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"

HEADERS = {
    "identity": '<cs:chargeBoxIdentity s:mustUnderstand="true">CB 1</cs:chargeBoxIdentity>',
    "action": "<wsa:Action>/Heartbeat</wsa:Action>",
    "message_id": "<wsa:MessageID>urn:uuid:1</wsa:MessageID>",
    "from": "<wsa:From><wsa:Address>http://10.0.0.9:8080/</wsa:Address></wsa:From>",
    "reply_to": f"<wsa:ReplyTo><wsa:Address>{WSA}/anonymous</wsa:Address></wsa:ReplyTo>",
    "to": "<wsa:To>http://csms/soap</wsa:To>",
}


def envelope(body: str, headers: str = "", soap: str = SOAP, service: str = CS_15) -> bytes:
    """An envelope around a body and header blocks."""
    return (
        f'<s:Envelope xmlns:s="{soap}" xmlns:wsa="{WSA}" xmlns:cs="{service}">'
        f"<s:Header>{headers}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def from_station(body: str = "<cs:heartbeatRequest/>", **changed: str) -> bytes:
    """A 1.5 request with every header, some of them changed."""
    return envelope(body, "".join((HEADERS | changed).values()))


def payload_envelope(
    element: str, content: str, service: Service = Service.CENTRAL_SYSTEM, attributes: str = ""
) -> bytes:
    """A 1.5 message with this content."""
    body = f"<cs:{element} {attributes}>{content}</cs:{element}>"
    return envelope(body, service=namespace_of(Version.V1_5, service))
