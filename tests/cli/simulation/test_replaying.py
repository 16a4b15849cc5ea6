"""What of a recording is said again."""

from __future__ import annotations

from uuid import UUID

from chargeplane.cli.simulation.replaying import Said, story
from chargeplane.runtime.store.frames import Direction, Frame
from tests.csms.making import NOW, TENANT_ID

IN, OUT = Direction.RECEIVED, Direction.SENT


def frame(number: int, direction: Direction, text: str, epoch: int = 1) -> Frame:
    return Frame(TENANT_ID, "CP1", UUID(int=number), direction, NOW, epoch, None, text)


def test_it_is_what_the_station_asked_in_its_order_with_what_it_was_given() -> None:
    recorded = [
        frame(1, IN, '[2,"a","BootNotification",{"x": 1.0}]'),
        frame(2, OUT, '[3,"a",{"status":"Accepted"}]'),
        frame(3, OUT, '[2,"z","Reset",{"type":"Soft"}]'),
        frame(4, IN, '[3,"z",{"status":"Accepted"}]'),
        frame(5, IN, '[2,"b","StartTransaction",{}]'),
        frame(6, OUT, '[3,"b",{"transactionId":77}]'),
        frame(7, IN, '[6,"c","NotifyPeriodicEventStream",{}]'),
        # The ids of another connection are others.
        frame(8, OUT, '[3,"b",{"transactionId":78}]', epoch=2),
    ]
    assert story(reversed(recorded)) == [
        Said(UUID(int=1), "BootNotification", b'{"x": 1.0}', True, None),
        Said(UUID(int=5), "StartTransaction", b"{}", True, 77),
        Said(UUID(int=7), "NotifyPeriodicEventStream", b"{}", False, None),
    ]


def test_what_was_no_message_is_left_out() -> None:
    texts = ("", "[", "[2]", "null", '[2,"a","Heartbeat"]', '[9,"a","X",{}]', "<soap/>")
    assert story(frame(number, IN, text) for number, text in enumerate(texts)) == []
