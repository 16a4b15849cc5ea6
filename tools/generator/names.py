"""How wire names become Python names."""

from __future__ import annotations

import keyword
import re

# Words that the rule below would tear apart.
_WHOLE_WORDS = {
    "EMAIDs": "Emaids",
    "eMAID": "emaid",
    "SoC": "Soc",
    "soC": "soc",
    "soH": "soh",
    "RoCoF": "Rocof",
    "kVA": "Kva",
    "kWh": "Kwh",
    "kW": "Kw",
    "IdleTIme": "IdleTime",
}
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake(wire_name: str) -> str:
    """``evseId`` -> ``evse_id``, ``iso15118SchemaVersion`` -> ``iso15118_schema_version``.

    A digit stays with the word before it, so an upper-case letter after a digit starts a word.
    """
    words = wire_name
    for torn, whole in _WHOLE_WORDS.items():
        words = words.replace(torn, whole)
    words = _WORDS.sub("_", words)
    words = re.sub(r"(?<=[0-9])(?=[A-Z][a-z])", "_", words)
    name = re.sub(r"[^0-9A-Za-z]+", "_", words).strip("_").lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def member(value: str) -> str:
    """The name of an enumeration member: ``Energy.Active.Net`` -> ``ENERGY_ACTIVE_NET``."""
    name = snake(value).upper()
    return f"V{name}" if name[:1].isdigit() else name


def camel(name: str) -> str:
    """What msgspec makes of a snake_case name (its ``rename="camel"``)."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
