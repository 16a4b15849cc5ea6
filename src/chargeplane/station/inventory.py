"""What a station is built of: its EVSEs and connectors, and the words on its type plate."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EvseSpec", "Inventory"]


@dataclass(frozen=True, slots=True)
class EvseSpec:
    """One EVSE. ``phases`` is 0 for direct current."""

    power_w_max: float = 22_000.0
    phases: int = 3
    voltage_v: float = 230.0
    """Between phase and neutral; of the battery for direct current."""
    connector_types: tuple[str, ...] = ("cType2",)
    """One word of the 2.x list for each connector."""
    meter_serial_number: str = ""
    meter_type: str = ""
    meter_wh: float = 0.0
    """What the meter shows when the station is new."""
    discharge_w_max: float = 0.0
    """What it can take back from a vehicle; 0: nothing."""

    @property
    def is_dc(self) -> bool:
        return self.phases == 0


@dataclass(frozen=True, slots=True)
class Inventory:
    """A whole station. Vendor and model have the length that every version can say."""

    vendor: str = "chargeplane"
    model: str = "Virtual Station"
    serial_number: str = ""
    firmware_version: str = "1.0.0"
    evses: tuple[EvseSpec, ...] = (EvseSpec(), EvseSpec())
    variables: tuple[tuple[str, str], ...] = ()
    """Values that the manufacturer has set, by name as ``Variables.preset`` takes them."""
