"""Meter values on the quick way: ``meter_values`` again, for typed values and not payloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET
from msgspec import inspect as shape

from chargeplane.ocpp.family.conversion import core
from chargeplane.ocpp.family.meter_values import MEANT_BY_1_2, group_values, whole_wh
from chargeplane.ocpp.family.rules import UNSAID, InDoubt, Losses, Quick

__all__ = ["group", "no_groups", "register", "sample"]

QuickOf = Callable[[shape.Type, shape.Type], Quick]

_MEANT = [(name, {each or UNSET for each in meant}) for name, meant in MEANT_BY_1_2.items()]


def sample(quick: QuickOf, source: shape.Type, target: shape.Type) -> Quick:
    """As ``as_sample``."""
    here, there = _class(source), _class(target)
    only = _class(_item(_field(target, "sampled_value")))
    time = quick(_field(source, "timestamp"), _field(target, "timestamp"))

    def say(value: Any, losses: Losses) -> Any:
        if type(value) is not here or type(value.value) is not int:
            raise InDoubt
        said = only(value=str(value.value))
        return there(timestamp=time(value.timestamp, losses), sampled_value=[said])

    return say


def register(quick: QuickOf, source: shape.Type, target: shape.Type) -> Quick:
    """As ``as_register``."""
    here, there = _class(source), _class(target)
    kind = _class(_item(_field(source, "sampled_value")))
    time = quick(_field(source, "timestamp"), _field(target, "timestamp"))

    def say(value: Any, losses: Losses) -> Any:
        if type(value) is not here or type(value.sampled_value) is not list:
            raise InDoubt
        chosen: int | None = None
        for each in value.sampled_value:
            if type(each) is not kind or type(each.value) is not str:
                raise InDoubt
            energy_wh = _energy_wh(each) if chosen is None else None
            if energy_wh is None:
                losses.happened = True
                continue
            chosen = energy_wh
            if each != kind(value=str(energy_wh)):
                losses.happened = True
        if chosen is None:
            return UNSAID
        return there(timestamp=time(value.timestamp, losses), value=chosen)

    return say


def _energy_wh(value: Any) -> int | None:
    for name, meant in _MEANT:
        if getattr(value, name) not in meant:
            return None
    return whole_wh(value.value, value.unit or "Wh")


def group(quick: QuickOf, source: shape.Type, target: shape.Type) -> Quick:
    """As ``as_group``."""
    there, values = _class(_item(target)), quick(source, group_values(target))

    def say(given: Any, losses: Losses) -> Any:
        said = values(given, losses)
        return said if said is UNSAID or not said else [there(values=said)]

    return say


def no_groups(quick: QuickOf, source: shape.Type, target: shape.Type) -> Quick:
    """As ``without_groups``; anything but one group with values is in doubt."""
    here, values = _class(_item(source)), quick(group_values(source), target)

    def say(groups: Any, losses: Losses) -> Any:
        if type(groups) is not list or len(groups) != 1 or type(groups[0]) is not here:
            raise InDoubt
        if not groups[0].values:
            raise InDoubt
        return values(groups[0].values, losses)

    return say


def _class(type_: shape.Type) -> Any:
    found = core(type_)
    assert isinstance(found, shape.StructType)
    return found.cls


def _item(type_: shape.Type) -> shape.Type:
    found = core(type_)
    assert isinstance(found, shape.ListType)
    return found.item_type


def _field(owner: shape.Type, name: str) -> shape.Type:
    found = core(owner)
    assert isinstance(found, shape.StructType)
    return next(each.type for each in found.fields if each.name == name)
