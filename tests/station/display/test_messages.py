"""Messages come onto the screen by priority, state and time, and are told of again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chargeplane.ocpp import v21
from chargeplane.station.signals.screens import CostShown, MessageShown
from tests.station.central import START
from tests.station.stage import Stage, online

BOTH = pytest.mark.parametrize("version", ["2.0.1", "2.1"])


def show(
    stage: Stage, number: int, *, form: str = "UTF8", priority: str = "NormalCycle", **said: Any
) -> str:
    content = v21.MessageContentType(
        format=v21.MessageFormatEnumType(form), content=f"text {number}"
    )
    message = v21.MessageInfoType(
        id=number, priority=v21.MessagePriorityEnumType(priority), message=content, **said
    )
    answer = stage.ask(v21.SetDisplayMessageRequest(message=message))
    return str(getattr(answer, "status", ""))


@BOTH
def test_the_most_important_message_of_the_moment_is_shown(version: str) -> None:
    stage = online(version)
    assert show(stage, 1) == "Accepted"
    assert (
        show(stage, 2, priority="InFront", end_date_time=START + timedelta(seconds=60))
        == "Accepted"
    )
    show(stage, 3, state=v21.MessageStateEnumType.CHARGING, priority="AlwaysFront")
    stage.wait(61)
    assert [each.id for each in stage.saw(MessageShown)] == [1, 2, 1]
    stage.plug_in(1)
    stage.wait(1).tap()
    assert stage.saw(MessageShown)[-1].text == "text 3"


@BOTH
def test_what_the_screen_cannot_show_is_rejected(version: str) -> None:
    stage = online(version)
    assert show(stage, 1, form="HTML") == "NotSupportedMessageFormat"
    assert show(stage, 1, transaction_id="unknown") == "UnknownTransaction"
    assert [show(stage, each) for each in range(21)] == ["Accepted"] * 20 + ["Rejected"]


@BOTH
def test_messages_are_told_of_in_parts_and_cleared(version: str) -> None:
    stage = online(version)
    for each in range(12):
        show(stage, each)
    answer = stage.ask(v21.GetDisplayMessagesRequest(request_id=9))
    assert getattr(answer, "status", "") == "Accepted"
    told = stage.central.all(v21.NotifyDisplayMessagesRequest)
    assert [(len(each.message_info), each.tbc) for each in told] == [(10, True), (2, told[1].tbc)]
    statuses = [
        getattr(stage.ask(v21.ClearDisplayMessageRequest(id=3)), "status", "") for _ in "12"
    ]
    assert statuses == ["Accepted", "Unknown"]
    gone = stage.ask(v21.GetDisplayMessagesRequest(request_id=9, id=[3]))
    assert getattr(gone, "status", "") == "Unknown"


def test_messages_of_a_transaction_go_with_it_and_others_stay_over_a_restart() -> None:
    stage = online("2.1")
    stage.plug_in(1)
    stage.wait(1).tap()
    transaction = stage.core.evse(1).transaction
    assert transaction is not None
    show(stage, 1, transaction_id=transaction.id)
    show(stage, 2)
    stage.tap()
    again = online("2.1", memory=stage.core.hub.memory)
    again.ask(v21.GetDisplayMessagesRequest(request_id=9))
    [told] = again.central.all(v21.NotifyDisplayMessagesRequest)
    assert [each.id for each in told.message_info] == [2]


@BOTH
def test_running_costs_are_shown(version: str) -> None:
    stage = online(version)
    stage.ask(v21.CostUpdatedRequest(total_cost=4.2, transaction_id="t"))
    assert stage.saw(CostShown) == [CostShown("t", 4.2)]
