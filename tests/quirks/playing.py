"""One story from the registration of its station to what is stored in the end."""

from __future__ import annotations

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function
from tests.csms.making import NOW, TENANT_ID
from tests.quirks.corpus_reader import Story
from tests.quirks.finding import differences
from tests.quirks.player import Player, station_id_of

__all__ = ["played"]


async def played(story: Story, central: CentralSystem, clock: SimulatedClock) -> list[str]:
    """What is not as it must be, in words; nothing if all is well.

    Raises:
        AssertionError: the talk did not go as the story says.
    """
    known = Known(TENANT_ID, station_id_of(story), 0, None, Registration.ACCEPTED, 0)
    await central.gateway.store.write(Function(lambda connection: register(connection, known, NOW)))
    player = Player(story, central, clock, await central.listen("127.0.0.1", 0))
    try:
        await player.play()
        return await differences(central, known.id, story.stored)
    finally:
        await player.leave()
