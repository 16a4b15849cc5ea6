"""Firmware: images are downloaded, verified and installed (L01, L02; 1.6 section 4.5 and signed).

``updating`` is the way of an update for all versions, ``images`` the images and their signatures;
``v1`` and ``v2`` speak of it, ``publishing`` hands images on in a local network (L03, L04).
Bytes travel outside the core: it tells ``DownloadWanted``, and ``chargeplane.station.transfers``
carries them out with HTTP or HTTPS.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.firmware import v1, v2
from chargeplane.station.firmware.publishing import Publishing
from chargeplane.station.hub import Hub

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    if hub.family is Version.V1_6:
        v1.install(hub)
    else:
        v2.install(hub)
        Publishing(hub)
