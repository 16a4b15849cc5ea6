"""Which conversation speaks for a station: ``runtime.ownership`` with links at its ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from chargeplane.csms.gateway.conversation import Conversation
from chargeplane.runtime.links import CloseCode, LinkClosed
from chargeplane.runtime.ownership import (
    Alarm,
    Claim,
    Close,
    Effect,
    Grant,
    Ownership,
    Ping,
    Refuse,
)

__all__ = ["Owners"]

_log = logging.getLogger(__name__)
Key = tuple[UUID, str]


class Owners:
    """All identities that somebody owns or wants."""

    def __init__(
        self,
        granted: Callable[[Conversation], None],
        lost: Callable[[Conversation], None],
        alarm: Callable[[Conversation, Alarm], None],
        challenge_timeout_s: float = 2.0,
    ) -> None:
        """Tell these what becomes of conversations."""
        self._granted = granted
        self._lost = lost
        self._alarm = alarm
        self._challenge_timeout_s = challenge_timeout_s
        self._ownerships: dict[Key, Ownership] = {}
        # The store learns an epoch a little later than a station can dial again. One number for
        # each station that was ever here.
        self._epochs: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._pings: set[asyncio.Task[None]] = set()

    def claim(self, conversation: Conversation, epoch: int, credential: str) -> None:
        """A conversation has authenticated; ``epoch`` is the newest one in the store."""
        key = _key(conversation)
        ownership = self._ownerships.get(key)
        if ownership is None:
            newest = max(epoch, self._epochs.get(key, 0))
            ownership = Ownership(self._challenge_timeout_s, newest)
            self._ownerships[key] = ownership
        claim = Claim(conversation, conversation.link.facts.peer.host, credential)
        self._carry_out(key, conversation, ownership.claim(claim, _now()))

    def is_owner(self, conversation: Conversation) -> bool:
        """Whether it speaks for its station."""
        ownership = self._ownerships.get(_key(conversation))
        return ownership is not None and ownership.owner is conversation

    def ended(self, conversation: Conversation) -> None:
        """A link is over, for whatever reason; who waits for its station has it now."""
        key = _key(conversation)
        ownership = self._ownerships.get(key)
        if ownership is None:
            return
        self._carry_out(key, conversation, ownership.closed(conversation))
        if ownership.idle:
            self._epochs[key] = ownership.epoch
            del self._ownerships[key]

    def _carry_out(self, key: Key, asked_by: Conversation, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Grant(connection=conversation, epoch=epoch):
                    _of(conversation).epoch = epoch
                    self._granted(_of(conversation))
                case Close(connection=conversation):
                    self._lost(_of(conversation))
                    _of(conversation).link.close(CloseCode.POLICY_VIOLATION, "taken over")
                case Ping(connection=conversation):
                    self._ping(key, _of(conversation))
                case Refuse(connection=conversation, reason=reason):
                    _of(conversation).link.close(CloseCode.POLICY_VIOLATION, reason)
                case Alarm():
                    self._alarm(asked_by, effect)
        self._watch(key)

    def _ping(self, key: Key, conversation: Conversation) -> None:
        task = asyncio.get_running_loop().create_task(self._wait_for_pong(key, conversation))
        self._pings.add(task)
        task.add_done_callback(self._pings.discard)

    async def _wait_for_pong(self, key: Key, conversation: Conversation) -> None:
        with suppress(LinkClosed):  # then ``ended`` says so
            await conversation.link.ping()
            ownership = self._ownerships.get(key)
            if ownership is not None:
                self._carry_out(key, conversation, ownership.pong(conversation))

    def _watch(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        ownership = self._ownerships.get(key)
        if ownership is not None and ownership.deadline is not None:
            loop = asyncio.get_running_loop()
            self._timers[key] = loop.call_at(ownership.deadline, self._expire, key)

    def _expire(self, key: Key) -> None:
        ownership = self._ownerships.get(key)
        if ownership is not None and ownership.owner is not None:
            self._carry_out(key, _of(ownership.owner), ownership.expire(_now() + 0.001))

    def stop(self) -> None:
        """End all waiting."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._pings:
            task.cancel()


def _key(conversation: Conversation) -> Key:
    return conversation.station.tenant_id, conversation.station.id


def _of(connection: Any) -> Conversation:
    assert isinstance(connection, Conversation)
    return connection


def _now() -> float:
    return asyncio.get_running_loop().time()
