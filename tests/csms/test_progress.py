"""What stations tell of logs and of firmware moves a request on, in any order, and never back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.csms.diagnostics import states as logs
from chargeplane.csms.firmware import states as firmware
from chargeplane.csms.progress import Phases
from chargeplane.domain.commands import Accepted, NoAnswer, Outcome, Refused, Unsupported
from chargeplane.ocpp import v21
from tests.soak import cases

OUTCOMES: list[Outcome] = [
    Accepted(status="Accepted"),
    Refused(status="Rejected", reason="busy"),
    Unsupported(reason="NotImplemented"),
    NoAnswer(reason="silence"),
]
LOG_WORDS = [each.value for each in v21.UploadLogStatusEnumType]
FIRMWARE_WORDS = [each.value for each in v21.FirmwareStatusEnumType]
KINDS: dict[str, tuple[Phases[Any], list[str]]] = {
    "logs": (logs.PHASES, [*LOG_WORDS, "Exploded"]),
    "firmware": (firmware.PHASES, [*FIRMWARE_WORDS, "Exploded"]),
}
BOTH = pytest.mark.parametrize("kind", KINDS)


class Followed:
    """A request, as a table would keep it."""

    def __init__(self, phases: Phases[Any]) -> None:
        self.phases = phases
        self.states = ["asked"]
        self.status: str | None = None

    def take(self, said: str | Outcome) -> bool:
        """A word or an answer comes; whether it changes anything."""
        state = self.states[-1]
        if isinstance(said, str):
            found = self.phases.after_word(state, self.status, said)
            status: str | None = said
        else:
            found = self.phases.after_answer(state, said)
            status = getattr(said, "status", None)
        if found is None:
            return False
        self.states.append(str(found))
        self.status = status
        return True


def rank(phases: Phases[Any], state: str) -> int:
    return [str(each) for each in phases.states].index(state)


@BOTH
@pytest.mark.soak
@settings(max_examples=cases(1_000))
@given(data=st.data())
def test_any_order_and_any_repetition_ends_in_the_same_state(kind: str, data: Any) -> None:
    phases, words = KINDS[kind]
    said = data.draw(st.lists(st.sampled_from([*words, *OUTCOMES]), max_size=8))
    other = data.draw(st.permutations([*said, *said[:3]]))
    one, another = Followed(phases), Followed(phases)
    for each in said:
        one.take(each)
    for each in other:
        another.take(each)
    assert one.states[-1] == another.states[-1]
    for state, later in pairwise(one.states):
        assert rank(phases, state) <= rank(phases, later)


@BOTH
def test_what_is_said_twice_changes_nothing_the_second_time(kind: str) -> None:
    phases, words = KINDS[kind]
    for said in [*words, *OUTCOMES]:
        followed = Followed(phases)
        is_news = followed.take(said)
        assert is_news is (said != "Idle")
        assert not followed.take(said)


@BOTH
def test_a_word_that_comes_before_the_answer_stays(kind: str) -> None:
    phases, words = KINDS[kind]
    followed = Followed(phases)
    assert followed.take(words[-1])
    assert not followed.take(NoAnswer(reason="the connection has ended"))
    assert followed.states == ["asked", "failed"]


def test_the_same_phase_in_another_word_is_told() -> None:
    followed = Followed(firmware.PHASES)
    words = "Downloading", "DownloadPaused", "DownloadPaused"
    assert [followed.take(word) for word in words] == [True, True, False]
    assert followed.states == ["asked", "downloading", "downloading"]


@pytest.mark.parametrize(
    ("phases", "words", "failures"),
    [
        (logs.PHASES, LOG_WORDS,
         ["BadMessage", "NotSupportedOperation", "PermissionDenied", "UploadFailure"]),
        (firmware.PHASES, FIRMWARE_WORDS,
         ["DownloadFailed", "InstallVerificationFailed", "InstallationFailed", "InvalidSignature"]),
    ],
    ids=["logs", "firmware"],
)  # fmt: skip
def test_every_word_of_the_standard_has_a_phase_or_says_nothing(
    phases: Phases[Any], words: list[str], failures: list[str]
) -> None:
    said = {word: phases.said(word) for word in words}
    assert [word for word, state in said.items() if state is None] == ["Idle"]
    assert sorted(word for word, state in said.items() if state == "failed") == failures
