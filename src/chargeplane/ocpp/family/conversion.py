"""The walk that says a payload in another version, guided by ``Rules`` and by both types.

It follows the type of the message and the type it shall become side by side, so that it knows of
every field whether the other version has it, and every remark names the place in the message that
was given.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any

from msgspec import inspect as shape

from chargeplane.ocpp.family.remarks import Remark
from chargeplane.ocpp.family.rules import ANY, NOW, Rules
from chargeplane.ocpp.family.sameness import steps
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.violations import Path, Rule, Violation, json_path, violations_at

__all__ = ["Conversion", "Unsaid", "core"]

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
CUT = "…"


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A value that the other version cannot say, and why."""

    reason: str


@dataclass
class Conversion:
    """One message on its way to another version."""

    rules: Rules
    version: Version
    """The version it shall be said in."""
    now: datetime | None = None
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, path: Path, reason: str, value: Any = None) -> None:
        """Tell of a difference."""
        self.remarks.append(Remark(json_path(path), reason, value))

    def value(self, value: Any, source: shape.Type, target: shape.Type, path: Path) -> Any:
        """Any value: what it is in the other version, or ``Unsaid``."""
        match core(source), core(target):
            case shape.StructType(cls=cls) as old, shape.StructType() as new:
                reshape = self.rules.datatypes.get(cls.__name__)
                return (reshape or Conversion.struct)(self, value, old, new, path)
            case shape.ListType() as old, shape.ListType() as new:
                return self.items(value, old, new, path)
            case ((shape.DateTimeType() | shape.CustomType() | shape.AnyType()), _):
                return value
            case _, shape.EnumType(cls=cls):
                return self._member(value, cls, path)
            case _:
                return self._scalar(value, target, path)

    def struct(self, value: Any, source: shape.Type, target: shape.Type, path: Path) -> Any:
        """An object, member by member."""
        assert isinstance(source, shape.StructType)
        assert isinstance(target, shape.StructType)
        owner = source.cls.__name__
        said = {}
        for step in steps(self.rules, source.cls, target.cls):
            name, new = step.name, step.new
            if name not in value:
                continue
            given = value[name]
            if new is not None and (
                step.is_same
                or (type(given) is str and (given in step.words or len(given) <= step.text_max))
            ):
                said[new.encode_name] = given
                continue
            mark = len(self.remarks)
            member = self._field(owner, step.old, new, given, (*path, name))
            if not isinstance(member, Unsaid):
                assert new is not None
                said[new.encode_name] = member
            elif step.is_vital:
                return member
            else:
                self._leave_out(mark, (*path, name), given, member)
        return self._with_assumed(said, target, path)

    def _field(
        self, owner: str, old: shape.Field, new: shape.Field | None, value: Any, path: Path
    ) -> Any:
        if new is None:
            return Unsaid(f"`{json_path(path)}` is not a field of {self.version}")
        if reshape := self.rules.fields.get((owner, old.encode_name)):
            return reshape(self, value, old.type, new.type, path)
        said = self.value(value, old.type, new.type, path)
        if isinstance(said, _Refused):
            is_text = old.encode_name in self.rules.texts.get(owner, ())
            return self._repaired(said, path, may_cut=is_text, required=new.required)
        return said

    def items(
        self, values: list[Any], source: shape.ListType, target: shape.ListType, path: Path
    ) -> Any:
        """An array, item by item."""
        said, lost = [], None
        item_type = core(source.item_type)
        for index, value in enumerate(values):
            mark = len(self.remarks)
            item = self.value(value, source.item_type, target.item_type, (*path, index))
            if isinstance(item, _Refused):
                item = self._repaired(item, (*path, index), may_cut=False, required=True)
            if not isinstance(item, Unsaid):
                said.append(item)
                continue
            if (
                isinstance(item_type, shape.StructType)
                and item_type.cls.__name__ in self.rules.whole
            ):
                return item
            lost = lost or item
            self._leave_out(mark, (*path, index), value, item)
        if lost and not said:
            return lost
        if len(said) < (target.min_length or 0):
            return Unsaid(f"`{json_path(path)}` has fewer than {target.min_length} items")
        return said

    def _with_assumed(self, said: dict[str, Any], target: shape.StructType, path: Path) -> Any:
        """The object with the fields that the other version demands beyond those given."""
        for new in target.fields:
            name = new.encode_name
            if not new.required or name in said:
                continue
            assumed = self.rules.assumed.get((target.cls.__name__, name))
            if assumed is None:
                return Unsaid(
                    f"`{json_path((*path, name))}` is missing, and required in {self.version}"
                )
            said[name] = (self.now or NO_TIME) if assumed.value is NOW else assumed.value
            self.remark((*path, name), assumed.reason)
        return said

    def _member(self, value: Any, enum: type[Enum], path: Path) -> Any:
        """A value of an enumeration."""
        table = self.rules.values.get(enum.__name__, {})
        said = table.get(value)
        if said is None and value not in _words(enum):
            said = table.get(ANY)
            if said is None:
                return Unsaid(f"{self.version} has no `{value}` at `{json_path(path)}`")
        if said is None:
            return value
        if said.reason:
            self.remark(path, said.reason, value)
        return said.value

    def _scalar(self, value: Any, target: shape.Type, path: Path) -> Any:
        """A text, a number or a boolean."""
        if isinstance(value, float) and isinstance(core(target), shape.IntType):
            if not value.is_integer():
                self.remark(path, f"{self.version} has only whole numbers here", value)
            value = round(value)
        is_float = isinstance(core(target), shape.FloatType)
        if is_float and isinstance(value, int) and abs(value) > sys.float_info.max:
            return Unsaid(f"`{json_path(path)}` is greater than any float")
        faults = violations_at(value, target, path)
        return _Refused(str(faults[0]), faults[0], value) if faults else value

    def _repaired(self, refused: _Refused, path: Path, *, may_cut: bool, required: bool) -> Any:
        """A value out of its bounds, brought back where that is allowed."""
        fault, value = refused.fault, refused.value
        if fault.rule is Rule.LENGTH_MAX and (may_cut or self.rules.total):
            self.remark(path, f"cut to {fault.limit} characters", value)
            # A cut id token must never be taken for another token: no token ends in this character.
            return value[: fault.limit - 1] + CUT
        if fault.rule in (Rule.MINIMUM, Rule.MAXIMUM) and required and self.rules.total:
            self.remark(path, f"moved to {fault.limit}: {refused.reason}", value)
            return fault.limit
        return Unsaid(refused.reason)

    def _leave_out(self, mark: int, path: Path, value: Any, unsaid: Unsaid) -> None:
        """Drop a value, and with it the remarks that were made inside."""
        del self.remarks[mark:]
        self.remark(path, f"left out: {unsaid.reason}", value)


@dataclass(frozen=True, slots=True)
class _Refused(Unsaid):
    """A scalar that breaks a limit of the other version."""

    fault: Violation
    value: Any


def core(type_: shape.Type) -> shape.Type:
    """A type without its limits and without the chance to be left out."""
    while isinstance(type_, shape.UnionType | shape.Metadata):
        type_ = type_.types[0] if isinstance(type_, shape.UnionType) else type_.type
    return type_


@cache
def _words(enum: type[Enum]) -> frozenset[str]:
    return frozenset(each.value for each in enum)
