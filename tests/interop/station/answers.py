"""What central systems of others say to each question of a station, as it stands on the wire."""

from __future__ import annotations

from typing import Any, get_type_hints

from chargeplane.ocpp.catalogue import actions, find
from chargeplane.ocpp.versions import Role, Version

TIME = "2026-01-05T08:00:00Z"
_HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "00",
    "issuerKeyHash": "00",
    "serialNumber": "01",
}
_CHAIN = {"certificateHashData": _HASHES, "source": "OCSP", "status": "Good", "nextUpdate": TIME}
_INFO = {"status": "Accepted"}
_SAYS: dict[str, dict[str, Any]] = {
    "BootNotification": {"status": "Accepted", "currentTime": TIME, "interval": 86_400},
    "Heartbeat": {"currentTime": TIME},
    "StartTransaction": {"transactionId": 7, "idTagInfo": _INFO},
    "Get15118EVCertificate": {"status": "Accepted", "exiResponse": "YW5zd2Vy"},
    "GetCertificateStatus": {"status": "Accepted", "ocspResult": "MAMKAQA="},
    "GetCertificateChainStatus": {"certificateStatus": [_CHAIN]},
    "VatNumberValidation": {"vatNumber": "DE123456789", "status": "Accepted"},
    "PullDynamicScheduleUpdate": {"status": "Rejected"},
}


def sendable(version: Version) -> frozenset[str]:
    """All actions of the catalogue that a station may send."""
    rows = actions(version).values()
    return frozenset(each.name for each in rows if each.may_be_sent_by(Role.STATION))


def answers(version: Version) -> dict[str, dict[str, Any]]:
    """By action; what is never answered is left out."""
    found = {}
    for action in sendable(version):
        row = find(version, action)
        assert row is not None
        if row.response is not None:
            usual = {"status": "Accepted"} if "status" in get_type_hints(row.response) else {}
            found[action] = _SAYS.get(action, usual)
    info = "idTagInfo" if version is Version.V1_6 else "idTokenInfo"
    return found | {"Authorize": {info: _INFO}, "SecurityEventNotification": {}}
