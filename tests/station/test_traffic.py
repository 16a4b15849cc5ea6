"""What is said on the wire is told as it happens."""

from __future__ import annotations

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.versions import Version
from chargeplane.station.signals import Signal
from chargeplane.station.signals.traffic import (
    CommandAnswered,
    FrameMalformed,
    RequestEnded,
    RequestEnding,
)
from tests.station.stage import Stage, online


def heard(stage: Stage) -> list[Signal]:
    """What is told from now on."""
    told: list[Signal] = []
    for kind in (RequestEnded, CommandAnswered, FrameMalformed):
        stage.core.hub.hears(kind, told.append)
    return told


@pytest.mark.parametrize("version", Version)
def test_an_answer_is_told_with_the_action(version: Version) -> None:
    stage = Stage(version)
    told = heard(stage)
    stage.connect()
    assert told[0] == RequestEnded("BootNotification", RequestEnding.ANSWERED)
    assert {each.action for each in told if isinstance(each, RequestEnded)} == {
        "BootNotification",
        "StatusNotification",
    }


def test_a_refusal_is_told_with_its_code() -> None:
    stage = online("1.6")
    stage.central.responds = lambda _: ErrorCode.INTERNAL_ERROR
    told = heard(stage)
    stage.plug_in()
    (ended,) = told
    assert isinstance(ended, RequestEnded)
    assert (ended.action, ended.ending, ended.code) == (
        "StatusNotification",
        RequestEnding.REFUSED,
        "InternalError",
    )


def test_silence_and_a_lost_connection_are_told_apart() -> None:
    stage = online("2.1")
    told = heard(stage)
    stage.is_deaf = True
    stage.tap().wait(60)
    stage.tap().disconnect()
    endings = [each.ending for each in told if isinstance(each, RequestEnded)]
    assert endings[0] is RequestEnding.TIMED_OUT
    assert endings[-1] is RequestEnding.LOST


def test_what_is_no_valid_answer_is_told_as_such() -> None:
    stage = online("1.6")
    stage.is_deaf = True
    told = heard(stage)
    stage.tap()
    message_id = stage.frames[-1].split('"')[1]
    stage.core.receive(f'[3,"{message_id}",{{"idTagInfo":{{"status":"Perhaps"}}}}]', stage.now_s)
    (ended,) = told
    assert isinstance(ended, RequestEnded)
    assert (ended.action, ended.ending) == ("Authorize", RequestEnding.INVALID)
    assert ended.code
    assert ended.text


@pytest.mark.parametrize(
    ("version", "request_", "answer"),
    [
        ("1.6", v16.ClearCacheRequest(), CommandAnswered("ClearCache")),
        ("2.1", v21.ClearCacheRequest(), CommandAnswered("ClearCache")),
    ],
    ids=["1.6", "2.1"],
)
def test_a_command_is_told_with_how_it_was_answered(
    version: str, request_: v16.ClearCacheRequest | v21.ClearCacheRequest, answer: CommandAnswered
) -> None:
    stage = online(version)
    told = heard(stage)
    stage.ask(request_)
    assert told == [answer]


def test_a_frame_that_breaks_the_schema_is_told() -> None:
    stage = online("1.6")
    told = heard(stage)
    stage.core.receive('[2,"x","Reset",{"type":"Gently"}]', stage.now_s)
    (malformed,) = told
    assert isinstance(malformed, FrameMalformed)
    assert malformed.code == "PropertyConstraintViolation"
