"""Tokens that a station knows about: those it was given in a list, and those it remembers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct, structs

from chargeplane.domain.tokens import IdToken
from chargeplane.station.memory import Memory

__all__ = ["ACCEPTED", "Known", "LocalList", "TokenCache", "key_of"]

CACHED_MAX = 500
"""Tokens in the cache; the one that was used longest ago goes first."""
LISTED_MAX = 1_000
"""Tokens in the local list, as LocalAuthListCtrlr.Entries says."""
ACCEPTED = "Accepted"
EXPIRED = "Expired"
_CARD = "iso14443"


class Known(Struct, frozen=True, omit_defaults=True):
    """What is known of a token."""

    token: IdToken
    status: str
    """The word of the family."""
    group_id: str | None = None
    expires_at: datetime | None = None
    evse_ids: tuple[int, ...] = ()
    """Where alone it may charge; empty: everywhere."""
    tariff: str = ""
    """Of its driver, as JSON (2.1 I08.FR.05); empty: none."""
    used: int = 0
    """In a cache: a number that grows with each use."""
    used_at: datetime | None = None

    def at(self, now: datetime) -> Known:
        """As it counts at a time: what has expired is not accepted any more."""
        if self.expires_at is not None and now >= self.expires_at and self.status == ACCEPTED:
            return structs.replace(self, status=EXPIRED)
        return self


def key_of(token: IdToken) -> str:
    """What look-ups compare: value and type. A token of no type is a card."""
    return f"{token.key}/{token.type.casefold() or _CARD}"


class LocalList:
    """The local authorization list (D01, D02; 1.6 section 3.5.2), kept in the memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._known = memory.take_all("local list", Known)
        self.version = memory.take("station", "local list version", int) or 0
        """0: there is none."""

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Known]:
        return iter(self._known.values())

    def find(self, token: IdToken) -> Known | None:
        """What the list says of a token."""
        return self._known.get(key_of(token))

    def replace(self, version: int, entries: dict[str, Known]) -> None:
        """Have this list from now on. The caller has checked its length."""
        for key in self._known.keys() - entries.keys():
            self._memory.drop("local list", key)
        for key, known in entries.items():
            if self._known.get(key) != known:
                self._memory.put("local list", key, known)
        self._known, self.version = dict(entries), version
        self._memory.put("station", "local list version", version)

    def entries(self) -> dict[str, Known]:
        """A copy, by key."""
        return dict(self._known)


class TokenCache:
    """The authorization cache (C10; 1.6 section 3.5.1), kept in the memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        recalled = memory.take_all("token cache", Known).items()
        self._known = dict(sorted(recalled, key=lambda each: each[1].used))
        self._uses = max((each.used for each in self._known.values()), default=0)

    def __len__(self) -> int:
        return len(self._known)

    def find(self, token: IdToken, now: datetime, lifetime_s: float) -> Known | None:
        """What is remembered of a token; it counts as a use.

        Args:
            token: that was presented.
            now: the station's clock.
            lifetime_s: how long an unused entry is remembered; 0: for ever (C10.FR.08).
        """
        known = self._known.get(key_of(token))
        if known is None:
            return None
        limited = lifetime_s > 0 and known.expires_at is None and known.used_at is not None
        if limited and known.used_at and (now - known.used_at).total_seconds() > lifetime_s:
            self._drop(key_of(token))
            return None
        self.remember(known, now)
        return known

    def tariff_of(self, token: IdToken) -> str:
        """The tariff that is remembered of a token; it counts as no use."""
        known = self._known.get(key_of(token))
        return known.tariff if known else ""

    def remember(self, known: Known, now: datetime) -> None:
        """Note the newest of a token (C10.FR.04, C10.FR.05), whatever its status (C10.FR.01)."""
        key = key_of(known.token)
        self._known.pop(key, None)
        self._uses += 1
        noted = structs.replace(known, used=self._uses, used_at=now)
        self._known[key] = noted
        self._memory.put("token cache", key, noted)
        if len(self._known) > CACHED_MAX:  # C10.FR.07
            self._drop(next(iter(self._known)))

    def clear(self) -> None:
        """Forget all."""
        for key in list(self._known):
            self._drop(key)

    def _drop(self, key: str) -> None:
        del self._known[key]
        self._memory.drop("token cache", key)
