"""Diagnostics: logs are uploaded, and what is known of a customer is told or cleared (N01, N09).

1.x asks with GetDiagnostics, and with GetLog of the security whitepaper; 2.x with GetLog. The bytes
travel outside the core, by ``UploadWanted``.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.diagnostics import v1, v2
from chargeplane.station.diagnostics.uploading import Uploading
from chargeplane.station.hub import Hub

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    (v1 if hub.family is Version.V1_6 else v2).install(hub, Uploading(hub))
