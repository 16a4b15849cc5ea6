"""The clock of a simulation."""

from __future__ import annotations

from datetime import timedelta

from chargeplane.station.virtual_time import Agenda
from chargeplane.station.virtual_time.agenda import START


def test_deeds_are_done_in_order_and_those_of_one_moment_as_they_were_noted() -> None:
    agenda, done = Agenda(), list[str]()
    agenda.at(5, lambda: done.append("b"))
    agenda.at(2, lambda: done.append("a"))
    agenda.at(5, lambda: done.append("c"))
    agenda.run_until(5)
    assert (done, agenda.now_s, agenda.step()) == (["a", "b", "c"], 5, False)


def test_a_deed_may_note_another_one_which_is_done_within_the_time() -> None:
    agenda, moments = Agenda(), list[float]()

    def again() -> None:
        moments.append(agenda.now_s)
        agenda.after(10, again)

    agenda.after(10, again)
    agenda.run_until(35)
    assert (moments, agenda.next_s, agenda.now_s) == ([10, 20, 30], 40, 35)


def test_a_moment_that_is_over_is_now_and_the_clock_never_runs_back() -> None:
    agenda, moments = Agenda(), list[float]()
    agenda.run_until(100)
    agenda.at(3, lambda: moments.append(agenda.monotonic_s()))
    assert agenda.step()
    agenda.run_until(50)
    assert (moments, agenda.now()) == ([100], START + timedelta(seconds=100))
