"""Meter values, which every version of 1.x puts into another shape.

1.2 has one whole number for each time: the energy register in Wh. 1.5 and 1.6 have samples with
their own measurand and unit; 1.5 puts those of a transaction into groups.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import inspect as shape

from chargeplane.ocpp.family.conversion import Unsaid, core
from chargeplane.ocpp.family.rules import Walk
from chargeplane.ocpp.violations import Path, json_path

__all__ = [
    "MEANT_BY_1_2",
    "as_group",
    "as_register",
    "as_sample",
    "group_values",
    "whole_wh",
    "without_groups",
]

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
WH = {"Wh": 1, "kWh": 1000}
# What a sample must say, or leave unsaid, to be what 1.2 means by a meter value.
MEANT_BY_1_2: dict[str, set[str | None]] = {
    "measurand": {None, "Energy.Active.Import.Register"},
    "format": {None, "Raw"},
    "location": {None, "Outlet"},
    "phase": {None},
    "unit": {None, *WH},
}


def as_sample(_: Walk, value: Any, _source: shape.Type, _target: shape.Type, _path: Path) -> Any:
    """1.2 -> 1.6. A sample without attributes is the energy register in Wh."""
    return {"timestamp": value["timestamp"], "sampledValue": [{"value": str(value["value"])}]}


def as_register(
    walk: Walk, value: Any, _source: shape.Type, _target: shape.Type, path: Path
) -> Any:
    """1.6 -> 1.2. The first sample that is an energy register; the others are lost."""
    chosen: int | None = None
    for index, sample in enumerate(value["sampledValue"]):
        here = (*path, "sampledValue", index)
        energy_wh = _energy_wh(sample)
        if energy_wh is None:
            walk.remark(here, "left out: 1.2 has the energy register alone", sample)
        elif chosen is not None:
            walk.remark(here, "left out: 1.2 has one value for each time", sample)
        else:
            chosen = energy_wh
            if sample != {"value": str(energy_wh)}:
                walk.remark(here, f"1.2 says {energy_wh} and nothing more", sample)
    if chosen is None:
        return Unsaid(f"no sample of `{json_path(path)}` is an energy register")
    return {"timestamp": value["timestamp"], "value": chosen}


def _energy_wh(sample: dict[str, str]) -> int | None:
    """The energy register that a sample is, if it is one that 1.2 can say."""
    if any(sample.get(name) not in meant for name, meant in MEANT_BY_1_2.items()):
        return None
    return whole_wh(sample["value"], sample.get("unit", "Wh"))


def whole_wh(text: str, unit: str) -> int | None:
    """A sampled value in ``Wh`` or ``kWh`` as a whole number of 1.2; None: it is none."""
    try:
        energy_wh = Decimal(text) * WH[unit]
        # Compared before it is rounded: an integer of 1e999999 would fill the memory.
        return round(energy_wh) if INT_MIN <= energy_wh <= INT_MAX else None
    except ArithmeticError:  # no number at all, or not a number
        return None


def without_groups(
    walk: Walk, groups: Any, source: shape.Type, target: shape.Type, path: Path
) -> Any:
    """1.5 -> 1.6. The values of all groups in one list."""
    if len(groups) != 1 or not groups[0].get("values"):
        walk.remark(path, "1.6 does not group the values of a transaction", groups)
    old, new = group_values(source), core(target)
    assert isinstance(old, shape.ListType)
    assert isinstance(new, shape.ListType)
    said = []
    for index, group in enumerate(groups):
        values = walk.items(group.get("values", []), old, new, (*path, index, "values"))
        if isinstance(values, Unsaid):
            return values
        said += values
    return said


def as_group(walk: Walk, values: Any, source: shape.Type, target: shape.Type, path: Path) -> Any:
    """1.6 -> 1.5. One group with all values."""
    old, new = core(source), group_values(target)
    assert isinstance(old, shape.ListType)
    assert isinstance(new, shape.ListType)
    said = walk.items(values, old, new, path)
    return said if isinstance(said, Unsaid) or not said else [{"values": said}]


def group_values(groups: shape.Type) -> shape.Type:
    """The type of ``values`` in a list of groups of 1.5."""
    listed = core(groups)
    assert isinstance(listed, shape.ListType)
    group = core(listed.item_type)
    assert isinstance(group, shape.StructType)
    (values,) = group.fields
    return core(values.type)
