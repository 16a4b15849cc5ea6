"""Remarks: what was odd about a session, in plain words, with the messages it concerns.

A kind with ``repairs`` true means that a figure of the session was worked out, corrected or chosen,
and is not simply what the station said: a session that has ended with one of these is "repaired".
The other kinds are worth knowing and change nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

__all__ = ["Finding", "Remark", "RemarkKind", "remarks_of"]


class RemarkKind(StrEnum):
    """One kind of oddity. ``reason`` is its sentence."""

    # About the messages of the transaction.
    STARTED_MISSING = "started_missing"
    SUPERSEDED = "superseded"
    OVERLAPS_NEXT = "overlaps_next"
    SEQUENCE_GAP = "sequence_gap"
    CONTRADICTION = "contradiction"
    STARTED_AGAIN = "started_again"
    ENDED_AGAIN = "ended_again"
    AFTER_END = "after_end"
    ENDED_LATE = "ended_late"
    OFFLINE = "offline"
    ADOPTED = "adopted"
    ORPHAN = "orphan"
    TOKEN_CUT = "token_cut"
    TOKEN_UNKNOWN = "token_unknown"
    # About clocks.
    TIME_REPLACED = "time_replaced"
    CLOCK_JUMPED = "clock_jumped"
    # About the meter.
    METER_MISSING = "meter_missing"
    METER_START_MISSING = "meter_start_missing"
    METER_STOP_MISSING = "meter_stop_missing"
    METER_START_REPLACED = "meter_start_replaced"
    READING_UNREADABLE = "reading_unreadable"
    READING_IMPLAUSIBLE = "reading_implausible"
    UNIT_CORRECTED = "unit_corrected"
    REGISTER_RELATIVE = "register_relative"
    REGISTERS_DISAGREE = "registers_disagree"
    ROLLED_OVER = "rolled_over"
    METER_RESET = "meter_reset"
    METER_BACKWARDS = "meter_backwards"
    INTERVALS_SUMMED = "intervals_summed"

    @property
    def reason(self) -> str:
        return _TABLE[self].reason

    @property
    def repairs(self) -> bool:
        return _TABLE[self].repairs


class _Row(NamedTuple):
    repairs: bool
    reason: str


_NOTE: Final = False
_REPAIR: Final = True
_K = RemarkKind
_TABLE: Final = {
    _K.STARTED_MISSING: _Row(
        _REPAIR, "The start was never received; the session begins with its first message."
    ),
    _K.SUPERSEDED: _Row(
        _REPAIR, "No end was received before the next transaction started on the same EVSE."
    ),
    _K.OVERLAPS_NEXT: _Row(
        _REPAIR,
        "The end was reported for a time after the next start on the same EVSE; "
        "the session ends where the next one starts.",
    ),
    _K.SEQUENCE_GAP: _Row(
        _NOTE, "Sequence numbers are missing; messages may still be on their way."
    ),
    _K.CONTRADICTION: _Row(
        _REPAIR,
        "The same message came with different content; the first received counts, all are kept.",
    ),
    _K.STARTED_AGAIN: _Row(
        _REPAIR, "The transaction was started more than once; the first counts."
    ),
    _K.ENDED_AGAIN: _Row(_REPAIR, "The transaction was ended more than once; the first counts."),
    _K.AFTER_END: _Row(
        _NOTE, "Messages came for a time after the end; they do not reopen the session."
    ),
    _K.ENDED_LATE: _Row(
        _NOTE, "The end was reported more than a day after the last sign of charging."
    ),
    _K.OFFLINE: _Row(_NOTE, "The station was offline and sent these messages later."),
    _K.ADOPTED: _Row(
        _REPAIR,
        "The station did not know the transaction id; "
        "the messages were matched by EVSE, id token and time.",
    ),
    _K.ORPHAN: _Row(
        _REPAIR, "The messages name no known transaction and fit to none; they stand alone."
    ),
    _K.TOKEN_CUT: _Row(
        _REPAIR, "Only the beginning of the id token is known; check before billing."
    ),
    _K.TOKEN_UNKNOWN: _Row(_REPAIR, "The start came without an id token; nobody is charged."),
    _K.TIME_REPLACED: _Row(
        _REPAIR, "The station reported a time that cannot be; the time of arrival is used."
    ),
    _K.CLOCK_JUMPED: _Row(
        _REPAIR,
        "The station's clock jumped during the session; "
        "the messages are ordered by number or arrival.",
    ),
    _K.METER_MISSING: _Row(_REPAIR, "There is no usable meter value; the energy is unknown."),
    _K.METER_START_MISSING: _Row(
        _NOTE, "The start came without a meter value; the first meter value is used."
    ),
    _K.METER_STOP_MISSING: _Row(
        _REPAIR, "The end came without a meter value; the last meter value is used."
    ),
    _K.METER_START_REPLACED: _Row(
        _REPAIR,
        "The meter value of the start is of another register than the others; "
        "the first of these is used.",
    ),
    _K.READING_UNREADABLE: _Row(_NOTE, 'A meter value says "not known" and is left out.'),
    _K.READING_IMPLAUSIBLE: _Row(
        _REPAIR, "A meter value is higher than any charger could deliver by then, and is left out."
    ),
    _K.UNIT_CORRECTED: _Row(_REPAIR, "Kilowatt-hours were labelled watt-hours; corrected."),
    _K.REGISTER_RELATIVE: _Row(
        _REPAIR,
        "Meter values count from the start of the session, the start does not; "
        "the start's value was added.",
    ),
    _K.REGISTERS_DISAGREE: _Row(
        _REPAIR,
        "Start and end show the same meter value, but the values between them rise; "
        "these are used.",
    ),
    _K.ROLLED_OVER: _Row(_REPAIR, "The register reached its last digit and began again at zero."),
    _K.METER_RESET: _Row(
        _REPAIR,
        "The register fell back and counted on from there; both parts are added. "
        "What flowed between the two readings is counted from zero.",
    ),
    _K.METER_BACKWARDS: _Row(
        _REPAIR, "The register went backwards; the highest value before it counts."
    ),
    _K.INTERVALS_SUMMED: _Row(
        _REPAIR, "The station has sent no register; the energy is the sum of its intervals."
    ),
}


class Finding(NamedTuple):
    """A kind and the frames it was found in, while a session is being folded."""

    kind: RemarkKind
    frame_ids: tuple[str, ...] = ()


class Remark(Struct, frozen=True, order=True):
    """One oddity of a session, for people."""

    kind: RemarkKind
    reason: str
    frame_ids: tuple[str, ...] = ()


def remarks_of(findings: list[Finding]) -> tuple[Remark, ...]:
    """One remark per kind with all its frames, in a fixed order."""
    frames: dict[RemarkKind, set[str]] = {}
    for kind, frame_ids in findings:
        frames.setdefault(kind, set()).update(frame_ids)
    return tuple(Remark(kind, kind.reason, tuple(sorted(frames[kind]))) for kind in sorted(frames))
