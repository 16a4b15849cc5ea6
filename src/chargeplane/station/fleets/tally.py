"""What a fleet did, counted while it happens: totals, and what went wrong, by kind.

    tally = Tally()
    fleet = Fleet(members, url=..., tokens=..., made=tally.follow)

A kind of error is what a person would mend in one go; each keeps one example.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from chargeplane.station.signals import (
    Disconnected,
    MessageDropped,
    NotReached,
    Online,
    Registered,
    TokenDecided,
    TransactionEnded,
    TransactionStarted,
)
from chargeplane.station.signals.traffic import (
    CommandAnswered,
    FrameMalformed,
    RequestEnded,
    RequestEnding,
)
from chargeplane.station.station import Station

__all__ = ["Fault", "Tally"]

KINDS_MAX = 100
"""Kinds of errors that are told apart; those beyond count as one."""
EXAMPLE_CHARS_MAX = 300
_OTHER = "other errors"

# A shared token that charges elsewhere, and a station that has to decide alone, are no errors of
# their own.
_HARMLESS = frozenset({"ConcurrentTx", "offline"})
# A lost connection is told as such, and not once more for each request that it took along.
_NO_FAULT_OF_ITS_OWN = frozenset({RequestEnding.ANSWERED, RequestEnding.LOST})


@dataclass(slots=True)
class Fault:
    """One kind of error."""

    kind: str
    example: str
    """The first one: the station, and what was said."""
    count: int = 1


class Tally:
    """Counts. Times and money are not its business."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.online_most = 0
        """The most stations that were in service at once."""
        self.boots = 0
        """BootNotifications that were accepted."""
        self.reconnects = 0
        """How often a station came into service again."""
        self.started = 0
        """Transactions."""
        self.ended = 0
        self.energy_wh = 0
        """Of the transactions that have ended."""
        self.answers: Counter[str] = Counter()
        """Requests of the stations, by how they ended."""
        self.commands: Counter[str] = Counter()
        """Requests of the central system, by how they were answered."""
        self.tokens: Counter[str] = Counter()
        """Tokens that were presented, by what was said to them."""
        self._faults: dict[str, Fault] = {}
        self._online: set[str] = set()
        self._seen: set[str] = set()

    @property
    def online(self) -> int:
        """Stations in service now."""
        return len(self._online)

    @property
    def messages(self) -> int:
        """Requests of both sides that are over."""
        return self.answers.total() + self.commands.total()

    @property
    def faults(self) -> list[Fault]:
        """What went wrong, the most frequent kind first."""
        return sorted(self._faults.values(), key=lambda each: -each.count)

    def never_online(self, identity: str) -> bool:
        """Whether a station was never in service."""
        return identity not in self._seen

    def follow(self, station: Station) -> None:
        """Count what this station does from now on."""
        who = station.identity
        station.hears(Online, lambda _: self._on_online(who))
        station.hears(Disconnected, lambda signal: self._on_disconnected(who, signal))
        station.hears(NotReached, lambda signal: self._on_not_reached(who, signal))
        station.hears(Registered, lambda signal: self._on_registered(who, signal))
        station.hears(TokenDecided, lambda signal: self._on_token(who, signal))
        station.hears(TransactionStarted, self._on_started)
        station.hears(TransactionEnded, self._on_ended)
        station.hears(MessageDropped, lambda each: self.note("message given up", who, each.action))
        station.hears(RequestEnded, lambda signal: self._on_request(who, signal))
        station.hears(CommandAnswered, self._on_command)
        station.hears(
            FrameMalformed, lambda each: self.note(f"malformed frame: {each.code}", who, each.text)
        )

    def note(self, kind: str, who: str, text: str) -> None:
        """Count an error.

        Args:
            kind: what the error is, without the words that differ from station to station.
            who: the station.
            text: what was said.
        """
        if kind not in self._faults and len(self._faults) >= KINDS_MAX:
            kind = _OTHER
        found = self._faults.get(kind)
        if found is None:
            self._faults[kind] = Fault(kind, f"{who}: {text}"[:EXAMPLE_CHARS_MAX])
        else:
            found.count += 1

    def _on_online(self, who: str) -> None:
        if who in self._seen:
            self.reconnects += 1
        self._seen.add(who)
        self._online.add(who)
        self.online_most = max(self.online_most, len(self._online))

    def _on_not_reached(self, who: str, signal: NotReached) -> None:
        kind = f"refused with {signal.status}" if signal.status else "no connection"
        self.note(kind, who, signal.reason)

    def _on_disconnected(self, who: str, signal: Disconnected) -> None:
        self._online.discard(who)
        if signal.reason:
            self.note("connection lost", who, signal.reason)

    def _on_registered(self, who: str, signal: Registered) -> None:
        if signal.status == "Accepted":
            self.boots += 1
            return
        self._online.discard(who)
        if signal.status == "Rejected":
            self.note("registration rejected", who, f"again in {signal.interval_s} s")

    def _on_token(self, who: str, signal: TokenDecided) -> None:
        self.tokens[signal.status] += 1
        if not signal.accepted and signal.status not in _HARMLESS:
            self.note(f"token refused: {signal.status}", who, signal.token.value)

    def _on_started(self, _: TransactionStarted) -> None:
        self.started += 1

    def _on_ended(self, signal: TransactionEnded) -> None:
        self.ended += 1
        self.energy_wh += signal.energy_wh

    def _on_request(self, who: str, signal: RequestEnded) -> None:
        self.answers[signal.ending.value] += 1
        if signal.ending not in _NO_FAULT_OF_ITS_OWN:
            code = f" ({signal.code})" if signal.code else ""
            kind = f"{signal.action} {signal.ending.value}{code}"
            self.note(kind, who, signal.text or "no more was said")

    def _on_command(self, signal: CommandAnswered) -> None:
        self.commands[signal.code or "answered"] += 1
