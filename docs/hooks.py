"""Pages that follow from the tree, so that adding a module or a decision is adding a file."""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "src" / "chargeplane" / "ocpp"


# Steps of `peer` and `codec` that nobody calls on their own.
INTERNAL = {"asking", "payloads", "reading", "violations"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Append the pages of modules and decisions to their sections of the navigation."""
    section(config, "Reference").extend(entry(path) for path in modules())
    section(config, "Decisions").extend(
        f"decisions/{path.name}" for path in sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    )
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each public module, and for each part of a public package."""
    for path in modules():
        for each in (path, *parts(path)):
            files.append(File.generated(config, page_of(each), content=page(each)))
    return files


def section(config: MkDocsConfig, title: str) -> list[Any]:
    """The entries of one section of the navigation."""
    pages: list[Any] = next(entry[title] for entry in config.nav or [] if title in entry)
    return pages


def modules() -> list[Path]:
    """Public modules and packages of the library by name, v12 to v21 last."""
    found = [path for path in LIBRARY.glob("[!_]*.py") if path.stem not in INTERNAL]
    found += [path.parent for path in LIBRARY.glob("[!_]*/__init__.py")]
    return sorted(found, key=lambda path: (re.fullmatch(r"v\d+", path.name) is not None, path))


def parts(path: Path) -> list[Path]:
    """The public modules of a package; a module has none."""
    return sorted(path.glob("[!_]*.py"))


def entry(path: Path) -> dict[str, Any]:
    """What the navigation shows of a module or a package."""
    if not path.is_dir():
        return {path.stem: page_of(path)}
    return {path.stem: [page_of(path), *({part.stem: page_of(part)} for part in parts(path))]}


def page_of(path: Path) -> str:
    """Where the page of a module lies in the documentation."""
    place = path.relative_to(LIBRARY).with_suffix("").as_posix()
    return f"reference/{place}/index.md" if path.is_dir() else f"reference/{place}.md"


def page(path: Path) -> str:
    """One directive for mkdocstrings. A package sends the reader to its parts."""
    name = ".".join(path.relative_to(LIBRARY.parent.parent).with_suffix("").parts)
    text = f"# {path.stem}\n\n::: {name}\n"
    if parts(path):
        text += "    options:\n      members: false\n\n"
        text += "".join(f"* [{part.stem}]({part.stem}.md)\n" for part in parts(path))
    return text
