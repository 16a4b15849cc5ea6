"""Generate ``chargeplane.ocpp.v12`` ... ``v21`` from the official facts.

python -m tools.generate_types            # write the packages
python -m tools.generate_types --check    # say whether the committed ones are current
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from chargeplane.ocpp.versions import Version
from tools.generator import from_json, from_soap
from tools.generator.render import render

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src" / "chargeplane" / "ocpp"


def generate(target: Path) -> list[Path]:
    """Write all packages under ``target``; the paths written."""
    written = []
    for version in Version:
        reader = from_soap if version in (Version.V1_2, Version.V1_5) else from_json
        folder = target / version.package
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in render(reader.read(version)).items():
            (folder / name).write_text(text, encoding="utf-8")
            written.append(folder / name)
    config = ["--config", str(ROOT / "pyproject.toml")]
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "check", *config, "-q", "--select=I", "--fix", *written], check=True)
    subprocess.run([*ruff, "format", *config, "-q", *written], check=True)
    return written


def stale() -> list[str]:
    """What differs between the committed packages and newly generated ones."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = {path.relative_to(folder): path for path in generate(Path(folder))}
        found = [
            f"{TARGET / name}: not what tools/generate_types.py writes today"
            for name, path in fresh.items()
            if not (TARGET / name).is_file() or (TARGET / name).read_bytes() != path.read_bytes()
        ]
        committed = [path for v in Version for path in (TARGET / v.package).glob("*.py")]
        found += [
            f"{path}: no longer generated; remove it"
            for path in committed
            if path.relative_to(TARGET) not in fresh
        ]
    return found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    if not parser.parse_args().check:
        sys.stdout.write(f"{len(generate(TARGET))} files\n")
        return 0
    differences = stale()
    for line in differences:
        sys.stderr.write(f"{line}\n")
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
