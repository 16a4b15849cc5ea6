"""Waiting for what tells nobody that it has come: a figure, a state, a row of a database.

Whatever has an event, a task or a message to wait for is waited for by that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

__all__ = ["eventually", "until"]

PAUSE_S = 0.005

T = TypeVar("T")


async def until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Come back as soon as a condition holds; ``TimeoutError`` if it does not in time."""

    async def look() -> object:
        return condition()

    await eventually(look, until=bool, timeout_s=timeout_s)


async def eventually(
    look: Callable[[], Awaitable[T]], *, until: Callable[[T], Any], timeout_s: float = 10.0
) -> T:
    """The first of what ``look`` finds that ``until`` holds for; ``TimeoutError`` if none does."""
    async with asyncio.timeout(timeout_s):
        while not until(found := await look()):  # noqa: ASYNC110 - what is looked at has no event
            await asyncio.sleep(PAUSE_S)
    return found
