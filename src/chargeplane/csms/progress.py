"""How far something is that a station was asked for, does after its answer, and tells of meanwhile.

Logs that it uploads, and firmware that it installs:

    asked -> accepted -> what the station tells of it -> done | failed | cancelled
          -> refused | unsupported
          -> unanswered, which anything the station says later mends

What is told belongs to a request by its id (1.x has messages without one: the latest request
without an id is meant). It comes late, twice, out of order, after a restart, or before the answer
to the request itself. So the states are in an order in which they only ever move on (``Phases``),
and what is no further than what is known changes nothing (``Progress``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar

from sqlalchemy import Connection

from chargeplane.csms.contract import Ask, Decision, Heard, Station
from chargeplane.csms.records import Condition, Record, Records
from chargeplane.domain.commands import Accepted, NoAnswer, Outcome, Refused, Unsupported
from chargeplane.domain.events import Event
from chargeplane.ocpp.wire import Request, Response
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Change, Function, Store, StoreError, storable

__all__ = ["Phases", "Progress"]

_log = logging.getLogger(__name__)

_ANSWERED: Final[Mapping[type[Outcome], str]] = {
    Accepted: "accepted",
    Refused: "refused",
    Unsupported: "unsupported",
    NoAnswer: "unanswered",
}


class Asked(Record, Protocol):
    """What a record of such a request has, besides what is its own."""

    @property
    def station_id(self) -> str:
        """Who was asked."""

    @property
    def state(self) -> str:
        """How far it is."""

    @property
    def status(self) -> str | None:
        """The station's last word."""


S = TypeVar("S", bound=StrEnum)
R = TypeVar("R", bound=Asked)


class Phases(Generic[S]):
    """The states of such a request, in the order in which it moves on and never back."""

    def __init__(self, states: type[S], said: Mapping[str, S | None], otherwise: S) -> None:
        """The rules for one kind of request.

        Args:
            states: in their order, with those that an answer stands for among them.
            said: the state that each word of a station stands for; None: it says nothing.
            otherwise: for all other words; they are failures.
        """
        self.states = states
        self._rank = {state: rank for rank, state in enumerate(states)}
        self._said = said
        self._otherwise = otherwise

    def said(self, word: str) -> S | None:
        """What a station's word stands for; None: nothing."""
        return self._said.get(word, self._otherwise)

    def after_word(self, state: str, status: str | None, word: str) -> S | None:
        """The state after a word of the station, or None: it says nothing new.

        The same state in another word is new: ``Downloading``, and then ``DownloadPaused``.

        Args:
            state: what is known.
            status: the station's last word.
            word: what it says now.
        """
        said = self.said(word)
        if said is None:
            return None
        is_news = said != state or status != word
        return said if is_news and not self._is_further(state, said) else None

    def after_answer(self, state: str, outcome: Outcome) -> S | None:
        """The state after the outcome of the request; None: the station has told more already."""
        answered = self.states(_ANSWERED[type(outcome)])
        return answered if self._is_further(answered, state) else None

    def _is_further(self, state: str, than: str) -> bool:
        return self._rank[self.states(state)] > self._rank[self.states(than)]


Told = Callable[[R, Heard, str, str], Event]
"""The event of a request, of what was heard, of the new state and of the station's word for it."""
Settled = Callable[[Connection, R, Outcome, datetime], None]
"""What else an answer changes, beside the request itself, at a moment."""


@dataclass(eq=False)
class Progress(Generic[R, S]):
    """Keeps how far the requests of one kind are."""

    store: Store
    clock: Clock
    subject: str
    """What is asked for, in the log: ``log``."""
    records: Records[R]
    """With the columns station_id, request_id, state, status, reason and changed_at."""
    phases: Phases[S]
    told: Told[R]
    settled: Settled[R]
    sent: tuple[Condition, ...] = ()
    """Which of the records a station knows of; none: all."""
    _moved: Change = field(init=False)

    def __post_init__(self) -> None:
        columns = "tenant_id", "id", "state", "status", "changed_at"
        self._moved = Change(self.records.table, columns)

    def ask(
        self, request: Request, record: R, read: Callable[[Any], Accepted | Refused], id_name: str
    ) -> Ask:
        """Ask for it, and keep what comes of that.

        Args:
            request: the message.
            record: the request that is stored already.
            read: makes the outcome of the answer.
            id_name: what the response of the outcome calls the id of the record.
        """

        def told(response: Any) -> Outcome:
            outcome = read(response)
            more = {**outcome.response, id_name: str(record.id)}
            return type(outcome)(status=outcome.status, reason=outcome.reason, response=more)

        async def settle(outcome: Outcome) -> None:
            work = partial(self._settle, record=record, outcome=outcome, now=self.clock.now())
            try:
                await self.store.write(Function(work))
            except StoreError as error:
                _log.warning(
                    "the answer about a %s: %s", self.subject, error,
                    extra={"station_id": record.station_id},
                )  # fmt: skip

        return Ask(request, told, settle)

    def _settle(self, connection: Connection, record: R, outcome: Outcome, now: datetime) -> None:
        known = self.records.one(connection, record.tenant_id, record.id)
        if known is None:
            return
        state = self.phases.after_answer(known.state, outcome)
        if state is not None:  # else the station's later word stays
            self.records.change(
                connection, known.tenant_id, known.id,
                state=str(state),
                status=_storable(getattr(outcome, "status", None)),
                reason=_storable(outcome.reason),
                changed_at=now,
            )  # fmt: skip
        self.settled(connection, known, outcome, now)

    async def hear(
        self, heard: Heard, request_id: int | None, status: str, response: Response
    ) -> Decision:
        """A station tells how far it is. Only what moves the request on is kept, and waited for.

        Args:
            heard: what it says.
            request_id: of which request; None: the message has none.
            status: the word.
            response: the answer to it, which is always the same.
        """
        ignored = Decision(response, durable=False)
        if self.phases.said(status) is None:
            return ignored
        known = await self._known(heard.station, request_id)
        if known is None:
            _log.warning(
                "%s of a %s that was not asked for", status, self.subject,
                extra={"station_id": heard.station.id},
            )  # fmt: skip
            return ignored
        state = self.phases.after_word(known.state, known.status, status)
        if state is None:
            return ignored
        row = (known.tenant_id, known.id, str(state), status, heard.received_at)
        return Decision(
            response, ((self._moved, row),), (self.told(known, heard, str(state), status),)
        )

    async def _known(self, station: Station, request_id: int | None) -> R | None:
        each = self.records.table.c
        same = each.request_id.is_(None) if request_id is None else each.request_id == request_id
        look = partial(
            self.records.latest,
            tenant_id=station.tenant_id,
            only=(each.station_id == station.id, same, *self.sent),
            count_max=1,
        )
        found = await self.store.read(look)
        return found[0] if found else None


def _storable(text: str | None) -> str | None:
    return storable(text) if text else None
