"""The command line of the fuzzer: ``python -m tests.fuzz --seconds 60``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["chargeplane.ocpp"]):
    from tests.fuzz.targets import one_input, seeds


def main() -> None:
    """Fuzz for a while; exits with an error and the input at the first thing that must not be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=-1, help="stop after so many inputs")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds()):
            (Path(folder) / f"{number:04}").write_bytes(seed)
        options = [f"-max_total_time={arguments.seconds}", f"-runs={arguments.runs}"]
        options += ["-max_len=4096", "-timeout=10", "-print_final_stats=1", folder]
        atheris.Setup([sys.argv[0], *options], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
