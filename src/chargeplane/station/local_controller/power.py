"""The power of the site: what stations need goes into ``sharing``, its orders go to stations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station.local_controller.needs import Needs
from chargeplane.station.local_controller.profiles import answer_of, limiting
from chargeplane.station.local_controller.session import Session
from chargeplane.station.local_controller.sharing import Sharing

__all__ = ["Power"]

_BOOT = v16.BootNotificationRequest | v21.BootNotificationRequest


class Power:
    """Joins the stations that are here with the rules of sharing."""

    def __init__(
        self,
        sessions: Mapping[str, Session],
        limit_w: float | None,
        *,
        least_w: float,
        stack_level: int,
    ) -> None:
        """Nobody is here yet.

        Args:
            sessions: the stations that are here, kept by the controller.
            limit_w: of the site; None: none.
            least_w: the least share that is given to an EVSE.
            stack_level: of the profile that limits a station.
        """
        self.sharing = Sharing(limit_w, least_w=least_w)
        self._sessions = sessions
        self._stack_level = stack_level
        self._needs: dict[str, Needs] = {}
        self._here: set[str] = set()
        self._limit_w = limit_w
        self._central_w: float | None = None

    def set_limit(self, limit_w: float | None) -> None:
        """What the site may take."""
        self._limit_w = limit_w
        self._limit()

    def set_central_limit(self, limit_w: float | None) -> None:
        """What the central system allows the whole site (K03)."""
        self._central_w = limit_w
        self._limit()

    def _limit(self) -> None:
        limits = [each for each in (self._limit_w, self._central_w) if each is not None]
        self.sharing.limit_w = min(limits, default=None)
        self._order()

    def heard(self, identity: str, request: Request) -> None:
        """A station says something. Who has not booted yet is told nothing (B02.FR.02)."""
        if isinstance(request, _BOOT):
            return
        needs = self._needs.setdefault(identity, Needs())
        if needs.heard(request):
            self._need(identity, needs)
        self.join(identity)

    def answered(self, identity: str, request: Request, response: Response) -> None:
        """A station was answered, by the central system or without it."""
        needs = self._needs.setdefault(identity, Needs())
        if needs.answered(request, response):
            self._need(identity, needs)

    def _need(self, identity: str, needs: Needs) -> None:
        if identity in self._here:
            self.sharing.needs(identity, needs.evses(), needs.priorities())
            self._order()

    def join(self, identity: str) -> None:
        """A station is here, and in service."""
        if identity in self._here or identity not in self._sessions:
            return
        self._here.add(identity)
        self.sharing.joined(identity)
        self._need(identity, self._needs.setdefault(identity, Needs()))

    def leave(self, identity: str) -> None:
        """It is gone."""
        if identity in self._here:
            self._here.discard(identity)
            self.sharing.left(identity)
            self._order()

    def _order(self) -> None:
        """Give the orders that are due."""
        for order in self.sharing.due():
            session = self._sessions[order.identity]
            family = session.guest.version.newest_of_family
            request = limiting(family, order.limit_w, self._stack_level)
            session.ask(request, partial(self._settled, order.identity))

    def _settled(self, identity: str, response: Response | None) -> None:
        if identity in self._here:
            self.sharing.settled(identity, answer_of(response))
            self._order()
