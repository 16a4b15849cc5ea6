"""What a station remembers: over a reboot always, over the end of the process if a file keeps it.

Things lie in drawers under a key, as JSON. ``Memory`` keeps them as long as the program runs;
``FileMemory`` in a SQLite file as well. Blocks put a thing in whenever it changes, and take
everything out once, when they are installed. ``Core`` saves before frames leave, so that the
central system never knows more than the station will remember.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any, TypeVar

import msgspec

__all__ = ["FileMemory", "Memory", "MemoryFault", "memory_at"]

THINGS_MAX = 50_000
"""In one drawer. Whoever fills a drawer has a lower bound of his own."""
THING_BYTES_MAX = 1_000_000
FILE_PAGES_MAX = 262_144
"""Of 4 KiB: a file of one gigabyte."""
_APPLICATION_ID = 0x43504D31
"""Marks the file as ours, so that no other database is written to by mistake."""

T = TypeVar("T")
_encode = msgspec.json.Encoder(decimal_format="number").encode


class MemoryFault(OSError):
    """The file cannot be used: it is another's, in use, full, or damaged."""


class Memory:
    """Remembers as long as the program runs."""

    def __init__(self) -> None:
        self._drawers: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        self.is_changed = False
        """Whether anything was put or dropped since the last ``save``."""

    def put(self, drawer: str, key: str, thing: Any) -> None:
        """Keep a thing, in the place of what lay there. It is copied.

        Raises:
            MemoryFault: it is too large, or the drawer is full.
        """
        text, kept = _encode(thing), self._drawers[drawer]
        if len(text) > THING_BYTES_MAX or (len(kept) >= THINGS_MAX and key not in kept):
            raise MemoryFault(f"there is no room for {drawer} {key}")
        kept[key] = text
        self._has_changed(drawer, key, text)

    def drop(self, drawer: str, key: str) -> None:
        """Forget a thing."""
        if self._drawers[drawer].pop(key, None) is not None:
            self._has_changed(drawer, key, None)

    def take_all(self, drawer: str, kind: type[T]) -> dict[str, T]:
        """All that lies in a drawer, by key, in the order of the keys.

        Raises:
            MemoryFault: something else lies there.
        """
        try:
            return {
                key: msgspec.json.decode(text, type=kind)
                for key, text in sorted(self._drawers[drawer].items())
            }
        except (msgspec.MsgspecError, ValueError) as error:
            raise MemoryFault(f"what is remembered of {drawer} cannot be read: {error}") from error

    def take(self, drawer: str, key: str, kind: type[T]) -> T | None:
        """One thing, or None.

        Raises:
            MemoryFault: something else lies there.
        """
        text = self._drawers[drawer].get(key)
        try:
            return None if text is None else msgspec.json.decode(text, type=kind)
        except (msgspec.MsgspecError, ValueError) as error:
            raise MemoryFault(f"what is remembered of {key} cannot be read: {error}") from error

    def save(self) -> None:
        """Make sure of everything that was put.

        Raises:
            MemoryFault: the file cannot be written.
        """
        self.is_changed = False

    def close(self) -> None:
        """Save, and let go of the file."""

    def _has_changed(self, _drawer: str, _key: str, _text: bytes | None) -> None:
        self.is_changed = True


class FileMemory(Memory):
    """Remembers in a SQLite file, which belongs to one station at a time.

    A change is in the file when ``save`` returns; a process that is killed later loses nothing.
    A computer that loses its power may lose the last changes, and never leaves half of one.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            MemoryFault: it is another's, in use, damaged, or cannot be written.
        """
        super().__init__()
        self._path = path
        self._changes: dict[tuple[str, str], bytes | None] = {}
        try:
            path.touch(0o600)  # it may hold a password
            self._database = sqlite3.connect(path, timeout=0.0, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise self._fault(error) from error
        try:
            self._open()
        except sqlite3.Error as error:
            self._database.close()
            raise self._fault(error) from error

    def _open(self) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode=EXCLUSIVE")
        (mark,), (tables,) = (
            run("PRAGMA application_id").fetchone(),
            run("SELECT count(*) FROM sqlite_master").fetchone(),
        )
        if tables and mark != _APPLICATION_ID:
            raise sqlite3.DatabaseError("it is a database, but no memory of a station")
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=NORMAL")
        run(f"PRAGMA application_id={_APPLICATION_ID}")
        run(f"PRAGMA max_page_count={FILE_PAGES_MAX}")
        run("BEGIN IMMEDIATE")  # or another station could open it as well
        run(
            "CREATE TABLE IF NOT EXISTS thing (drawer TEXT, key TEXT, value BLOB,"
            " PRIMARY KEY (drawer, key)) WITHOUT ROWID"
        )
        for drawer, key, text in run("SELECT drawer, key, value FROM thing"):
            self._drawers[drawer][key] = text
        run("COMMIT")

    def _has_changed(self, drawer: str, key: str, text: bytes | None) -> None:
        super()._has_changed(drawer, key, text)
        self._changes[drawer, key] = text

    def save(self) -> None:
        if not self._changes:
            return
        gone = [place for place, text in self._changes.items() if text is None]
        kept = [(*place, text) for place, text in self._changes.items() if text is not None]
        run = self._database
        try:
            run.execute("BEGIN IMMEDIATE")
            run.executemany("DELETE FROM thing WHERE drawer = ? AND key = ?", gone)
            run.executemany("INSERT OR REPLACE INTO thing VALUES (?, ?, ?)", kept)
            run.execute("COMMIT")
        except sqlite3.Error as error:
            if run.in_transaction:
                run.execute("ROLLBACK")
            raise self._fault(error) from error
        self._changes.clear()
        super().save()

    def close(self) -> None:
        try:
            self.save()
        finally:
            self._database.close()

    def _fault(self, error: sqlite3.Error | OSError) -> MemoryFault:
        return MemoryFault(f"the memory {self._path} cannot be used: {error}")


def memory_at(path: Path | None) -> Memory:
    """The memory in a file, or with None one that ends with the program.

    Raises:
        MemoryFault: the file cannot be used.
    """
    return Memory() if path is None else FileMemory(path)
