"""The memory itself: a dictionary, and a file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from chargeplane.station import memory as module
from chargeplane.station.memory import FileMemory, Memory, MemoryFault, memory_at


def test_without_a_path_things_are_kept_in_order_of_their_keys_and_copied() -> None:
    memory = memory_at(None)
    numbers = [1]
    memory.put("drawer", "b", numbers)
    memory.put("drawer", "a", [0])
    numbers.append(2)
    assert memory.take_all("drawer", list[int]) == {"a": [0], "b": [1]}
    assert memory.take("drawer", "b", list[int]) == [1]
    memory.drop("drawer", "b")
    memory.drop("drawer", "never")
    assert memory.take("drawer", "b", list[int]) is None


def test_it_knows_whether_there_is_anything_to_save() -> None:
    memory = Memory()
    seen = [memory.is_changed]
    memory.put("drawer", "a", 1)
    seen.append(memory.is_changed)
    memory.save()
    seen.append(memory.is_changed)
    assert seen == [False, True, False]


def test_a_file_holds_what_was_saved_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "cp1.memory"
    first = memory_at(path)
    first.put("drawer", "kept", {"wh": 5})
    first.put("drawer", "gone", 1)
    first.save()
    first.drop("drawer", "gone")
    first.close()
    second = FileMemory(path)
    assert second.take_all("drawer", dict[str, int]) == {"kept": {"wh": 5}}
    assert path.stat().st_mode & 0o077 == 0  # it may hold a password
    second.close()


def test_what_was_not_saved_is_gone_with_the_program(tmp_path: Path) -> None:
    memory = FileMemory(tmp_path / "m")
    memory.put("drawer", "a", 1)
    memory._database.close()  # as a killed process does
    again = FileMemory(tmp_path / "m")
    assert again.take_all("drawer", int) == {}
    again.close()


def test_a_memory_belongs_to_one_station_at_a_time(tmp_path: Path) -> None:
    memory = FileMemory(tmp_path / "m")
    with pytest.raises(MemoryFault, match="locked"):
        FileMemory(tmp_path / "m")
    memory.close()
    FileMemory(tmp_path / "m").close()


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("Dear diary, " * 100)
    with pytest.raises(MemoryFault, match="not a database"):
        FileMemory(text)
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("CREATE TABLE accounts (id)")
    with pytest.raises(MemoryFault, match="no memory of a station"):
        FileMemory(tmp_path / "other")
    with pytest.raises(MemoryFault):
        FileMemory(tmp_path / "no" / "such" / "folder")


def test_things_of_another_kind_are_reported() -> None:
    memory = Memory()
    memory.put("drawer", "a", "text")
    with pytest.raises(MemoryFault, match="drawer cannot be read"):
        memory.take_all("drawer", int)


def test_the_drawers_and_the_things_in_them_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "THINGS_MAX", 2)
    monkeypatch.setattr(module, "THING_BYTES_MAX", 10)
    memory = Memory()
    memory.put("drawer", "a", 1)
    memory.put("drawer", "b", 1)
    memory.put("drawer", "b", 2)
    for key, thing in (("c", 1), ("a", "x" * 20)):
        with pytest.raises(MemoryFault, match="no room"):
            memory.put("drawer", key, thing)


def test_the_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_PAGES_MAX", 10)
    memory = FileMemory(tmp_path / "m")
    memory.put("drawer", "small", 1)
    memory.save()
    memory.put("drawer", "large", "x" * 100_000)
    with pytest.raises(MemoryFault, match="full"):
        memory.save()
    memory.drop("drawer", "large")
    memory.close()
    again = FileMemory(tmp_path / "m")
    assert again.take_all("drawer", int) == {"small": 1}
    again.close()


def test_a_file_that_cannot_be_written_is_told_and_can_be_tried_again(tmp_path: Path) -> None:
    memory = FileMemory(tmp_path / "m")
    memory._database.execute("PRAGMA query_only=ON")
    memory.put("drawer", "a", 1)
    with pytest.raises(MemoryFault, match="cannot be used"):
        memory.save()
    assert memory.is_changed
    memory._database.execute("PRAGMA query_only=OFF")
    memory.close()
    again = FileMemory(tmp_path / "m")
    assert again.take("drawer", "a", int) == 1
    again.close()
