"""The conversation with one client, without its socket."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import StoreUnavailable
from chargeplane.web.live.connection import Connection
from chargeplane.web.live.hub import TURN_S, Hub
from chargeplane.web.live.outbox import Outbox
from tests.web.live.watching import NOW, Lamps, said, viewer


class Client:
    """Says what a test makes it say, and reads what is told."""

    def __init__(self, *, subscriptions_max: int = 3, grants: tuple[str, ...] = ()) -> None:
        self.lamps = Lamps({"L0": 0, "L1": 1})
        self.clock = SimulatedClock(NOW)
        self.hub = Hub(self.lamps.views, self.clock)
        self.outbox = Outbox()
        self.connection = Connection(self.hub, viewer(*grants), self.outbox, subscriptions_max)

    async def say(self, message: object) -> list[Any]:
        await self.connection.receive(msgspec.json.encode(message))
        return await self.told()

    async def told(self) -> list[Any]:
        found = []
        while not self.outbox.is_idle:
            found.append(msgspec.json.decode(await self.outbox.next()))
        return found

    async def turn(self) -> list[Any]:
        await self.clock.advance(TURN_S)
        await self.hub.turn()
        return await self.told()


def problem(message: Any) -> tuple[Any, str]:
    return message["id"], message["problem"]["type"].rpartition(":")[2]


async def test_a_client_subscribes_is_told_and_ends_it() -> None:
    client = Client()
    [first] = await client.say({"subscribe": "a", "view": "lamps", "parameters": {"limit": 1}})
    assert (first["id"], first["version"]) == ("a", 1)
    assert [each["id"] for each in first["snapshot"]["items"]] == ["L0"]
    client.lamps.lights["L0"] = 5
    client.hub.hear(said("L0"))
    [patch] = await client.turn()
    assert (patch["id"], patch["version"], patch["patch"][0]["value"]["light"]) == ("a", 2, 5)
    assert await client.say({"unsubscribe": "a"}) == []
    assert client.hub.feeds_count == 0
    client.hub.hear(said("L0"))
    assert await client.turn() == []


async def test_one_connection_has_several_views_under_the_names_of_the_client() -> None:
    client = Client()
    for name, view in (('ä "1"', "lamps"), ("b", "lamps"), ("c", "whole")):
        [first] = await client.say({"subscribe": name, "view": view})
        assert first["id"] == name
    client.lamps.lights["L1"] = 9
    client.hub.hear(said("L1"))
    assert sorted(each["id"] for each in await client.turn()) == ["b", 'ä "1"']


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"[]", b"7", b"{}", b'{"subscribe":"a"}', b'{"subscribe":7,"view":"lamps"}',
        b'{"subscribe":"","view":"lamps"}', b'{"subscribe":"a","view":"lamps","parameters":[]}',
        b'{"subscribe":"a","view":"lamps","colour":1}', b"\xff", b"[" * 5_000,
        b'{"token":"cp_x"}',
    ],
    ids=range(13),
)  # fmt: skip
async def test_what_cannot_be_understood_is_answered_and_nothing_else_happens(text: bytes) -> None:
    client = Client()
    await client.connection.receive(text)
    [message] = await client.told()
    assert problem(message)[1] == "invalid-request"
    assert client.hub.feeds_count == 0


async def test_a_refusal_names_the_subscription() -> None:
    client = Client(grants=("stations:read",))
    [message] = await client.say({"subscribe": "a", "view": "lamps"})
    assert problem(message) == ("a", "forbidden")
    [message] = await client.say({"subscribe": "b", "view": "moon"})
    assert problem(message) == ("b", "not-found")
    [message] = await client.say({"unsubscribe": "c"})
    assert problem(message) == ("c", "not-found")


async def test_a_name_is_used_once_and_again_when_it_is_free() -> None:
    client = Client()
    await client.say({"subscribe": "a", "view": "lamps"})
    [message] = await client.say({"subscribe": "a", "view": "whole"})
    assert problem(message) == ("a", "subscription-exists")
    await client.say({"unsubscribe": "a"})
    [message] = await client.say({"subscribe": "a", "view": "whole"})
    assert "snapshot" in message


async def test_a_connection_has_no_more_subscriptions_than_may_be() -> None:
    client = Client(subscriptions_max=2)
    for name in ("a", "b"):
        await client.say({"subscribe": name, "view": "lamps"})
    [message] = await client.say({"subscribe": "c", "view": "lamps"})
    assert problem(message) == ("c", "too-many-subscriptions")
    await client.say({"unsubscribe": "a"})
    assert "snapshot" in (await client.say({"subscribe": "c", "view": "lamps"}))[0]


async def test_a_database_that_is_away_is_told_and_the_connection_goes_on() -> None:
    client = Client()
    client.lamps.error = StoreUnavailable("away")
    [message] = await client.say({"subscribe": "a", "view": "lamps"})
    assert problem(message) == ("a", "store-unavailable")
    client.lamps.error = None
    assert "snapshot" in (await client.say({"subscribe": "a", "view": "lamps"}))[0]


async def test_a_subscription_that_breaks_is_told_and_its_name_is_free() -> None:
    client = Client()
    await client.say({"subscribe": "a", "view": "whole"})
    client.lamps.lights.clear()
    client.hub.hear(said("L0"))
    messages = [*await client.turn(), *await client.turn(), *await client.turn()]
    assert [problem(each) for each in messages] == [("a", "not-found")]
    client.lamps.lights["L0"] = 1
    assert "snapshot" in (await client.say({"subscribe": "a", "view": "whole"}))[0]


async def test_the_heart_beats_only_when_nothing_else_is_on_its_way() -> None:
    client = Client()
    client.connection.beat(NOW)
    client.connection.beat(NOW)
    assert await client.told() == [{"heartbeat": "2026-11-21T12:00:00Z"}]


async def test_a_client_that_goes_leaves_nothing_behind() -> None:
    client = Client()
    for name in ("a", "b"):
        await client.say({"subscribe": name, "view": "lamps"})
    client.connection.close()
    assert client.hub.feeds_count == 0
