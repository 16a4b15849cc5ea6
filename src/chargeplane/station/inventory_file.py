"""An inventory in a TOML file, read strictly: every error names the file and the key.

[station]
vendor = "Example"
model = "Dual 22"

[[evse]]
power_w = 22_000
phases = 3

[[evse.connector]]
type = "cType2"

[variables]
"SampledDataCtrlr.TxUpdatedInterval" = 30
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from chargeplane.ocpp.versions import Version
from chargeplane.station.device_model.variable_table import table as variable_table
from chargeplane.station.device_model.variables import Variables
from chargeplane.station.inventory import EvseSpec, Inventory

__all__ = ["InventoryFault", "read_inventory"]

EVSES_MAX = 64
CONNECTORS_MAX = 8
VARIABLES_MAX = 1_000
FILE_BYTES_MAX = 1_000_000
_TEXT_CHARS_MAX = {"serial_number": 25, "firmware_version": 50}
_SHORT_CHARS_MAX = 20
"""What every version can say."""
_AMPERES_PER_PHASE_MAX = 1_000.0
_POWER_W_MAX = 5_000_000.0

T = TypeVar("T")


class InventoryFault(ValueError):
    """The file cannot be read, or does not describe a station. One line for each fault."""


def read_inventory(path: Path) -> Inventory:
    """The station that a file describes.

    Raises:
        InventoryFault: with every fault that was found, each with the file and the key.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise InventoryFault(f"{path}: is longer than {FILE_BYTES_MAX} bytes")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InventoryFault(f"{path}: {error}") from error
    reader = _Reader()
    inventory = _inventory(reader, data)
    if reader.faults:
        raise InventoryFault("\n".join(f"{path}: {fault}" for fault in reader.faults))
    return inventory


