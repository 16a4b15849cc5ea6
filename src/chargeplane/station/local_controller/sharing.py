"""Who may take how much, so that all stations together keep the limit of the site (K03, K14.FR.01).

Each EVSE that needs power gets the same. A share below ``least_w`` charges no vehicle, so if there
is not enough for all, those with a higher priority are served (K03.FR.04), and of the same priority
those who came first. The limit holds at every moment, also while
orders are on their way: whoever shall take less is told first, and only what a station has agreed
to give up goes to others. A station that is away keeps what it had.

No sockets and no clock: orders come out of ``due``, what came of them goes into ``settled``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from math import floor

__all__ = ["LEAST_W", "Answer", "Order", "Sharing"]

LEAST_W = 1_380.0
"""6 A on one phase of 230 V: the least that a vehicle can be offered (IEC 61851-1)."""


class Answer(Enum):
    """What came of an order."""

    ACCEPTED = auto()
    REFUSED = auto()
    """The station does not follow us. It gets no more orders until it connects again."""
    NONE = auto()
    """Nobody knows which limit it follows now."""


@dataclass(frozen=True, slots=True)
class Order:
    """Take at most so much; None: our limit is lifted."""

    identity: str
    limit_w: float | None


@dataclass(slots=True)
class _Member:
    is_here: bool = False
    evses: dict[int, int] = field(default_factory=dict)
    """Those that need power, and when each came: a number that goes up."""
    priorities: Mapping[int, int] = field(default_factory=dict)
    bound_w: float | None = None
    """The most that it may take; None: it follows no limit of ours."""
    is_told: bool = True
    """Whether the last order was accepted; True if there was none."""
    ordered: Order | None = None
    """On its way."""
    is_deaf: bool = False


class Sharing:
    """The shares of all stations."""

    def __init__(self, limit_w: float | None = None, *, least_w: float = LEAST_W) -> None:
        """Args: the limit of the site, None for none, and the least share of an EVSE."""
        self.limit_w = limit_w
        self._least_w = least_w
        self._members: dict[str, _Member] = {}
        self._came = 0

    @property
    def deaf(self) -> list[str]:
        """The stations that follow no limit, and break that of the site perhaps."""
        return [name for name, each in self._members.items() if each.is_deaf]

    def shares(self) -> dict[str, float | None]:
        """The most that each station may take now; None: no limit of ours."""
        return {name: each.bound_w for name, each in self._members.items()}

    def joined(self, identity: str) -> None:
        """A station is here. What it was told before, it still follows."""
        member = self._members.setdefault(identity, _Member())
        member.is_here, member.is_deaf, member.ordered = True, False, None

    def left(self, identity: str) -> None:
        """It is away, and goes on as it was told last."""
        member = self._members[identity]
        member.is_here, member.ordered = False, None

    def needs(
        self, identity: str, evses: set[int], priorities: Mapping[int, int] | None = None
    ) -> None:
        """The EVSEs of a station that need power from now on, and their priorities; 0 if unsaid."""
        member = self._members[identity]
        member.priorities = priorities or {}
        member.evses = {key: at for key, at in member.evses.items() if key in evses}
        for evse_id in sorted(evses - set(member.evses)):
            self._came += 1
            member.evses[evse_id] = self._came

    def due(self) -> list[Order]:
        """The orders to give now. Each is on its way until it is ``settled``."""
        targets = self._targets()
        free = [
            (name, self._members[name])
            for name in targets
            if self._members[name].ordered is None and not self._members[name].is_deaf
        ]
        orders = []
        for name, member in free:
            order = self._order(name, member, targets[name])
            if order is not None:
                member.ordered = order
                member.bound_w = _higher(member.bound_w, order.limit_w)
                member.is_told = False
                orders.append(order)
        return orders

    def settled(self, identity: str, answer: Answer) -> None:
        """What came of the order that a station has."""
        member = self._members[identity]
        order, member.ordered = member.ordered, None
        if order is None:
            return
        member.is_deaf = answer is Answer.REFUSED
        if answer is Answer.ACCEPTED:
            member.bound_w, member.is_told = order.limit_w, True

    def _targets(self) -> dict[str, float | None]:
        """What each station that is here shall take in the end."""
        here = {name: each for name, each in self._members.items() if each.is_here}
        if self.limit_w is None:
            return dict.fromkeys(here)
        away_w = sum(each.bound_w or 0.0 for each in self._members.values() if not each.is_here)
        left_w = max(self.limit_w - away_w, 0.0)
        queue = sorted(
            (-each.priorities.get(evse_id, 0), came, name)
            for name, each in here.items()
            if not each.is_deaf
            for evse_id, came in each.evses.items()
        )
        served = queue[: max(int(left_w // self._least_w), 1)]
        targets: dict[str, float | None] = dict.fromkeys(here, 0.0)
        for _, _, name in served:
            targets[name] = (targets[name] or 0.0) + left_w / len(served)
        return {name: None if each is None else floor(each) for name, each in targets.items()}

    def _order(self, name: str, member: _Member, target_w: float | None) -> Order | None:
        bound_w = member.bound_w
        if target_w is None:
            return Order(name, None) if bound_w is not None or not member.is_told else None
        if bound_w is None or target_w < bound_w or (target_w == bound_w and not member.is_told):
            return Order(name, target_w)
        if target_w == bound_w or self._is_anyone_unbound():
            return None
        assert self.limit_w is not None
        free_w = self.limit_w - sum(each.bound_w or 0.0 for each in self._members.values())
        wanted_w = floor(min(target_w, bound_w + free_w))
        return Order(name, wanted_w) if wanted_w > bound_w else None

    def _is_anyone_unbound(self) -> bool:
        """Whether a station that will follow us has not agreed to any limit yet."""
        return any(
            each.is_here and not each.is_deaf and each.bound_w is None
            for each in self._members.values()
        )


def _higher(left_w: float | None, right_w: float | None) -> float | None:
    return None if left_w is None or right_w is None else max(left_w, right_w)
