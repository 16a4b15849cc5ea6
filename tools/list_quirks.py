"""Writes docs/reference/quirks-and-faults.md from the registries; a test holds it against them.

python -m tools.list_quirks
"""

from __future__ import annotations

from pathlib import Path

from chargeplane.ocpp.versions import Version
from chargeplane.station.faults import FAULTS
from chargeplane.station.quirks import QUIRKS

__all__ = ["reference"]

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "quirks-and-faults.md"
FAMILIES = {None: "all", Version.V1_6: "1.x", Version.V2_1: "2.x"}

HEAD = """# Quirks and faults

What a virtual station can be made to do wrong. `python -m tools.list_quirks` writes this page.

## Quirks

How a station is. `chargeplane simulate --quirk NAME`, `Station(..., quirks=["NAME"])`, or `quirks`
in a scenario. Each is an oddity of real stations; several add up.

| name | versions | the station |
| --- | --- | --- |
"""
FAULTS_HEAD = """
## Faults

What happens to a station. `chargeplane simulate --fault NAME=10m`, `station.strike("NAME")`, or a
step of a scenario. The times are what is usual; chance makes them 0.3 to 2 times as long.

| name | what happens | lasts | by |
| --- | --- | --- | --- |
"""


def reference() -> str:
    """The page."""
    quirks = "".join(
        f"| `{name}` | {FAMILIES[each.family]} | {each.text} |\n"
        for name, each in sorted(QUIRKS.items())
    )
    faults = "".join(
        f"| `{name}` | {each.text} | {_seconds(each.duration_s)} | {_seconds(each.amount_s)} |\n"
        for name, each in FAULTS.items()
    )
    return HEAD + quirks + FAULTS_HEAD + faults


def _seconds(value: float) -> str:
    return f"{value:g} s" if value else ""


if __name__ == "__main__":
    PAGE.write_text(reference())
