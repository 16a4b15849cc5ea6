"""Looks for secrets in everything that is or would be committed.

    python -m tools.find_secrets

Private keys, tokens of well-known services and our own, and passwords that are written down. What
only looks like one, such as an example, has the words of ``_HARMLESS`` on its line.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FILE_BYTES_MAX = 2_000_000
"""Larger ones are data or locks, which other checks look after."""

RULES = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{16}"),
    "chargeplane token": re.compile(r"\bcp_[A-Za-z0-9_-]{43}\b"),
    "cloud access key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "code host token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20})\b"),
    "package index token": re.compile(r"\bpypi-[A-Za-z0-9_-]{50,}"),
    "chat token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
    "address with a password": re.compile(
        r"\b[a-z+]+://[^\s/:@\"\']+:[^\s/:@\"\'{}$<]{8,}@[a-z0-9.-]+\.[a-z]{2,}"
    ),
    "written down": re.compile(
        r"(?i)\b(?:secret|passwd|api_?key|access_?token)\s*[:=]\s*[\"\'](?=[^\"\']*[0-9])"
        r"(?=[^\"\']*[a-zA-Z])[A-Za-z0-9+/=_-]{24,}[\"\']"
    ),
}
_HARMLESS = re.compile(r"example|secret-scan: harmless")


class Found(NamedTuple):
    """Something that looks like a secret. What it is, is not repeated."""

    line: int
    rule: str


def secrets_in(text: str) -> Iterator[Found]:
    """What looks like a secret in a text."""
    for rule, pattern in RULES.items():
        for found in pattern.finditer(text):
            start = text.rfind("\n", 0, found.start()) + 1
            end = text.find("\n", found.end())
            if not _HARMLESS.search(text[start : end if end >= 0 else None]):
                yield Found(text.count("\n", 0, found.start()) + 1, rule)


def files() -> Iterator[Path]:
    """All files that are in the repository or would come into it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.stat().st_size <= FILE_BYTES_MAX:
            yield path


def main() -> int:
    count = 0
    for path in files():
        text = path.read_bytes().decode(errors="replace")
        for found in secrets_in(text):
            count += 1
            place = path.relative_to(ROOT)
            print(f"{place}:{found.line}: this looks like a {found.rule}", file=sys.stderr)
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
