"""From one thread of messages to one session: when it was, whose it was, how much it took."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from msgspec.structs import replace

from chargeplane.domain.ledger.measuring import Account, account, behaves, by_power
from chargeplane.domain.ledger.messages import Message, Thread
from chargeplane.domain.ledger.registers import (
    Point,
    Role,
    interval_wh_of,
    points_of,
    power_w_of,
    readings_of,
    says_nothing,
)
from chargeplane.domain.ledger.remarks import Finding, RemarkKind, remarks_of
from chargeplane.domain.ledger.session import Session
from chargeplane.domain.tokens import IdToken
from chargeplane.domain.transactions import SessionState

__all__ = ["ENDED_LATE_S", "is_late_end", "oddities_of_token", "session_of"]

# An end so long after the last sign of charging deserves a look.
ENDED_LATE_S: Final = 86_400
_ENDED_LATE = timedelta(seconds=ENDED_LATE_S)
_ZERO: Final = Decimal(0)


class _Metered(NamedTuple):
    energy_wh: Decimal
    start_wh: Decimal | None
    stop_wh: Decimal | None
    # True if the next start on the EVSE showed that the meter had moved on until then.
    until_next: bool


def session_of(thread: Thread, following: Message | None, *, alone: bool) -> Session:
    """The session of a thread; ``following`` is the next start on the same EVSE.

    ``alone`` is false if others may have charged between the two: the meter of the next start would
    show their energy as well.
    """
    findings = _oddities(thread)
    end = thread.ends[0] if thread.ends else None
    is_over = end is not None or following is not None
    metered = _metered(thread, following, findings, alone=alone)
    started_at = thread.first.at
    ended_at = _ended_at(thread, following, metered, findings) if is_over else None
    token = _token(thread, findings)
    remarks = remarks_of(findings)
    state = SessionState.ACTIVE
    if is_over:
        repaired = any(each.kind.repairs for each in remarks)
        state = SessionState.REPAIRED if repaired else SessionState.ENDED
    entries = [copy for message in thread.messages for copy in message.copies]
    return Session(
        tenant_id=entries[0].tenant_id,
        station_id=entries[0].station_id,
        key=thread.key,
        family=thread.family,
        wire_id=_wire_id(thread),
        evse=thread.evse,
        id_token=token,
        state=state,
        started_at=started_at,
        ended_at=ended_at,
        meter_start_wh=metered.start_wh,
        meter_stop_wh=metered.stop_wh if is_over else None,
        energy_wh=metered.energy_wh,
        stop_reason=end.entry.stop_reason if end else None,
        is_complete=bool(thread.starts and thread.ends) and not _gaps(thread),
        is_orphan=thread.orphan,
        remarks=remarks,
        frame_ids=tuple(sorted(each.frame_id for each in entries)),
        repeats=len(entries) - len(thread.messages),
    )


def _oddities(thread: Thread) -> list[Finding]:
    """What the messages show by themselves."""
    kinds = {
        RemarkKind.ORPHAN: thread.messages if thread.orphan else [],
        RemarkKind.STARTED_MISSING: ([] if thread.starts or thread.orphan else [thread.first]),
        RemarkKind.ADOPTED: thread.adopted,
        RemarkKind.CONTRADICTION: _contradictions(thread),
        RemarkKind.STARTED_AGAIN: _several(thread.starts),
        RemarkKind.ENDED_AGAIN: _several(thread.ends),
        RemarkKind.SEQUENCE_GAP: _gaps(thread),
        RemarkKind.AFTER_END: _after_end(thread),
        RemarkKind.OFFLINE: [each for each in thread.messages if each.entry.offline],
        RemarkKind.TIME_REPLACED: [each for each in thread.messages if not each.by_station],
        RemarkKind.READING_UNREADABLE: [m for m in thread.messages if says_nothing(m.entry)],
    }
    return [
        Finding(kind, tuple(each.frame_id for each in messages))
        for kind, messages in kinds.items()
        if messages
    ]


def _contradictions(thread: Thread) -> list[Message]:
    """Messages with one key and different content."""
    rows: dict[str, list[Message]] = {}
    for message in thread.messages:
        rows.setdefault(message.entry.key, []).append(message)
    return [message for row in rows.values() if len(row) > 1 for message in row]


def _several(messages: list[Message]) -> list[Message]:
    """All starts, or all ends, if they are more than one by their keys."""
    return messages if len({each.entry.key for each in messages}) > 1 else []


def _gaps(thread: Thread) -> list[Message]:
    """The messages behind a gap in the sequence numbers. The first number need not be 0."""
    if thread.family != 2:
        return []
    numbered = [each for each in thread.messages if each.entry.seq_no is not None]
    numbered.sort(key=lambda each: each.by_number)
    return [b for a, b in pairwise(numbered) if (b.entry.seq_no or 0) - (a.entry.seq_no or 0) > 1]


def _after_end(thread: Thread) -> list[Message]:
    """What came for a time after the end: by number in 2.x, by the clock in 1.x."""
    if not thread.ends:
        return []
    end = thread.ends[0]
    if thread.family == 2 and end.entry.seq_no is not None:
        late = (m for m in thread.messages if (m.entry.seq_no or 0) > (end.entry.seq_no or 0))
    else:
        late = (m for m in thread.messages if m.at > end.at)
    return [each for each in late if not each.is_start and not each.is_end]


def _metered(
    thread: Thread, following: Message | None, findings: list[Finding], *, alone: bool
) -> _Metered:
    """The energy, with what had to be assumed to find it."""
    points = _points(thread)
    has_end = any(each.role is Role.END for each in points)
    points, until_next = _closed_by_next(thread, points, following if alone else None)
    if not points:
        return _without_register(thread, following, findings)
    if thread.starts and points[0].role is not Role.BEGIN:
        findings.append(Finding(RemarkKind.METER_START_MISSING, (thread.first.frame_id,)))
    if thread.ends and not has_end:
        findings.append(Finding(RemarkKind.METER_STOP_MISSING, (thread.ends[0].frame_id,)))
    power_w = [each for message in thread.messages for each in power_w_of(message.entry)]
    found: Account = by_power(account(points), power_w)
    findings += found.findings
    return _Metered(found.energy_wh, found.start_wh, found.stop_wh, until_next)


def _points(thread: Thread) -> list[Point]:
    """The points of the messages that count."""
    start = _with_reading(thread.starts)
    end = _with_reading(thread.ends)
    idle = [
        each for each in (*thread.starts, *thread.ends) if each is not start and each is not end
    ]
    if end is not None:
        idle += _after_end(thread)
    if idle:
        ids = {id(each) for each in idle}
        return points_of([each for each in thread.messages if id(each) not in ids], start, end)
    return points_of(thread.messages, start, end)


def _with_reading(messages: list[Message]) -> Message | None:
    """The first of several starts or ends that shows the meter."""
    return next((each for each in messages if readings_of(each.entry)), None)


def _closed_by_next(
    thread: Thread, points: list[Point], following: Message | None
) -> tuple[list[Point], bool]:
    """End the points with the meter value of the next start, where that shows more than we know.

    That is so if there is no end, or if the end was reported for a time after the next start and so
    may contain the next transaction's energy.
    """
    if following is None or (thread.ends and thread.ends[0].at <= following.at):
        return points, False
    own = [each for each in points if each.role is not Role.END]
    reading = _with_reading([following])
    if not own or reading is None:
        return points, False
    last = max(points_of([reading], reading, None), key=lambda each: each.role is Role.BEGIN)
    last = replace(last, role=Role.END)
    if not behaves([own[-1], last]):
        return points, False
    if len(own) < len(points) and points[-1].value_wh <= last.value_wh:
        return points, False
    return [*own, last], last.value_wh > own[-1].value_wh


def _without_register(
    thread: Thread, following: Message | None, findings: list[Finding]
) -> _Metered:
    """A session whose station sends intervals, or nothing usable."""
    interval_wh = interval_wh_of(thread.messages)
    if interval_wh is not None:
        findings.append(Finding(RemarkKind.INTERVALS_SUMMED))
        return _Metered(interval_wh, None, None, False)
    if thread.ends or following is not None:
        findings.append(Finding(RemarkKind.METER_MISSING))
    return _Metered(_ZERO, None, None, False)


def _ended_at(
    thread: Thread, following: Message | None, metered: _Metered, findings: list[Finding]
) -> datetime:
    """When a session that is over was over."""
    started_at = thread.first.at
    last_at = max(each.at for each in thread.messages if not each.is_end or each is thread.first)
    if not thread.ends:
        if following is None:
            return last_at
        findings.append(Finding(RemarkKind.SUPERSEDED, (following.frame_id,)))
        return following.at if metered.until_next else min(last_at, following.at)
    end = thread.ends[0]
    if following is not None and end.at > following.at:
        findings.append(Finding(RemarkKind.OVERLAPS_NEXT, (end.frame_id, following.frame_id)))
        return following.at
    if end.at < started_at:
        frames = (thread.first.frame_id, end.frame_id)
        findings.append(Finding(RemarkKind.CLOCK_JUMPED, frames))
        return max(started_at, end.entry.received_at)
    if is_late_end(end.at, last_at):
        findings.append(Finding(RemarkKind.ENDED_LATE, (end.frame_id,)))
    return end.at


def is_late_end(end_at: datetime, last_at: datetime) -> bool:
    """True if the end was reported long after the last other message."""
    return end_at - last_at > _ENDED_LATE


def _token(thread: Thread, findings: list[Finding]) -> IdToken | None:
    """Whose it is: what the start says, else the first message that says it."""
    ordered = sorted(thread.messages, key=lambda each: each.by_number)
    ordered = [*thread.starts, *(each for each in ordered if not each.is_start)]
    tokens = [(m.entry.id_token, m.frame_id) for m in ordered if m.entry.id_token is not None]
    if not tokens:
        return None
    token, frame_id = tokens[0]
    findings += [Finding(kind, (frame_id,)) for kind in oddities_of_token(token)]
    return token


def oddities_of_token(token: IdToken) -> list[RemarkKind]:
    """Why nobody can be charged for what was started with this token."""
    oddities = []
    if token.is_cut:
        oddities.append(RemarkKind.TOKEN_CUT)
    if not token.is_known:
        oddities.append(RemarkKind.TOKEN_UNKNOWN)
    return oddities


def _wire_id(thread: Thread) -> str | None:
    """The transaction id of the wire: that of the thread's name, if it has one."""
    ids = {copy.known_id for message in thread.messages for copy in message.copies}
    name = thread.key.removeprefix(f"{thread.family}:")
    return name if name in ids else None
