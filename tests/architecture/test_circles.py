"""The rule against circles of imports bites."""

from tests.architecture.rules import circles

SRC = "src/chargeplane/runtime"


def caught(**sources: str) -> list[str]:
    files = [(f"{SRC}/{name}.py", source) for name, source in sources.items()]
    return [str(finding) for finding in circles.check(files)]


def test_a_circle_for_types_alone_is_caught_with_its_way_and_line() -> None:
    (message,) = caught(
        front="if TYPE_CHECKING:\n    from chargeplane.runtime.listener import Listener",
        listener="from chargeplane.runtime.front import Front",
    )
    one, other = "chargeplane.runtime.front", "chargeplane.runtime.listener"
    first = f"{SRC}/front.py:2: closes a circle of imports ({one} -> {other}, {other} -> {one})"
    second = f"{SRC}/listener.py:1: closes a circle of imports ({other} -> {one}, {one} -> {other})"
    assert message.startswith((first, second))


def test_a_circle_of_three_with_relative_and_late_imports_is_caught() -> None:
    (message,) = caught(
        one="import chargeplane.runtime.two",
        two="def late():\n    from . import three",
        three="from .one import x",
    )
    assert message.count("->") == 3


def test_a_circle_through_the_own_package_is_caught() -> None:
    (message,) = caught(
        __init__="from .store import Store", store="from chargeplane import runtime"
    )
    assert "chargeplane.runtime -> chargeplane.runtime.store" in message


def test_modules_that_import_one_way_are_fine() -> None:
    assert not caught(
        __init__="from chargeplane.runtime.store import Store\nfrom .clock import Clock",
        store="import asyncio\nfrom . import clock",
        clock="from time import monotonic",
    )
