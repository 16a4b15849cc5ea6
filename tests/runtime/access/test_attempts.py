"""Failed attempts slow their source down, and nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.runtime.access.attempts import Attempts, LogInAttempts
from chargeplane.runtime.access.credentials import fault_of_password, fault_of_token


def test_the_failure_that_fills_the_bucket_makes_its_source_wait() -> None:
    attempts = Attempts(failures_max=3, forgiven_after_s=10)
    for _ in range(3):
        assert attempts.wait_s("a", 0) == 0
        attempts.failed("a", 0)
    assert attempts.wait_s("a", 0) == 10
    assert attempts.wait_s("b", 0) == 0


def test_one_attempt_is_free_again_when_one_failure_is_forgiven() -> None:
    attempts = Attempts(failures_max=3, forgiven_after_s=10)
    for _ in range(3):
        attempts.failed("a", 0)
    assert attempts.wait_s("a", 9) == pytest.approx(1)
    assert attempts.wait_s("a", 10) == 0
    attempts.failed("a", 10)
    assert attempts.wait_s("a", 10) == pytest.approx(10)


def test_attempts_at_once_count_before_they_are_known_and_a_good_one_is_taken_back() -> None:
    attempts = Attempts(failures_max=2, forgiven_after_s=10)
    attempts.failed("a", 0)
    attempts.failed("a", 0)
    assert attempts.wait_s("a", 0) == 10
    attempts.succeeded("a", 0)
    assert attempts.wait_s("a", 0) == 0
    attempts.succeeded("never seen", 0)
    assert attempts.wait_s("never seen", 0) == 0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 5)), max_size=60))
def test_nobody_ever_waits_longer_than_for_one_failure(steps: list[tuple[str, float]]) -> None:
    attempts, now_s = Attempts(failures_max=3, forgiven_after_s=10), 0.0
    for source, pause_s in steps:
        now_s += pause_s
        attempts.failed(source, now_s)
        assert 0 <= attempts.wait_s(source, now_s) <= 10 + 1e-6


def test_only_so_many_sources_are_remembered() -> None:
    attempts = Attempts(failures_max=1, sources_max=2)
    for source in "abc":
        attempts.failed(source, 0)
    assert [attempts.wait_s(source, 0) > 0 for source in "abc"] == [False, True, True]


def attacked(attempts: LogInAttempts, sources: int = 50) -> None:
    for number in range(sources):
        attempts.failed(f"attacker {number}", "ada", 0)


def test_an_account_that_many_fail_at_is_closed_to_those_who_have_failed() -> None:
    attempts = LogInAttempts()
    attacked(attempts)
    assert all(attempts.wait_s(f"attacker {number}", "ada", 0) > 0 for number in range(50))
    assert attempts.wait_s("attacker 1", "bob", 0) == 0


def test_the_right_password_from_a_calm_source_gets_in_during_an_attack() -> None:
    attempts = LogInAttempts()
    attacked(attempts)
    assert attempts.wait_s("home", "ada", 0) == 0
    attempts.failed("home", "ada", 0)
    attempts.succeeded("home", "ada", 0)
    assert attempts.wait_s("home", "ada", 0) == 0


def test_a_source_that_has_failed_may_try_again_when_it_is_calm() -> None:
    attempts = LogInAttempts()
    attacked(attempts)
    wait_s = attempts.wait_s("attacker 1", "ada", 0)
    assert 0 < wait_s <= attempts.sources.forgiven_after_s
    for _ in range(1_000):
        attempts.accounts.failed("ada", wait_s)
    assert attempts.wait_s("attacker 1", "ada", wait_s) == 0


@pytest.mark.parametrize(
    ("token", "is_usable"),
    [
        ("12345678", True),
        ("1234567", False),
        ("x" * 512, True),
        ("x" * 513, False),
        ("12345678 9", False),
        ("1234567\n", False),
        ("1234567ä", False),
        ("", False),
    ],
    ids=["8", "7", "512", "513", "space", "line", "umlaut", "empty"],
)
def test_a_token_that_somebody_chose_must_fit_into_a_header(token: str, is_usable: bool) -> None:
    assert (fault_of_token(token) is None) is is_usable


@pytest.mark.parametrize(
    ("password", "is_usable"),
    [
        ("x" * 12, True),
        ("x" * 11, False),
        ("x" * 256, True),
        ("x" * 257, False),
        ("x" * 12 + "\0", False),
        ("x" * 12 + "\ud800", False),
        ("zwölf Zeichen!", True),
    ],
    ids=["12", "11", "256", "257", "NUL", "surrogate", "umlaut"],
)
def test_a_password_must_be_long_and_storable(password: str, is_usable: bool) -> None:
    assert (fault_of_password(password) is None) is is_usable
