"""The functional blocks that a station is made of."""

from __future__ import annotations

from chargeplane.station import (
    authorization,
    availability,
    battery_swap,
    certificates,
    data_transfer,
    der,
    diagnostics,
    display,
    firmware,
    local_list,
    metering,
    monitoring,
    payment,
    provisioning,
    remote_control,
    reservation,
    smart_charging,
    tariff_cost,
    transactions,
)
from chargeplane.station.hub import Hub

__all__ = ["install_blocks"]

_BLOCKS = (
    provisioning,
    reservation,
    local_list,
    availability,
    authorization,
    transactions,
    metering,
    monitoring,
    remote_control,
    smart_charging,
    der,
    diagnostics,
    firmware,
    display,
    tariff_cost,
    payment,
    battery_swap,
    data_transfer,
    certificates,
)
"""In the order in which they hear of what happens."""


def install_blocks(hub: Hub) -> None:
    """Let every block answer its requests and hear its signals."""
    for block in _BLOCKS:
        block.install(hub)
