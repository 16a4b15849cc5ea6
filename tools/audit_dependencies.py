"""Asks for published vulnerabilities of what the lock names; says so and goes on if nobody answers.

    python -m tools.audit_dependencies [--service URL] [--strict]

The service is OSV (https://google.github.io/osv.dev/post-v1-querybatch/), asked once for all
packages. ``make check`` must work offline: a service that does not answer within a few seconds is
told and is no fault, unless ``--strict`` says that it is. A vulnerability is one, always.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import httpx
import msgspec
from msgspec import Struct

from tools.sbom import LOCK, Package, packages

__all__ = ["SERVICE", "Found", "Unreachable", "ask", "main"]

SERVICE = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S = 4.0
PACKAGES_MAX = 1_000
"""Of one question, as the service allows."""
ANSWER_BYTES_MAX = 4_000_000


class Unreachable(Exception):
    """The service gives no answer that can be read."""


class Found(NamedTuple):
    """A package of the lock with a published vulnerability."""

    package: str
    version: str
    ids: tuple[str, ...]


class _Vulnerability(Struct):
    id: str


class _Result(Struct):
    vulns: list[_Vulnerability] = []


class _Answer(Struct):
    results: list[_Result]


def ask(locked: Sequence[Package], service: str = SERVICE) -> list[Found]:
    """The packages that are known to be vulnerable.

    Raises:
        Unreachable: there is no answer, or it is not about these packages.
    """
    found = []
    for start in range(0, len(locked), PACKAGES_MAX):
        part = locked[start : start + PACKAGES_MAX]
        for package, result in zip(part, _results(part, service), strict=True):
            if result.vulns:
                ids = tuple(sorted(each.id for each in result.vulns))
                found.append(Found(package.name, package.version, ids))
    return found


def _results(part: Sequence[Package], service: str) -> list[_Result]:
    question: dict[str, Any] = {
        "queries": [
            {"package": {"name": each.name, "ecosystem": "PyPI"}, "version": each.version}
            for each in part
        ]
    }
    try:
        answer = httpx.post(service, json=question, timeout=TIMEOUT_S)
        answer.raise_for_status()
        if len(answer.content) > ANSWER_BYTES_MAX:
            raise Unreachable("the answer is too long")
        results = msgspec.json.decode(answer.content, type=_Answer).results
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    if len(results) != len(part):
        raise Unreachable(f"{len(results)} answers to {len(part)} questions")
    return results


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.audit_dependencies")
    parser.add_argument("--service", default=SERVICE)
    parser.add_argument("--strict", action="store_true", help="No answer is a fault.")
    given = parser.parse_args(words)
    locked = [*packages(LOCK.read_text(encoding="utf-8"))]
    try:
        found = ask(locked, given.service)
    except Unreachable as error:
        print(f"dependencies were not audited: {given.service}: {error}", file=sys.stderr)
        return int(given.strict)
    for each in found:
        print(f"{each.package} {each.version}: {', '.join(each.ids)}", file=sys.stderr)
    if not found:
        print(f"{len(locked)} packages have no published vulnerability")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
