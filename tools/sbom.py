"""Writes the bill of materials of a lock file: CycloneDX 1.6, ``dist/sbom.cdx.json``.

    python -m tools.sbom             write it
    python -m tools.sbom --check     fail if the lock is not what a bill can be made of

The check is offline: every package is pinned to one version with the hashes of its files, and no
licence that we know of forbids commercial use or asks for the sources of a service. Whether a
version has published vulnerabilities a service has to be asked: ``tools.audit_dependencies``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, NamedTuple

from chargeplane import __version__

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "dev.lock"
TARGET = ROOT / "dist" / "sbom.cdx.json"

_PINNED = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^ ;\\]+)(?P<marker>[^\\]*)"
)
_HASH = re.compile(r"--hash=sha256:(?P<digest>[0-9a-f]{64})")
_FORBIDDEN = re.compile(r"\bAGPL|Affero|non-?commercial|\bSSPL\b|\bBUSL\b", re.IGNORECASE)


class Package(NamedTuple):
    """A package of the lock."""

    name: str
    version: str
    hashes: tuple[str, ...]
    licence: str


def packages(lock: str) -> Iterator[Package]:
    """The packages of a lock file, in its order.

    Raises:
        ValueError: a line is neither a pinned package nor anything that belongs to one.
    """
    joined = lock.replace("\\\n", " ")
    for line in joined.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _PINNED.match(line)
        if found is None:
            raise ValueError(f"not pinned: {line.strip()[:80]}")
        hashes = tuple(_HASH.findall(line))
        yield Package(found["name"], found["version"], hashes, _licence_of(found["name"]))


def bill(found: Sequence[Package]) -> dict[str, Any]:
    """The bill. It says nothing of when it was made, so that the same lock gives the same bill."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "chargeplane",
                "name": "chargeplane",
                "version": __version__,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [_component(each) for each in found],
    }


def faults(found: Sequence[Package]) -> list[str]:
    """What is wrong with the packages of a lock."""
    wrong = [f"{each.name}: no hash" for each in found if not each.hashes]
    wrong += [
        f"{each.name}: licence {each.licence}" for each in found if _FORBIDDEN.search(each.licence)
    ]
    return wrong


def _component(package: Package) -> Mapping[str, Any]:
    purl = f"pkg:pypi/{package.name.lower().replace('_', '-')}@{package.version}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
        "properties": [
            {"name": "chargeplane:file:sha256", "value": each} for each in package.hashes
        ],
    }
    if package.licence:
        component["licenses"] = [{"license": {"name": package.licence}}]
    return component


def _licence_of(name: str) -> str:
    """As the installed package says; empty if it is not installed on this machine."""
    try:
        facts = metadata(name)
    except PackageNotFoundError:
        return ""
    classified = [each.rpartition(":: ")[2] for each in facts.get_all("Classifier") or ()
                  if each.startswith("License ::")]  # fmt: skip
    stated = next((facts[each] for each in ("License-Expression", "License") if each in facts), "")
    return (classified[0] if classified else stated.partition("\n")[0])[:100]


def main(arguments: Sequence[str]) -> int:
    try:
        found = [*packages(LOCK.read_text(encoding="utf-8"))]
    except ValueError as error:
        print(f"{LOCK.name}: {error}", file=sys.stderr)
        return 1
    wrong = faults(found)
    for each in wrong:
        print(f"{LOCK.name}: {each}", file=sys.stderr)
    if "--check" in arguments or wrong:
        return int(bool(wrong))
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(bill(found), indent=2) + "\n", encoding="utf-8")
    print(f"{len(found)} packages: {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
