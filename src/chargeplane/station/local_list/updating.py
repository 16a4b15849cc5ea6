"""The rules of an update, the same for both families."""

from __future__ import annotations

from collections.abc import Sequence

from chargeplane.domain.tokens import IdToken
from chargeplane.station.hub import Hub
from chargeplane.station.known_tokens import LISTED_MAX, Known, key_of

__all__ = ["FAILED", "MISMATCH", "is_enabled", "update"]

ACCEPTED, FAILED, MISMATCH = "Accepted", "Failed", "VersionMismatch"

Change = tuple[IdToken, Known | None]
"""A token, and what is known of it; None: it leaves the list."""


def is_enabled(hub: Hub) -> bool:
    """Whether there is a list at all (D01.FR.13)."""
    return hub.variables.flag("LocalAuthListCtrlr", "Enabled")


def update(hub: Hub, version: int, changes: Sequence[Change], *, whole: bool) -> str:
    """Change the list, or leave it as it is; the status to answer, a word of both families.

    Args:
        hub: the station.
        version: of the list afterwards.
        changes: the tokens.
        whole: whether they are the whole list (D01.FR.15) or changes of it (D01.FR.16, FR.17).
    """
    if version <= 0:  # D01.FR.18
        return FAILED
    if not whole and version <= hub.local_list.version:  # D01.FR.19
        return MISMATCH
    keys = [key_of(token) for token, _ in changes]
    if len(set(keys)) < len(keys):  # D01.FR.06
        return FAILED
    entries = {} if whole else hub.local_list.entries()
    for key, (_, known) in zip(keys, changes, strict=True):
        if known is not None:
            entries[key] = known
        elif whole:
            return FAILED  # a list of tokens of which nothing is said
        else:
            entries.pop(key, None)
    if len(entries) > LISTED_MAX:
        return FAILED
    hub.local_list.replace(version, entries)
    return ACCEPTED
