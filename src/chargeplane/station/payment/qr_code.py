"""The address in a dynamic QR code, with its one-time password (C25; it is not RFC 6238)."""

from __future__ import annotations

import hmac
from hashlib import sha256
from string import ascii_lowercase, ascii_uppercase, digits

from chargeplane.station.device_model.variables import Place
from chargeplane.station.hub import Hub

__all__ = ["address", "one_time_password"]

_ALPHABET = digits + ascii_lowercase + ascii_uppercase
_CTRLR = "WebPaymentsCtrlr"


def one_time_password(secret: str, unix_s: float, validity_s: int, length: int) -> str:
    """Of the interval in which this moment lies: HMAC-SHA256 over its number in eight bytes."""
    number = int(unix_s) // validity_s
    digest = hmac.new(secret.encode(), number.to_bytes(8), sha256).digest()
    offset = digest[-1] & 0x0F
    places = (digest[(offset + each) % len(digest)] for each in range(length))
    return "".join(_ALPHABET[each % len(_ALPHABET)] for each in places)


def address(hub: Hub, evse_id: int, **limits: float) -> str:
    """What the code says now (C25.FR.50 to C25.FR.58).

    Args:
        hub: the station.
        evse_id: whose code.
        limits: ``maxtime`` in s, ``maxenergy`` in Wh and ``maxcost``, where a driver wants them.
    """
    number, text = hub.variables.number, hub.variables.text
    secret = hub.variables.at(Place(_CTRLR, "SharedSecret")).value
    password = one_time_password(
        secret,
        hub.time().timestamp(),
        int(number(_CTRLR, "ValidityTime")),
        int(number(_CTRLR, "Length")),
    )
    found = text(_CTRLR, "URLTemplate")
    for name, value in {
        "totp": password,
        "version": text(_CTRLR, "TOTPVersion"),
        "chargingstationid": hub.identity,
        "evse": str(evse_id),
        "roamingevseid": text(_CTRLR, "RoamingEvseId"),
    }.items():
        found = found.replace("{" + name + "}", value)
    query = "&".join(f"{name}={value:g}" for name, value in limits.items())
    return f"{found}{'&' if '?' in found else '?'}{query}" if query else found
