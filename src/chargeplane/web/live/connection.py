"""The conversation with one client: it subscribes, it ends subscriptions, and it is told."""

from __future__ import annotations

import logging
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from chargeplane.runtime.rest import Principal, Problem
from chargeplane.runtime.store import StoreError
from chargeplane.web.live.feed import Feed
from chargeplane.web.live.hub import Hub
from chargeplane.web.live.outbox import Outbox

__all__ = ["SUBSCRIPTIONS_MAX", "Connection", "Said", "problem_message", "read"]

_log = logging.getLogger(__name__)

SUBSCRIPTIONS_MAX = 20
"""Of one connection."""

Name = Annotated[str, Meta(min_length=1, max_length=100)]


class Said(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message of a client: one of ``token``, ``subscribe`` with ``view``, ``unsubscribe``."""

    token: str | UnsetType = UNSET
    subscribe: Name | UnsetType = UNSET
    view: Name | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET
    unsubscribe: Name | UnsetType = UNSET


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Said).decode


def read(text: str | bytes) -> Said:
    """What a client has said.

    Raises:
        Problem: it cannot be understood.
    """
    try:
        return _decode(text)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise Problem.of_field(path.strip(".`") or "message", message) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Problem.of_field("message", f"not JSON: {error}") from error


def problem_message(name: str | None, problem: Problem) -> bytes:
    """Tells a client what is wrong; ``name``: with which of its subscriptions."""
    return b'{"id":%s,"problem":%s}' % (_encode(name), problem.encoded())


class _Subscription:
    """One view that a client sees, under the name that the client gave it."""

    def __init__(self, name: str, connection: Connection) -> None:
        self.name = name
        self.head = b'{"id":%s,' % _encode(name)
        self.feed: Feed | None = None
        self._connection = connection

    def deliver(self, tail: bytes) -> None:
        if self.feed is not None:
            self._connection.outbox.patch(self.head, tail, self.feed.snapshot)

    def broken(self, problem: Problem) -> None:
        self._connection.broken(self, problem)


class Connection:
    """One client. Its socket is elsewhere."""

    def __init__(
        self,
        hub: Hub,
        principal: Principal,
        outbox: Outbox,
        subscriptions_max: int = SUBSCRIPTIONS_MAX,
    ) -> None:
        self.outbox = outbox
        self._hub = hub
        self._principal = principal
        self._subscriptions_max = subscriptions_max
        self._subscriptions: dict[str, _Subscription] = {}

    async def receive(self, text: str | bytes) -> None:
        """Do what a message asks for, or tell what is wrong with it. One message at a time."""
        name: str | None = None
        try:
            said = read(text)
            if isinstance(said.unsubscribe, str):
                name = said.unsubscribe
                self._end(name)
            elif isinstance(said.subscribe, str):
                name = said.subscribe
                await self._begin(name, said)
            else:
                raise Problem.of_field("message", "say subscribe and view, or unsubscribe")
        except Problem as problem:
            self.outbox.say(problem_message(name, problem))
        except StoreError as error:
            _log.warning("a view could not be read: %s", error)
            title = "The database does not answer; try again"
            self.outbox.say(problem_message(name, Problem("store-unavailable", 503, title)))

    async def _begin(self, name: str, said: Said) -> None:
        if not isinstance(said.view, str):
            raise Problem.of_field("view", "which view?")
        if name in self._subscriptions:
            raise Problem.conflict("subscription-exists", f"{name} is a subscription already")
        if len(self._subscriptions) >= self._subscriptions_max:
            detail = f"{self._subscriptions_max} of one connection are the most"
            status = HTTPStatus.TOO_MANY_REQUESTS
            raise Problem("too-many-subscriptions", status, "Too many subscriptions", detail)
        parameters = {} if isinstance(said.parameters, UnsetType) else said.parameters
        subscription = _Subscription(name, self)
        feed = await self._hub.open(self._principal, said.view, parameters, subscription)
        subscription.feed = feed
        self._subscriptions[name] = subscription
        self.outbox.say(subscription.head + feed.snapshot())

    def _end(self, name: str) -> None:
        subscription = self._subscriptions.pop(name, None)
        if subscription is None:
            raise Problem.not_found("subscription", name)
        self._leave(subscription)

    def _leave(self, subscription: _Subscription) -> None:
        if subscription.feed is not None:
            self._hub.close(subscription.feed, subscription)
        self.outbox.forget(subscription.head)

    def broken(self, subscription: _Subscription, problem: Problem) -> None:
        """A subscription has ended by itself."""
        self._subscriptions.pop(subscription.name, None)
        self.outbox.forget(subscription.head)
        self.outbox.say(problem_message(subscription.name, problem))

    def beat(self, now: datetime) -> None:
        """Show that the server lives, unless something is on its way that shows it as well."""
        if self.outbox.is_idle:
            self.outbox.say(b'{"heartbeat":%s}' % _encode(now))

    def close(self) -> None:
        """The client has gone."""
        for subscription in self._subscriptions.values():
            self._leave(subscription)
        self._subscriptions.clear()
