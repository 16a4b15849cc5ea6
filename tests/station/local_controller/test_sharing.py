"""The power of a site is shared: whoever does what, and however late, the limit holds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.station.local_controller.sharing import Answer, Order, Sharing
from tests.soak import cases

LIMIT_W = 22_000.0


def members(*names: str, limit_w: float | None = LIMIT_W) -> Sharing:
    """Stations that are here, need nothing, and have taken the order to take nothing."""
    sharing = Sharing(limit_w)
    for name in names:
        sharing.joined(name)
    settle(sharing)
    return sharing


def settle(sharing: Sharing, answer: Answer = Answer.ACCEPTED) -> list[Order]:
    """Give all orders, one round of answers after the other; all that were given."""
    given_all: list[Order] = []
    while orders := sharing.due():
        given_all += orders
        for order in orders:
            sharing.settled(order.identity, answer)
        assert len(given_all) < 100
    return given_all


def test_without_a_limit_nobody_is_told_anything() -> None:
    sharing = members("A", "B", limit_w=None)
    sharing.needs("A", {1})
    assert sharing.due() == []
    assert sharing.shares() == {"A": None, "B": None}


def test_who_needs_nothing_gets_nothing_and_who_is_alone_gets_all() -> None:
    sharing = members("A", "B")
    assert sharing.shares() == {"A": 0, "B": 0}
    sharing.needs("A", {1})
    assert settle(sharing) == [Order("A", 22_000)]


def test_each_evse_gets_the_same() -> None:
    sharing = members("A", "B")
    sharing.needs("A", {1, 2})
    sharing.needs("B", {7})
    settle(sharing)
    assert sharing.shares() == {"A": 14_666, "B": 7_333}


def test_what_one_gets_another_has_agreed_to_give_up_first() -> None:
    sharing = members("A", "B")
    sharing.needs("A", {1})
    settle(sharing)
    sharing.needs("B", {1})
    assert sharing.due() == [Order("A", 11_000)]
    assert sharing.due() == []
    sharing.settled("A", Answer.ACCEPTED)
    assert sharing.due() == [Order("B", 11_000)]


def test_a_station_that_does_not_answer_is_asked_again_and_nobody_gets_its_part() -> None:
    sharing = members("A", "B")
    sharing.needs("A", {1})
    settle(sharing)
    sharing.needs("B", {1})
    assert sharing.due() == [Order("A", 11_000)]
    sharing.settled("A", Answer.NONE)
    assert sharing.due() == [Order("A", 11_000)]
    assert sharing.shares() == {"A": 22_000, "B": 0}


def test_a_station_that_is_away_keeps_its_part() -> None:
    sharing = members("A", "B")
    sharing.needs("A", {1})
    sharing.needs("B", {1})
    settle(sharing)
    sharing.left("A")
    assert settle(sharing) == []
    sharing.needs("B", set())
    settle(sharing)
    sharing.joined("A")
    assert settle(sharing) == [Order("A", 22_000)]


def test_who_came_first_is_served_if_there_is_not_enough_for_all() -> None:
    sharing = members("A", "B", "C", limit_w=3_000)
    for name in "BCA":
        sharing.needs(name, {1})
    settle(sharing)
    assert sharing.shares() == {"A": 0, "B": 1_500, "C": 1_500}
    sharing.needs("B", set())
    settle(sharing)
    assert sharing.shares() == {"A": 1_500, "B": 0, "C": 1_500}


def test_a_higher_priority_is_served_before_those_who_came_first() -> None:
    sharing = members("A", "B", "C", limit_w=3_000)
    sharing.needs("A", {1, 2})
    sharing.needs("B", {1}, {1: -2})
    sharing.needs("C", {1}, {1: 5})
    settle(sharing)
    assert sharing.shares() == {"A": 1_500, "B": 0, "C": 1_500}


def test_a_station_that_refuses_is_left_alone_until_it_connects_again() -> None:
    sharing = members("A")
    sharing.joined("DEAF")
    assert settle(sharing, Answer.REFUSED) == [Order("DEAF", 0)]
    assert sharing.deaf == ["DEAF"]
    sharing.needs("A", {1})
    assert settle(sharing) == [Order("A", 22_000)]
    sharing.joined("DEAF")
    assert sharing.due() == [Order("DEAF", 0)]


def test_a_lower_limit_is_kept_and_one_that_is_lifted_is_lifted_everywhere() -> None:
    sharing = members("A", "B")
    sharing.needs("A", {1})
    sharing.needs("B", {1})
    settle(sharing)
    sharing.limit_w = 8_000
    settle(sharing)
    assert sharing.shares() == {"A": 4_000, "B": 4_000}
    sharing.limit_w = None
    assert settle(sharing) == [Order("A", None), Order("B", None)]
    assert settle(sharing) == []


NAMES = ("A", "B", "C")
ACTS = st.one_of(
    st.tuples(st.just("needs"), st.sampled_from(NAMES), st.sets(st.integers(1, 2))),
    st.tuples(st.just("left"), st.sampled_from(NAMES), st.none()),
    st.tuples(st.just("joined"), st.sampled_from(NAMES), st.none()),
    st.tuples(st.just("answer"), st.sampled_from(NAMES), st.sampled_from(Answer)),
    st.tuples(st.just("due"), st.none(), st.none()),
)


class _Site:
    """What the stations really follow, which the controller does not see."""

    def __init__(self) -> None:
        self.sharing = members(*NAMES)
        self.follows = dict.fromkeys(NAMES, 0.0)
        self.on_its_way: dict[str, Order] = {}

    def act(self, name: str, who: str | None, what: object) -> None:
        match name, what:
            case "needs", set():
                self.sharing.needs(str(who), what)
            case "left", _:
                self.on_its_way.pop(str(who), None)  # it may have been heard, or not
                self.sharing.left(str(who))
            case "joined", _:
                self.on_its_way.pop(str(who), None)
                self.sharing.joined(str(who))
            case "answer", Answer():
                self.answer(str(who), what)
            case _:
                for order in self.sharing.due():
                    self.on_its_way[order.identity] = order
                    # In the worst case it follows a higher limit at once.
                    self.follows[order.identity] = max(
                        self.follows[order.identity], order.limit_w or 0.0
                    )

    def answer(self, who: str, answer: Answer) -> None:
        order = self.on_its_way.pop(who, None)
        if order is None or answer is Answer.REFUSED:
            return
        if answer is Answer.ACCEPTED:
            self.follows[who] = order.limit_w or 0.0
        self.sharing.settled(who, answer)


@settings(max_examples=cases(3_000, 100), deadline=None)
@given(acts=st.lists(ACTS, max_size=40))
def test_the_limit_of_the_site_holds_at_every_moment_and_is_used_in_the_end(
    acts: list[tuple[str, str | None, object]],
) -> None:
    site = _Site()
    for act in acts:
        site.act(*act)
        assert sum(site.follows.values()) <= LIMIT_W
    for name in NAMES:
        site.act("joined", name, None)
        site.act("needs", name, {1})
    settle(site.sharing)
    shares = site.sharing.shares()
    assert set(shares.values()) == {7_333}
