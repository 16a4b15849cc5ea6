"""The fold: all sessions of a set of entries."""

from __future__ import annotations

from collections.abc import Iterable

from chargeplane.domain.ledger.adoption import Turns
from chargeplane.domain.ledger.entry import LedgerEntry
from chargeplane.domain.ledger.messages import Message, messages_of
from chargeplane.domain.ledger.session import Session
from chargeplane.domain.ledger.settling import session_of
from chargeplane.domain.ledger.threads import loose_of, threads_of

__all__ = ["fold", "fold_transaction", "scope"]


def fold(entries: Iterable[LedgerEntry]) -> tuple[Session, ...]:
    """The sessions of the entries, ordered by tenant, station, start and key.

    Only the set of entries matters. Every entry is in exactly one session.
    """
    stations: dict[tuple[str, str], list[LedgerEntry]] = {}
    for entry in entries:
        stations.setdefault((entry.tenant_id, entry.station_id), []).append(entry)
    sessions: list[Session] = []
    for those in stations.values():
        sessions += _sessions(messages_of(those))
    sessions.sort(key=lambda each: (each.tenant_id, each.station_id, each.started_at, each.key))
    return tuple(sessions)


def fold_transaction(entries: Iterable[LedgerEntry], key: str) -> Session | None:
    """One session of one station, from all its entries or from its ``scope`` alone."""
    return next((each for each in fold(scope(entries, key)) if each.key == key), None)


def scope(entries: Iterable[LedgerEntry], key: str) -> list[LedgerEntry]:
    """The entries of one station that decide about the session ``key``.

    They are the session's own, and of the others the starts, the ends and all that has no start or
    no end. The meter values of other transactions that are over, nearly everything, decide nothing.
    A store that selects these rows need not read the rest.
    """
    messages = messages_of(entries)
    wanted: set[str] = set()
    for thread in threads_of(messages):
        if thread.key == key or not (thread.starts and thread.ends):
            wanted.update(message.frame_id for message in thread.messages)
    wanted.update(message.frame_id for unit in loose_of(messages) for message in unit)
    return [
        copy
        for message in messages
        if message.is_start or message.is_end or message.frame_id in wanted
        for copy in message.copies
    ]


def _sessions(messages: list[Message]) -> list[Session]:
    threads = threads_of(messages)
    turns = Turns(threads)
    sessions = []
    for thread in threads:
        next_thread = turns.after(thread)
        following = next_thread.starts[0] if next_thread else None
        alone = following is None or turns.runs_alone(thread, following)
        sessions.append(session_of(thread, following, alone=alone))
    return sessions
