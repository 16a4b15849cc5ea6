"""No file names a place that exists on one machine only, or the host of a package registry."""

import re
from collections.abc import Iterator

from tests.architecture.rules.finding import Finding

# Put together here, so that this file does not trip over itself.
FOLDERS = ("work", "home", "root")
HOSTS = (
    ("py", "pi.org"),
    ("python", "hosted.org"),
    ("registry.npm", "js.org"),
    ("registry.yarn", "pkg.com"),
    ("crates", ".io"),
    ("proxy.go", "lang.org"),
    ("maven", ".org"),
    ("maven.apa", "che.org"),
    ("deb.deb", "ian.org"),
)

# A folder counts at the start of a path alone: `docs/<folder>/` and an address are something else.
MACHINE = re.compile(rf"(?<![\w.<>{{}}*$-])/(?:{'|'.join(FOLDERS)})/")
REGISTRY = re.compile("|".join(re.escape(first + rest) for first, rest in HOSTS))


def check(path: str, source: str) -> Iterator[Finding]:
    """Machine paths and registry hosts, in any text."""
    for number, line in enumerate(source.splitlines(), start=1):
        if found := MACHINE.search(line):
            yield Finding(
                path,
                number,
                f"{found[0]} exists on one machine; use a path relative to the project, "
                "or a temporary folder",
            )
        if found := REGISTRY.search(line):
            yield Finding(
                path,
                number,
                f"{found[0]} is a registry's host; name the package alone, "
                "so that it installs from whatever index is set up",
            )
