"""A walk over the pages of a list meets every item once."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.runtime.rest import PageRequest, Problem


def walk(items: list[int], items_max: int) -> list[list[int]]:
    """All pages of a sorted list, fetched as a query would."""
    pages, cursor = [], None
    while True:
        request = PageRequest(items_max, cursor)
        after = request.after(int)
        rows = [item for item in items if after is None or item > after][: request.fetch_max]
        page = request.of(rows, lambda row: row, key=lambda row: row)
        pages.append(page.items)
        cursor = page.next
        if cursor is None:
            return pages


@given(st.sets(st.integers()).map(sorted), st.integers(1, 7))
def test_a_walk_meets_every_item_once_and_no_page_is_too_long(
    items: list[int], items_max: int
) -> None:
    pages = walk(items, items_max)
    assert [item for page in pages for item in page] == items
    assert all(len(page) == items_max for page in pages[:-1])
    assert len(pages[-1]) <= items_max


def test_the_last_page_that_is_just_full_has_no_next_one() -> None:
    assert walk([1, 2, 3, 4], 2) == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "key",
    [
        UUID("01a1fcf0-a73f-73fc-89a0-61262ce8b498"),
        "CP 1/ä",
        (datetime(2026, 11, 21, 12, 30, tzinfo=UTC), UUID(int=7)),
    ],
    ids=["uuid", "text", "time and uuid"],
)
def test_a_cursor_gives_back_the_key_that_it_was_made_of(key: object) -> None:
    kind = tuple[datetime, UUID] if isinstance(key, tuple) else type(key)
    cursor = PageRequest(1).of([1, 2], str, key=lambda _: key).next
    assert PageRequest(1, cursor).after(kind) == key


@pytest.mark.parametrize("cursor", ["x", "ä", "!!", "AA", "bnVsbA", "MTIz", "=" * 9])
def test_what_is_no_cursor_of_this_list_is_a_problem_of_that_field(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        PageRequest(1, cursor).after(UUID)
    assert caught.value.status == 400
    assert [fault.field for fault in caught.value.errors] == ["cursor"]
