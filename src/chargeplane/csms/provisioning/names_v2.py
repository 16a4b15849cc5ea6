"""Components and variables of 2.x <-> the variables of the domain."""

from __future__ import annotations

from typing import Final

from chargeplane.domain.commands import ComponentVariable, Variable
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, UnsetType, given

__all__ = ["attribute_of", "attribute_word", "component_of", "variable_name_of", "variable_of"]

_Attribute = v21.AttributeEnumType
_WORDS: Final = {
    _Attribute.ACTUAL: "actual",
    _Attribute.TARGET: "target",
    _Attribute.MIN_SET: "min_set",
    _Attribute.MAX_SET: "max_set",
}
_ATTRIBUTES: Final = {word: attribute for attribute, word in _WORDS.items()}


def attribute_word(attribute: v21.AttributeEnumType | UnsetType) -> str:
    """The domain's word; an attribute that is left out is Actual."""
    return _WORDS[attribute or _Attribute.ACTUAL]


def attribute_of(word: str) -> v21.AttributeEnumType | None:
    """The attribute of the domain's word; None if there is none."""
    return _ATTRIBUTES.get(word)


def variable_of(
    component: v21.ComponentType, variable: v21.VariableType, attribute: str
) -> Variable:
    """The domain's variable."""
    evse = component.evse or None
    return Variable(
        name=variable.name,
        component=component.name,
        instance=given(variable.instance),
        component_instance=given(component.instance),
        evse_id=evse.id if evse else None,
        connector_id=given(evse.connector_id) if evse else None,
        attribute=attribute,
    )


def component_of(named: Variable | ComponentVariable) -> v21.ComponentType:
    """The component that something names; it must name one."""
    evse: v21.EVSEType | UnsetType = UNSET
    if named.evse_id is not None:
        connector_id = UNSET if named.connector_id is None else named.connector_id
        evse = v21.EVSEType(id=named.evse_id, connector_id=connector_id)
    return v21.ComponentType(
        name=named.component or "", instance=named.component_instance or UNSET, evse=evse
    )


def variable_name_of(named: Variable | ComponentVariable) -> v21.VariableType:
    """The variable that something names; it must name one."""
    return v21.VariableType(name=named.name or "", instance=named.instance or UNSET)
