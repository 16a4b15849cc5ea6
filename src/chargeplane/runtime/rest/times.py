"""Times in queries: ``?from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from litestar.params import QueryParameter

from chargeplane.runtime.rest.problems import FieldFault, Problem

__all__ = ["Span", "span_of_query"]


@dataclass(frozen=True)
class Span:
    """A stretch of time, open where no bound is given."""

    start: datetime | None = None
    """The first moment that belongs to it, in UTC."""
    end: datetime | None = None
    """The first moment after it, in UTC."""


def span_of_query(
    starts_at: Annotated[
        datetime | None,
        QueryParameter(name="from", description="The first moment, with its offset or Z."),
    ] = None,
    ends_at: Annotated[
        datetime | None,
        QueryParameter(name="to", description="The first moment that no longer counts."),
    ] = None,
) -> Span:
    """The dependency ``span``.

    Raises:
        Problem: a time has no offset, or the end is not after the start.
    """
    start, end = _utc("from", starts_at), _utc("to", ends_at)
    if start and end and end <= start:
        raise Problem.of_field("to", "must be after from")
    return Span(start, end)


def _utc(name: str, moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    if moment.utcoffset() is None:
        raise Problem.invalid(FieldFault(name, "a time needs an offset, such as Z or +02:00"))
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Problem.of_field(name, "a time outside the years 1 to 9999 in UTC") from error
