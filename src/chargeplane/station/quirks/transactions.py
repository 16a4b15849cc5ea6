"""Quirks of transactions that need a memory: what is swallowed, repeated or told too late."""

from __future__ import annotations

from itertools import count
from typing import Any

from chargeplane.station.quirks.frames import Frame, Rule, Said, as_is, is_call, line

__all__ = [
    "delayed_start_1x",
    "delayed_start_2x",
    "missing_started",
    "repeated_seq_no",
    "twice",
]

_MADE_UP: dict[str, dict[str, Any]] = {
    "TransactionEvent": {},
    "StartTransaction": {"transactionId": 0, "idTagInfo": {"status": "Accepted"}},
}


def _heard(frame: Frame) -> list[str]:
    """The answer that the station believes it got."""
    return [line([3, frame[1], _MADE_UP[frame[2]]])]


def _is_event(frame: Frame, kind: str) -> bool:
    return is_call(frame, "TransactionEvent") and frame[3].get("eventType") == kind


def missing_started() -> Rule:
    """The first event of each transaction is never sent."""

    def rule(frame: Frame) -> Said:
        return Said([], _heard(frame)) if _is_event(frame, "Started") else as_is(frame)

    return rule


def delayed_start_1x() -> Rule:
    """StartTransaction goes out after the StopTransaction, which so has no transaction id."""
    held: list[Frame] = []

    def rule(frame: Frame) -> Said:
        if is_call(frame, "StartTransaction"):
            held.append(frame)
            return Said([], _heard(frame))
        said = as_is(frame)
        if is_call(frame, "StopTransaction") and held:
            said.send.append(line(held.pop(0)))
        return said

    return rule


def delayed_start_2x() -> Rule:
    """The first event of a transaction goes out after the last."""
    held: dict[str, Frame] = {}

    def rule(frame: Frame) -> Said:
        if _is_event(frame, "Started"):
            held[frame[3]["transactionInfo"]["transactionId"]] = frame
            return Said([], _heard(frame))
        said = as_is(frame)
        if _is_event(frame, "Ended"):
            start = held.pop(frame[3]["transactionInfo"]["transactionId"], None)
            if start is not None:
                said.send.append(line(start))
        return said

    return rule


def repeated_seq_no() -> Rule:
    """The first and the last event both say 0."""

    def rule(frame: Frame) -> Said:
        if _is_event(frame, "Ended"):
            frame[3]["seqNo"] = 0
        return as_is(frame)

    return rule


def twice(*actions: str) -> Rule:
    """Each request of these actions is sent a second time, under another id."""
    number = count(1)

    def rule(frame: Frame) -> Said:
        if not is_call(frame, *actions):
            return as_is(frame)
        again = [2, f"again-{next(number)}-{frame[1]}"[:36], *frame[2:]]
        return Said([line(frame), line(again)])

    return rule
