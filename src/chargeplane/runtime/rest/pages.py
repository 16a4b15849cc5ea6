"""Lists in pages: ``{"items": [...], "next": "<cursor>"|null}``.

A cursor holds the key of the last item of its page, so a page never repeats or skips an item that
was there all the time, however many come and go meanwhile. To its reader it is opaque. Nothing
secret is in it and nothing is trusted: a query keeps to the principal's tenant whatever it says.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter
from msgspec import Struct

from chargeplane.runtime.rest.problems import Problem
from chargeplane.runtime.store import storable

__all__ = ["ITEMS_DEFAULT", "ITEMS_MAX", "Page", "PageRequest", "cursor_of", "page_request"]

ITEMS_DEFAULT = 100
ITEMS_MAX = 1_000
CURSOR_CHARACTERS_MAX = 1_000

T = TypeVar("T")
R = TypeVar("R")
K = TypeVar("K")


class Page(Struct, Generic[T], frozen=True):
    """One page of a list."""

    items: list[T]
    next: str | None
    """The cursor of the page after it; null at the end of the list."""


@dataclass(frozen=True)
class PageRequest:
    """Which page is asked for. A query fetches up to ``fetch_max`` rows after the cursor."""

    items_max: int = ITEMS_DEFAULT
    cursor: str | None = None

    @property
    def fetch_max(self) -> int:
        """One row more than the page holds, to know whether there is a next one."""
        return self.items_max + 1

    def after(self, kind: type[K]) -> K | None:
        """The key that the page begins after: ``page.after(UUID)``; None on the first page.

        Args:
            kind: the type of the key, such as ``UUID`` or ``tuple[datetime, UUID]``.

        Raises:
            Problem: the cursor is not one of this list.
        """
        if self.cursor is None:
            return None
        try:
            raw = base64.b64decode(self.cursor + "=" * (-len(self.cursor) % 4), b"-_", True)
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
            raise Problem.of_field("cursor", "not a cursor of this list") from error

    def of(
        self, rows: Sequence[R], render: Callable[[R], T], key: Callable[[R], object]
    ) -> Page[T]:
        """The page of up to ``fetch_max`` rows.

        Args:
            rows: in the order of the list.
            render: makes an item of a row.
            key: what ``after`` shall return for the next page if it begins after this row.
        """
        shown = rows[: self.items_max]
        more = len(rows) > self.items_max
        return Page([render(row) for row in shown], cursor_of(key(shown[-1])) if more else None)


def page_request(
    items_max: Annotated[
        int,
        QueryParameter(
            name="limit", ge=1, le=ITEMS_MAX, description="Items of a page, 1,000 at the most."
        ),
    ] = ITEMS_DEFAULT,
    cursor: Annotated[
        str | None,
        QueryParameter(
            min_length=1,
            max_length=CURSOR_CHARACTERS_MAX,
            description="`next` of the page before; nothing for the first page.",
        ),
    ] = None,
) -> PageRequest:
    """The dependency ``page``."""
    return PageRequest(items_max, cursor)


def cursor_of(key: Any) -> str:
    """The cursor of the page that begins after a key; for lists that are made in other ways."""
    raw = msgspec.json.encode(key)
    return base64.urlsafe_b64encode(storable(raw.decode()).encode()).rstrip(b"=").decode()
