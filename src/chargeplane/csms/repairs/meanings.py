"""What each repair means, in a sentence: those of the registry, and those of what surrounds it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from chargeplane.ocpp.soap import Remark
from chargeplane.ocpp.tolerance import REPAIRS
from chargeplane.runtime.links.upgrading import REPAIR_CONNECTION, REPAIR_SUBPROTOCOL

__all__ = ["MEANINGS"]

_SOAP: Final[Mapping[Remark, str]] = {
    Remark.MESSAGE_ID_MISSING: "The envelope has no MessageID; it is served without one.",
    Remark.RELATES_TO_MISSING: "An answer does not say what it answers; there is one open request.",
    Remark.ACTION_MISSING: "The envelope has no Action header; the body says which it is.",
    Remark.ACTION_DIFFERS: "The Action header names another action than the body, which counts.",
    Remark.FROM_MISSING: "The envelope has no address to send commands to.",
    Remark.IDENTITY_MISSING: "The envelope does not say which station it comes from.",
    Remark.IDENTITY_NAMESPACE: "The header with the station's identity has another namespace.",
    Remark.IDENTITY_SPELLING: "The header with the station's identity is spelt in another way.",
    Remark.NAMESPACE_SPELLING: "The namespace of OCPP is spelt in another way.",
    Remark.BODY_SPELLING: "The first element of the body is spelt in another way.",
    Remark.ADDRESSING_NAMESPACE: "The envelope uses an older draft of WS-Addressing.",
    Remark.PADDING: "NUL bytes behind the envelope are left out.",
}

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {rule.name: rule.description for rule in REPAIRS.values()}
    | {
        REPAIR_SUBPROTOCOL: "The handshake names no sub-protocol; the station is served as 1.6.",
        REPAIR_CONNECTION: "The handshake lacks `Connection: Upgrade`, and is taken all the same.",
        "binary-message": "A text that came in a binary message is read as text.",
    }
    | {f"soap-{remark.replace('_', '-')}": text for remark, text in _SOAP.items()}
)
"""By the name of the repair: all names that the gateway counts."""
