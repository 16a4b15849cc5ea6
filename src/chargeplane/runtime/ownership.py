"""Who speaks for a station: at most one connection per identity, whatever the network does.

A station that lost its network dials again while its old socket still looks alive; an attacker who
knows the identity dials too. The rules (the standard has none):

* A connection comes here after it has authenticated, never before.
* Nobody owns the identity: the newcomer does, under a new epoch.
* Somebody does: the owner is pinged. If it is silent until ``challenge_timeout_s``, or closes, it
  is fenced and the newcomer takes over. If it answers, the newcomer takes over only with the same
  credential from the same host: that is the station itself, behind a proxy that answers pings for
  it. Any other newcomer is refused, and the owner of the system is told.
* One newcomer waits at a time. A later one takes its place if it has the same credential and host:
  a station in a hurry dials again; another one is refused.
* What is received from, or was meant for, an old epoch counts for nothing, and a late close of an
  old socket changes nothing.

No sockets and no clock: each method takes ``now`` and returns what must be done, in order.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

__all__ = ["Alarm", "Claim", "Close", "Effect", "Grant", "Ownership", "Ping", "Refuse"]

ConnectionId = Hashable


@dataclass(frozen=True, slots=True)
class Claim:
    """A connection that has authenticated as the station."""

    connection: ConnectionId
    host: str
    """The address that it comes from, without the port."""
    credential: str
    """A fingerprint of what it authenticated with; empty where nothing is asked for."""

    def same_station(self, other: Claim) -> bool:
        """Whether both look like one station that dials twice."""
        return (self.host, self.credential) == (other.host, other.credential)


@dataclass(frozen=True, slots=True)
class Grant:
    """This connection owns the identity from now on, under this epoch."""

    connection: ConnectionId
    epoch: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Ping this connection, and report its pong."""

    connection: ConnectionId


@dataclass(frozen=True, slots=True)
class Close:
    """This connection has lost the identity: close it, and end its conversation."""

    connection: ConnectionId
    epoch: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """This connection never owned the identity and will not: close it."""

    connection: ConnectionId
    reason: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Somebody else had the right credentials while the owner was alive."""

    claim: Claim
    owner: Claim


Effect = Grant | Ping | Close | Refuse | Alarm


@dataclass(slots=True)
class _Owner:
    claim: Claim
    epoch: int


@dataclass(slots=True)
class _Newcomer:
    claim: Claim
    deadline: float


@dataclass(slots=True)
class Ownership:
    """The ownership of one identity."""

    challenge_timeout_s: float = 2.0
    epoch: int = 0
    """The last one granted; loaded from the store after a restart, so that it only grows."""
    _owner: _Owner | None = field(default=None, init=False)
    _newcomer: _Newcomer | None = field(default=None, init=False)

    def is_current(self, epoch: int) -> bool:
        """Whether what belongs to ``epoch`` still counts."""
        return self._owner is not None and self._owner.epoch == epoch

    @property
    def owner(self) -> ConnectionId | None:
        """The connection that owns the identity."""
        return self._owner.claim.connection if self._owner else None

    @property
    def idle(self) -> bool:
        """Whether nobody owns the identity or waits for it."""
        return self._owner is None and self._newcomer is None

    @property
    def deadline(self) -> float | None:
        """When ``expire`` must be called, on the clock of ``now``."""
        return self._newcomer.deadline if self._newcomer else None

    def claim(self, claim: Claim, now: float) -> list[Effect]:
        """A connection has authenticated and wants the identity."""
        if self._owner is None:
            return [self._grant(claim)]
        waiting = self._newcomer
        if waiting is not None and not waiting.claim.same_station(claim):
            return [
                Refuse(claim.connection, "another connection is already waiting for the identity"),
                Alarm(claim, waiting.claim),
            ]
        self._newcomer = _Newcomer(claim, now + self.challenge_timeout_s)
        if waiting is not None:
            # The owner has its ping already, and no longer time because somebody dials again.
            self._newcomer.deadline = waiting.deadline
            return [Refuse(waiting.claim.connection, "the station has connected once more")]
        return [Ping(self._owner.claim.connection)]

    def pong(self, connection: ConnectionId) -> list[Effect]:
        """A connection has answered a ping."""
        owner, newcomer = self._owner, self._newcomer
        if owner is None or newcomer is None or owner.claim.connection != connection:
            return []
        if newcomer.claim.same_station(owner.claim):
            return self._take_over()
        self._newcomer = None
        reason = "the station is connected from elsewhere, and alive"
        return [
            Refuse(newcomer.claim.connection, reason),
            Alarm(newcomer.claim, owner.claim),
        ]

    def closed(self, connection: ConnectionId) -> list[Effect]:
        """A connection has ended, by itself or because it was closed."""
        newcomer = self._newcomer
        if newcomer is not None and newcomer.claim.connection == connection:
            self._newcomer = None
        elif self._owner is not None and self._owner.claim.connection == connection:
            self._owner = None
            if newcomer is not None:
                self._newcomer = None
                return [self._grant(newcomer.claim)]
        return []

    def expire(self, now: float) -> list[Effect]:
        """The owner has had its time to answer."""
        if self._newcomer is None or now < self._newcomer.deadline:
            return []
        return self._take_over()

    def _take_over(self) -> list[Effect]:
        owner, newcomer = self._owner, self._newcomer
        assert owner is not None
        assert newcomer is not None
        self._newcomer = None
        return [Close(owner.claim.connection, owner.epoch), self._grant(newcomer.claim)]

    def _grant(self, claim: Claim) -> Grant:
        self.epoch += 1
        self._owner = _Owner(claim, self.epoch)
        return Grant(claim.connection, self.epoch)
