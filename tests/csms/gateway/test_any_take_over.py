"""One station, many connections, any order of what happens to them: one of them speaks.

``tests/runtime/test_ownership.py`` shows it of the rules; this of the gateway, its links and its
desk: no frame goes to or counts for a connection that has lost its station.
"""

from __future__ import annotations

import asyncio

import pytest

from chargeplane.csms.gateway.conversation import Conversation
from chargeplane.csms.gateway.gateway import Gateway
from chargeplane.runtime.links import Ending, Link, Receiver
from chargeplane.runtime.store import Function, Settings, Store
from tests.csms.gateway.cables import Cable, Network, SkewedLoop
from tests.csms.making import make_tenant
from tests.soak import cases

STEPS = 40
SKIPS_MAX = 8
"""Of 2.5 s each: the store gives up what waits for 30 s."""


async def a_few_turns() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


def step(network: Network, cables: list[Cable]) -> None:
    """One thing happens, at one of the connections."""
    dice, number = network.dice, len(network.cables)
    what = dice.randrange(10)
    waiting = [each for each in cables if each.conversation is None]
    lively = [each for each in cables if each.conversation is not None]
    if what < 2 or not cables:
        cable = Cable(network, number, dice.choice("ab"), dice.choice("xy"))
        network.cables.append(cable)
        if dice.random() < 0.7:
            cable.authenticated()
    elif what == 2 and waiting:
        dice.choice(waiting).authenticated()
    elif what < 5 and lively:
        dice.choice(lively).say()
    elif what == 5 and lively:
        dice.choice(lively).pong()
    elif what == 6 and lively:
        dice.choice(lively).lost()
    elif what == 7:
        network.command()
    elif what == 8 and lively:
        dice.choice(lively).answer()
    else:
        undecided = [each for each in network.deciding if not each.done()]
        if undecided:
            dice.choice(undecided).set_result(None)


async def live(network: Network, loop: SkewedLoop) -> None:
    skips = 0
    for _ in range(STEPS):
        step(network, [each for each in network.cables if not each.is_down])
        if network.dice.random() < 0.7:  # otherwise the next thing happens in the same turn
            await a_few_turns()
        if skips < SKIPS_MAX and network.dice.random() < 0.15:
            skips += 1
            loop.skew_s += 2.5
            await a_few_turns()
        network.look()
    for cable in network.cables:
        if cable.conversation is not None and not cable.is_down:
            cable.lost()
            network.look()
    await a_few_turns()
    await network.ended()


def take_over(kind: type[Gateway], settings: Settings, histories: int) -> int:
    """So many histories; how many epochs there were."""

    async def run() -> int:
        epochs = 0
        async with Store(settings) as store:
            await store.write(Function(make_tenant))
            for seed in range(histories):
                network = Network(kind, store, f"CP{seed}")
                try:
                    await live(network, loop)
                except BaseException as error:
                    error.add_note(f"seed {seed}")
                    raise
                epochs += network.newest_epoch
        return epochs

    loop = SkewedLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(run())


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ["sqlite"])
def test_no_frame_goes_to_or_counts_for_a_stale_owner(settings: Settings) -> None:
    histories = cases(2_000, 60)
    assert take_over(Gateway, settings, histories) > 2 * histories


class Forgetful(Gateway):
    """Does not end the conversation that has lost its station."""

    def _lost(self, conversation: Conversation) -> None:
        self._gone(conversation, "another connection of the station took over")


class Credulous(Gateway):
    """Takes the end of any connection for the end of the station."""

    def link_ended(self, conversation: Conversation, ending: Ending) -> None:
        super().link_ended(conversation, ending)
        self.conversations.pop((conversation.station.tenant_id, conversation.station.id), None)


class Hasty(Gateway):
    """Lets a connection speak before it owns its station."""

    def opened(self, link: Link) -> Receiver:
        conversation = super().opened(link)
        link.go_on()
        return conversation


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("wrong", [Forgetful, Credulous, Hasty])
def test_a_wrong_gateway_is_noticed(wrong: type[Gateway], settings: Settings) -> None:
    with pytest.raises(AssertionError, match="owner"):
        take_over(wrong, settings, 100)
