"""Which quirks make sense in which version."""

from __future__ import annotations

from collections.abc import Iterable

from chargeplane.ocpp.versions import Version
from chargeplane.station.quirks import QUIRKS

__all__ = ["fitting"]


def fitting(names: Iterable[str], version: Version) -> list[str]:
    """Those of a version, in their order.

    Raises:
        KeyError: there is no such quirk.
    """
    families = {None, version.newest_of_family}
    return [name for name in names if QUIRKS[name].family in families]
