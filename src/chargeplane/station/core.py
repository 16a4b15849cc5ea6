"""A charging station as a state machine, without sockets and without a clock.

Frames, the deeds of people (``OnSite``) and the time go in; frames for the wire and the next
deadline come out:

    core = Core("CP1", Version.V1_6, started_at=now, now_s=0.0)
    core.connected(0.0)
    while texts := core.outgoing():
        ...                        # send them; answers go into core.receive(text, now_s)
    core.plug_in(1, Ev(), now_s)
    core.advance(core.deadline_s)  # whenever the deadline has come

Every method takes ``now_s``, seconds on a clock that only runs forward. ``speed`` is how many
seconds vehicles and meters live through in one of them; the station's clock does not run faster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from chargeplane.ocpp.versions import Version
from chargeplane.station.blocks import install_blocks
from chargeplane.station.device_model.readings import connect_readings
from chargeplane.station.device_model.variables import Variable, Variables
from chargeplane.station.hub import Hub
from chargeplane.station.inventory import Inventory
from chargeplane.station.memory import Memory
from chargeplane.station.on_site import OnSite
from chargeplane.station.quirks import REACTED_TO, Disguise
from chargeplane.station.remembering import keep_life, keep_variable, recall, seen_at
from chargeplane.station.signals import (
    Connected,
    Disconnected,
    Happening,
    NotReached,
    Online,
    RedialWanted,
    Restarting,
    SettingChanged,
    Signal,
)

__all__ = ["Core"]


class Core(OnSite):
    """One station."""

    def __init__(
        self,
        identity: str,
        version: Version,
        *,
        started_at: datetime,
        now_s: float = 0.0,
        inventory: Inventory | None = None,
        speed: float = 1.0,
        rng: Random | None = None,
        quirks: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        memory: Memory | None = None,
    ) -> None:
        """Switch a station on.

        Args:
            identity: by which the central system knows it.
            version: what it speaks.
            started_at: what its clock shows at ``now_s``.
            now_s: the time that every later call goes on from.
            inventory: what it is built of.
            speed: seconds that vehicles and meters live through in one second.
            rng: where all chance comes from; the same seed gives the same frames.
            quirks: names out of ``chargeplane.station.quirks``.
            variables: values of the device model, as ``Variables.preset`` takes them.
            memory: what an earlier ``Core`` of the station left behind; none: it is new.

        Raises:
            ValueError: a quirk or variable is not known, or does not fit the version.
            MemoryFault: the memory is that of another kind of station, or damaged.
        """
        hub = Hub(
            identity,
            version,
            inventory or Inventory(),
            rng=Random() if rng is None else rng,
            started_at=started_at,
            now_s=now_s,
            speed=speed,
            memory=memory,
        )
        super().__init__(hub)
        self._starts = self._begin()
        self._disguise = Disguise(quirks, version)
        self._heard: list[str] = []  # what quirks answer without the station
        self._hang_up = False
        connect_readings(hub)
        hub.variables.preset(dict(hub.inventory.variables))
        hub.variables.preset(variables or {})
        recall(hub)
        hub.variables.changed = self._on_changed
        hub.hears(Online, lambda _: hub.outbox.wake())
        hub.hears(Restarting, self._on_restarting)
        hub.hears(RedialWanted, self._on_redial)
        install_blocks(hub)
        for kind in REACTED_TO:
            hub.hears(kind, self._react)

    def _begin(self) -> int:
        """Count one more program with this memory; its ids must not be those of the last one."""
        starts, _ = seen_at(self.hub)
        if starts:
            self.hub.rng.seed(f"{self.hub.rng.getrandbits(64)}/{starts}")
        return starts + 1

    @property
    def is_1x(self) -> bool:
        return self.hub.family is Version.V1_6

    @property
    def variables(self) -> Variables:
        """The device model."""
        return self.hub.variables

    @property
    def disguise(self) -> Disguise:
        """What the quirks make of frames and of the handshake."""
        return self._disguise

    def set_quirks(self, quirks: Sequence[str]) -> None:
        """Be odd in these ways from now on, and in no others.

        Raises:
            ValueError: a quirk is not known, or does not fit the version.
        """
        self._disguise = Disguise(quirks, self.hub.version)

    # The wire.

    def connected(self, now_s: float) -> None:
        """There is a connection."""
        self._to(now_s)
        self._hang_up = False
        self.hub.network.succeeded()
        self.hub.conversation.open()
        self.hub.tell(Connected())

    def disconnected(self, now_s: float, reason: str = "") -> None:
        """The connection is gone, and why; no reason: the station itself has hung up."""
        self._to(now_s)
        self._hang_up = False
        self.hub.conversation.close()
        self.hub.tell(Disconnected(reason))

    def not_reached(self, now_s: float, reason: str, status: int = 0) -> None:
        """The central system was dialled in vain: why, and the status of an HTTP refusal."""
        self._to(now_s)
        self.hub.network.failed()
        self.hub.tell(NotReached(reason, status))

    def receive(self, text: str, now_s: float) -> None:
        """Take one frame."""
        self._to(now_s)
        if self._disguise.is_plain:
            self.hub.conversation.receive(text, now_s)
            return
        heard = self._disguise.heard(text)
        self._heard += heard.send
        for each in heard.receive:
            self.hub.conversation.receive(each, now_s)

    def outgoing(self) -> list[str]:
        """The frames to send now, in order, as the quirks want them."""
        hub = self.hub
        if hub.memory.is_changed:
            self.save()
        if self._disguise.is_plain and not self._heard:
            return hub.conversation.outgoing()
        sent, self._heard = self._heard, []
        while texts := self.hub.conversation.outgoing():
            for text in texts:
                said = self._disguise.frames(text)
                sent += said.send
                for answer in said.hear:
                    self.hub.conversation.receive(answer, self.hub.now_s)
        return sent

    def save(self) -> None:
        """Make sure that what the station knows now is remembered.

        Raises:
            MemoryFault: its file cannot be written.
        """
        if self.hub.memory.is_changed:
            keep_life(self.hub, self._starts)
            self.hub.memory.save()

    @property
    def wants_to_hang_up(self) -> bool:
        """Whether the connection must be closed: the station restarts, or connects elsewhere."""
        return self._hang_up

    # Time.

    @property
    def deadline_s(self) -> float | None:
        """When ``advance`` must be called; None: nothing is due before something happens."""
        due_s, answer_s = self.hub.timers.deadline_s, self.hub.conversation.deadline_s
        if due_s is None or answer_s is None:
            return answer_s if due_s is None else due_s
        return min(due_s, answer_s)

    def advance(self, now_s: float) -> None:
        """Do what is due."""
        self._to(now_s)

    def skip_to(self, now_s: float) -> None:
        """Let time pass in which the station could do nothing; what was due happens afterwards.

        What comes again and again then comes once, and not once for each time it was missed.
        """
        self.hub.now_s = max(self.hub.now_s, now_s)

    def _to(self, now_s: float) -> None:
        hub, timers = self.hub, self.hub.timers
        while timers.next_s <= now_s and (due := timers.take_due(now_s)) is not None:
            at_s, act = due
            hub.now_s = max(hub.now_s, at_s)
            act()
        hub.now_s = max(hub.now_s, now_s)
        hub.conversation.expire(hub.now_s)

    def happened(self) -> list[Happening]:
        """All that happened since the last call."""
        happened = list(self.hub.happened)
        self.hub.happened.clear()
        return happened

    def _on_restarting(self, _: Restarting) -> None:
        self._hang_up = True
        self.hub.network.start_over()

    def _react(self, signal: Signal) -> None:
        self._disguise.react(self.hub, signal)

    def _on_redial(self, _: RedialWanted) -> None:
        self._hang_up = True

    def _on_changed(self, variable: Variable) -> None:
        place = variable.place
        keep_variable(self.hub, variable)
        self.hub.tell(SettingChanged(place.component, place.variable))
