"""Times as stations write them, read as far as their meaning is beyond doubt.

The order year, month, day is taken for granted; a notation that may mean day and month as well as
month and day is not read.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

__all__ = ["EPOCH", "Reading", "read_number", "read_text"]

EPOCH = "1970-01-01T00:00:00Z"
"""Stands for a time that is not known, as it does in stations that have lost their clock."""

TEXT_LENGTH_MAX = 64
OFFSET_MAX = timedelta(hours=24)

_EXTENDED = re.compile(
    r"(?P<year>\d{4}|\d{2})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})"
    r"(?:[T_ ]+(?P<hour>\d{1,2}):(?P<minute>\d{1,2})"
    r"(?::(?P<second>\d{1,2})(?:[.,:](?P<fraction>\d*))?)?)?"
    r" *(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[-+]\d{1,2}(?::?\d{2})?Z?)?",
    re.ASCII | re.IGNORECASE,
)
_BASIC = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    r"[T ]?(?P<hour>\d\d)(?P<minute>\d\d)(?:(?P<second>\d\d)(?:[.,](?P<fraction>\d*))?)?"
    r" *(?P<zone>Z|[-+]\d\d(?::?\d\d)?)",
    re.ASCII | re.IGNORECASE,
)
_OFFSET = re.compile(r"([-+])(\d{1,2}):?(\d{2})?", re.ASCII)

# The years 2001 to 2286 in seconds, 2001 to 2286 in milliseconds.
_SECONDS = range(10**9, 10**10)
_MILLISECONDS = range(10**12, 10**13)

Reading = tuple[str, str]
"""The name of the repair, and the time as RFC 3339 in UTC."""


def read_text(text: str, zone: tzinfo) -> Reading | None:
    """The time that a text stands for; ``zone`` is for those that name none."""
    if len(text) > TEXT_LENGTH_MAX:
        return None
    text = text.strip()
    found = _EXTENDED.fullmatch(text) or _BASIC.fullmatch(text)
    if found is None:
        return read_number(int(text)) if text.isascii() and text.isdigit() else None
    time = _time(found.groupdict())
    offset = _offset(found["zone"], zone)
    if time is None or offset is None:
        return None
    name = "date-spelling"
    if not found["zone"]:
        name = "date-without-zone"
    elif found["hour"] == "24" or found["second"] == "60":
        name = "date-rollover"
    return _reading(name, time.replace(tzinfo=offset))


def read_number(number: float) -> Reading | None:
    """The time that a count since 1970 stands for."""
    whole = int(number) if abs(number) < 10**14 else 0
    for range_, units_per_s in ((_SECONDS, 1), (_MILLISECONDS, 1000)):
        if whole in range_:
            since = timedelta(milliseconds=number * 1000 / units_per_s)
            return _reading("date-number", datetime(1970, 1, 1, tzinfo=UTC) + since)
    return None


def _time(parts: dict[str, str | None]) -> datetime | None:
    year, month, day = (int(parts[name] or 0) for name in ("year", "month", "day"))
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    year += 2000 if len(parts["year"] or "") == 2 else 0
    extra = timedelta()
    if (hour, minute, second) == (24, 0, 0):
        hour, extra = 0, timedelta(days=1)
    elif second == 60:
        second, extra = 59, timedelta(seconds=1)
    microsecond = int((parts["fraction"] or "").ljust(6, "0")[:6])
    try:
        # The zone comes later, in read_text.
        naive = datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001
        return naive + extra
    except (ValueError, OverflowError):
        return None


def _offset(text: str | None, zone: tzinfo) -> tzinfo | None:
    if not text:
        return zone
    found = _OFFSET.search(text)
    if found is None:
        return UTC
    minutes = int(found[3] or 0)
    offset = timedelta(hours=int(found[2]), minutes=minutes)
    if minutes > 59 or offset >= OFFSET_MAX:
        return None
    return timezone(-offset if found[1] == "-" else offset)


def _reading(name: str, time: datetime) -> Reading | None:
    try:
        return name, time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:  # the first or last day that a datetime can hold
        return None
