"""Where the facts come from: the JSON schemas of the PyPI package ``ocpp`` and our own tables.

The schemas are licensed without the right to change them, so they are not kept here and stay
untouched there. Where that copy differs from the official files, ``CORRECTIONS`` puts it right
while it is read.
"""

from __future__ import annotations

import csv
import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from chargeplane.ocpp.versions import Direction, Version

TABLES = Path(__file__).parent.parent / "tables"
Schema = dict[str, Any]


@dataclass(frozen=True)
class Correction:
    """One place where the copy differs from the official schema."""

    version: Version
    schema: str
    path: tuple[str, ...]
    official: object
    """The official value; None where the official file has no such member."""


_SAMPLED_VALUE = ("properties", "meterValue", "items", "properties", "sampledValue")
CORRECTIONS = (
    Correction(
        Version.V2_0_1,
        "Get15118EVCertificateResponse",
        ("properties", "exiResponse", "maxLength"),
        5600,
    ),
    Correction(Version.V1_6, "MeterValues", ("properties", "meterValue", "minItems"), None),
    Correction(Version.V1_6, "MeterValues", (*_SAMPLED_VALUE, "minItems"), None),
    Correction(
        Version.V1_6,
        "MeterValues",
        (*_SAMPLED_VALUE, "items", "properties", "unit", "enum"),
        "without Hertz",
    ),
)


def schema_folder(version: Version) -> Path:
    """The folder of the schemas of ``version`` in the installed package ``ocpp``."""
    spec = find_spec("ocpp")
    if spec is None or spec.origin is None:
        raise SystemExit("The package ocpp is not installed; run `make setup`.")
    return Path(spec.origin).parent / version.package / "schemas"


@cache
def schemas(version: Version, folder: Path | None = None) -> dict[str, Schema]:
    """The corrected schemas of ``version`` by file name without ending, in order."""
    found: dict[str, Schema] = {}
    for path in sorted((folder or schema_folder(version)).glob("*.json")):
        found[path.stem] = json.loads(path.read_text(encoding="utf-8-sig"))
    for correction in CORRECTIONS:
        if correction.version is version:
            _correct(found[correction.schema], correction)
    return found


def _correct(schema: Schema, correction: Correction) -> None:
    *parents, last = correction.path
    node = schema
    for key in parents:
        node = node[key]
    if last == "enum":
        node[last] = [value for value in node[last] if value != "Hertz"]
    elif correction.official is None:
        node.pop(last, None)
    else:
        node[last] = correction.official


def digest(content: object) -> str:
    """The sha256 of some JSON content, independent of its layout."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def soap_table() -> dict[str, Any]:
    """The facts of the six WSDLs by version; see ``tools/read_wsdl.py``."""
    table: dict[str, Any] = json.loads((TABLES / "soap.json").read_text(encoding="utf-8"))
    return table


@dataclass(frozen=True)
class ActionRow:
    """What our tables say of one action of one version."""

    name: str
    direction: Direction
    section: str
    use_cases: str
    block: str
    meaning: str


def action_rows(version: Version) -> Iterator[ActionRow]:
    """The rows of ``tables/messages.csv`` for ``version``, with block and meaning."""
    meanings = tomllib.loads((TABLES / "actions.toml").read_text(encoding="utf-8"))
    with (TABLES / "messages.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["version"] == version:
                block, meaning = meanings[row["action"]]
                direction = Direction[row["direction"].upper()]
                yield ActionRow(
                    row["action"], direction, row["section"], row["use_cases"], block, meaning
                )
