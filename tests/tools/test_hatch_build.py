"""The build of the console: when it is due, and which Node it takes. Nothing is downloaded."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import hatch_build
from hatch_build import SKIP, Console


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources and what a build has left of them."""
    monkeypatch.delenv(SKIP, raising=False)
    source, built = tmp_path / "ui", tmp_path / "src" / "chargeplane" / "web" / "static"
    (source / "src").mkdir(parents=True)
    built.mkdir(parents=True)
    (source / "src" / "app.ts").write_text("let a = 1")
    (built / "index.html").write_text("<!doctype html>")
    (built / ".source").write_text(Console(tmp_path)._digest())
    return tmp_path


def test_what_was_built_of_these_sources_is_not_built_again(tree: Path) -> None:
    assert not Console(tree).is_stale()
    Console(tree).build_if_stale()


@pytest.mark.parametrize("name", ["src/app.ts", "src/new.ts", "package.json"])
def test_a_changed_or_new_source_makes_it_stale(tree: Path, name: str) -> None:
    (tree / "ui" / name).write_text("let b = 2")
    assert Console(tree).is_stale()


def test_a_renamed_or_removed_source_makes_it_stale(tree: Path) -> None:
    source = tree / "ui" / "src" / "app.ts"
    source.rename(source.with_name("renamed.ts"))
    assert Console(tree).is_stale()
    source.with_name("renamed.ts").unlink()
    assert Console(tree).is_stale()


@pytest.mark.parametrize("folder", ["node_modules", "generated", ".vite"])
def test_what_a_build_makes_is_no_source(tree: Path, folder: str) -> None:
    (tree / "ui" / folder).mkdir()
    (tree / "ui" / folder / "x.js").write_text("made")
    assert not Console(tree).is_stale()


@pytest.mark.parametrize("name", ["index.html", ".source"])
def test_a_missing_build_is_stale(tree: Path, name: str) -> None:
    (tree / "src" / "chargeplane" / "web" / "static" / name).unlink()
    assert Console(tree).is_stale()


def test_it_may_be_skipped_and_an_sdist_without_sources_is_never_stale(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "ui" / "src" / "app.ts").write_text("let b = 2")
    monkeypatch.setenv(SKIP, "1")
    assert not Console(tree).is_stale()
    monkeypatch.delenv(SKIP)
    assert Console(tree).is_stale()
    assert not Console(tree / "elsewhere").is_stale()


def node_of(folder: Path, version: str) -> Path:
    """A Node that tells a version, and its npm, which writes down how it was called."""
    (folder / "lib" / "npm" / "bin").mkdir(parents=True)
    script = folder / "lib" / "npm" / "bin" / "npm-cli.js"
    script.write_text("")
    script.chmod(0o755)  # or an npm of the system would be found in its place
    bin_ = folder / "bin"
    bin_.mkdir()
    (bin_ / "npm").symlink_to(script)
    node = bin_ / "node"
    node.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo {version} && exit\n'
        f'echo "$@" >> {folder}/calls; command -v npm >> {folder}/calls\n'
    )
    node.chmod(0o755)
    return bin_


@pytest.mark.parametrize(
    ("version", "is_taken"),
    [
        ("v20.19.0", True), ("v22.12.0", True), ("v24.1.0", True), ("v20.18.9", False),
        ("v21.7.0", False), ("v22.11.0", False), ("v18.20.0", False), ("nonsense", False),
    ],
)  # fmt: skip
def test_a_node_of_the_system_is_taken_if_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_taken: bool
) -> None:
    monkeypatch.setenv("PATH", f"{node_of(tmp_path, version)}:/bin:/usr/bin")
    found = hatch_build._system_node()
    assert (found is not None) is is_taken
    if found is not None:
        assert found[0] == tmp_path / "bin" / "node"
        assert found[1].name == "npm-cli.js"


def test_without_any_node_it_says_what_to_do(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tree))
    monkeypatch.setattr(hatch_build, "_packaged_node", lambda: None)
    (tree / "ui" / "package-lock.json").write_text("{}")
    with pytest.raises(SystemExit, match=SKIP):
        Console(tree).install()


def test_scripts_find_an_npm_that_works(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = node_of(tree / "node", "v24.0.0")
    monkeypatch.setenv("PATH", f"{node}:/bin:/usr/bin")
    Console(tree).run("build")
    call, npm = (tree / "node" / "calls").read_text().splitlines()
    assert call.endswith("npm-cli.js run --silent build")
    assert Path(npm).parent != node
    hatch_build._write_shim(tree, node / "node", Path("/x y/npm-cli.js"))
    assert os.access(tree / "npm", os.X_OK)
    subprocess.run([tree / "npm", "run", "a b"], check=True)
    assert (tree / "node" / "calls").read_text().splitlines()[2] == "/x y/npm-cli.js run a b"
