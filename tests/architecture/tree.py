"""The real tree, as the rules see it: paths with forward slashes, relative to the project."""

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("src/", "tests/", "tools/", "bench/", "docs/")


def folders(path: str) -> set[str]:
    """Names of the folders in `path`; none if it does not exist yet."""
    place = ROOT / path
    if not place.is_dir():
        return set()
    return {each.name for each in place.iterdir() if each.is_dir() and each.name.isidentifier()}


@cache
def texts() -> dict[str, str]:
    """Every text file that is in the repository or would be added to it."""
    found = {}
    for path in sorted(paths()):
        raw = (ROOT / path).read_bytes()
        if b"\0" not in raw[:8192]:
            found[path] = raw.decode(errors="replace")
    return found


def python() -> Iterator[tuple[str, str]]:
    """The Python sources of the project."""
    for path, source in texts().items():
        if path.startswith(SOURCES) and path.endswith(".py"):
            yield path, source


def paths() -> set[str]:
    """Files known to git and new ones that it does not ignore; a deleted file is no more."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return {path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file()}
