"""Certificates of the virtual station: real keys, signing requests, and roots that it trusts.

    TriggerMessage -> SignCertificate with a new key -> CertificateSigned -> in use from the next
    connection on; what does not fit the key or the roots is rejected, and reported.

``station.keystore`` is in the station's memory, and makes what it dials ``wss`` with: trust in
the installed CSMS roots, and its own certificate (security profiles 2 and 3).

For vehicles and for its own chain it asks for contract certificates and revocation
(``station.certificate_signals``).

Requirements: A02, A03, A04 (what it reports itself), M01 to M07. Not built: the check of a new
root against the old one (AdditionalRootCertificateCheck), V2G chains in the list.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.certificates import v1, v2
from chargeplane.station.certificates.service import Service
from chargeplane.station.hub import Hub

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    service = Service(hub, hub.keys)
    (v1 if hub.family is Version.V1_6 else v2).install(hub, service)