class _Reader:
    """Takes keys out of tables, and writes down what is wrong."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def table(self, parent: dict[str, Any], key: str, where: str) -> dict[str, Any]:
        found = parent.pop(key, {})
        if isinstance(found, dict):
            return found
        self.faults.append(f"{where}{key}: must be a table")
        return {}

    def tables(
        self, parent: dict[str, Any], key: str, where: str, tables_max: int
    ) -> list[dict[str, Any]]:
        found = parent.pop(key, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            self.faults.append(f"{where}{key}: must be tables, [[{key}]]")
            return []
        if not 1 <= len(found) <= tables_max:
            self.faults.append(f"{where}{key}: must be there 1 to {tables_max} times")
        return found[:tables_max]

    def text(self, table: dict[str, Any], key: str, where: str, usual: str) -> str:
        chars_max = _TEXT_CHARS_MAX.get(key, _SHORT_CHARS_MAX)
        return self._value(
            table,
            key,
            where,
            usual,
            f"must be a text of 1 to {chars_max} characters",
            lambda found: isinstance(found, str) and 1 <= len(found) <= chars_max,
        )

    def number(
        self, table: dict[str, Any], key: str, where: str, usual: float, low: float, high: float
    ) -> float:
        return self._value(
            table,
            key,
            where,
            usual,
            f"must be a number from {low:g} to {high:g}",
            lambda found: (
                isinstance(found, int | float)
                and not isinstance(found, bool)
                and low <= found <= high
            ),
        )

    def one_of(
        self, table: dict[str, Any], key: str, where: str, usual: T, choices: tuple[T, ...]
    ) -> T:
        words = ", ".join(repr(each) for each in choices)
        return self._value(
            table,
            key,
            where,
            usual,
            f"must be one of {words}",
            lambda found: any(type(found) is type(each) and found == each for each in choices),
        )

    def _value(
        self,
        table: dict[str, Any],
        key: str,
        where: str,
        usual: T,
        rule: str,
        is_good: Callable[[Any], bool],
    ) -> T:
        if key not in table:
            return usual
        found: T = table.pop(key)
        if is_good(found):
            return found
        self.faults.append(f"{where}{key}: {rule}, not {found!r}")
        return usual

    def end(self, table: dict[str, Any], where: str) -> None:
        """Nothing may be left over: a misspelt key would otherwise be passed over."""
        self.faults += [f"{where}{key}: is no key of an inventory" for key in table]


def _inventory(reader: _Reader, data: dict[str, Any]) -> Inventory:
    plate, usual = reader.table(data, "station", ""), Inventory()
    where = "station."
    texts = {
        key: reader.text(plate, key, where, getattr(usual, key))
        for key in ("vendor", "model", "serial_number", "firmware_version")
    }
    reader.end(plate, where)
    evses = tuple(
        _evse(reader, each, f"evse[{number}].")
        for number, each in enumerate(reader.tables(data, "evse", "", EVSES_MAX), 1)
    )
    variables = _variables(reader, reader.table(data, "variables", ""))
    reader.end(data, "")
    inventory = Inventory(**texts, evses=evses or usual.evses, variables=variables)
    _check_variables(reader, inventory)
    return inventory


def _check_variables(reader: _Reader, inventory: Inventory) -> None:
    known = Variables(variable_table(inventory, Version.V2_1))
    for name, value in inventory.variables:
        try:
            known.preset({name: value})
        except ValueError as error:
            reader.faults.append(f"variables.{name}: {error}")


def _evse(reader: _Reader, table: dict[str, Any], where: str) -> EvseSpec:
    current = reader.one_of(table, "current", where, "AC", ("AC", "DC"))
    is_dc = current == "DC"
    phases = 0
    if not is_dc:
        phases = reader.one_of(table, "phases", where, 3, (1, 2, 3))
    voltage_v = reader.number(table, "voltage_v", where, 400.0 if is_dc else 230.0, 50, 1_500)
    amperes = "amperes" if is_dc else "amperes of each phase"
    current_a = reader.number(table, "current_a", where, 0.0, 1, _AMPERES_PER_PHASE_MAX)
    power_w = reader.number(table, "power_w", where, 0.0, 1, _POWER_W_MAX)
    by_current_w = current_a * voltage_v * (phases or 1)
    if power_w and current_a and power_w > by_current_w * 1.01:
        reader.faults.append(f"{where}power_w: is more than {current_a:g} {amperes} can carry")
    discharge_w = reader.number(table, "discharge_w", where, 0.0, 0, _POWER_W_MAX)
    if current_a and discharge_w > by_current_w * 1.01:
        reader.faults.append(f"{where}discharge_w: is more than {current_a:g} {amperes} can carry")
    usual_w = 50_000.0 if is_dc else 22_000.0 * phases / 3
    meter = reader.table(table, "meter", where)
    serial = reader.text(meter, "serial_number", f"{where}meter.", "")
    kind = reader.text(meter, "type", f"{where}meter.", "")
    meter_wh = reader.number(meter, "register_wh", f"{where}meter.", 0.0, 0, 1e12)
    reader.end(meter, f"{where}meter.")
    types = _connectors(reader, table, where, "cCCS2" if is_dc else "cType2")
    reader.end(table, where)
    return EvseSpec(
        power_w or by_current_w or usual_w,
        phases,
        voltage_v,
        types,
        serial,
        kind,
        meter_wh,
        discharge_w,
    )


def _connectors(reader: _Reader, table: dict[str, Any], where: str, usual: str) -> tuple[str, ...]:
    if "connector" not in table:
        return (usual,)
    types = []
    connectors = reader.tables(table, "connector", where, CONNECTORS_MAX)
    for number, connector in enumerate(connectors, 1):
        place = f"{where}connector[{number}]."
        types.append(reader.text(connector, "type", place, usual))
        reader.end(connector, place)
    return tuple(types)


def _variables(reader: _Reader, table: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    if len(table) > VARIABLES_MAX:
        reader.faults.append(f"variables: are more than {VARIABLES_MAX}")
    found = []
    for name, value in table.items():
        if isinstance(value, bool):
            found.append((name, "true" if value else "false"))
        elif isinstance(value, str | int | float):
            found.append((name, str(value)))
        else:
            reader.faults.append(f"variables.{name}: must be a text, a number or a boolean")
    return tuple(found)
