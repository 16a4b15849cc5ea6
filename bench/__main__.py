"""The command line of the benchmarks: ``python -m bench [NAME ...]``."""

from __future__ import annotations

import platform
import sys
from importlib import import_module

NAMES = (
    "codec",
    "turn",
    "imports",
    "echo",
    "store",
    "path",
    "storm",
    "tls",
    "live",
    "fleet",
    "fleet_central",
    "fleet_sockets",
)


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; 2 for a name that does not exist."""
    if unknown := set(names) - set(NAMES):
        sys.stderr.write(f"no benchmark {', '.join(sorted(unknown))}; there are {NAMES}\n")
        return 2
    sys.stdout.write(f"{platform.python_implementation()} {platform.python_version()}\n")
    for name in names or NAMES:
        sys.stdout.write(f"\n{name}\n")
        for line in import_module(f"bench.{name}").run():
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
