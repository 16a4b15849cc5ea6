"""Who may start and stop transactions: tokens at the reader, and starts from afar."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.tokens import IdToken
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    AuthorizationWanted,
    Cause,
    Decision,
    StartWanted,
    Tapped,
    TokenDecided,
)
from chargeplane.station.transactions.choosing import evse_for, same_session
from chargeplane.station.transactions.sessions import Sessions

__all__ = ["Admitting"]

_RESERVED = "the EVSE is reserved"


class Admitting:
    """Finds out about tokens, and lets their drivers charge, or stop."""

    def __init__(self, hub: Hub, sessions: Sessions) -> None:
        """Args: the hub, and what is started and stopped."""
        self._hub = hub
        self._sessions = sessions
        hub.hears(Tapped, self._on_tapped)
        hub.hears(StartWanted, self._on_start_wanted)

    def _on_tapped(self, tap: Tapped) -> None:
        hub = self._hub
        evse = evse_for(hub, tap.token, tap.evse_id)
        if evse is not None and evse.token is not None and evse.token.same_as(tap.token):
            # Who started may always stop, without being asked for again (C01, E07).
            self._stop_by(tap.token, evse)
            return
        refusal = self._reason_against(tap, evse)
        if refusal:
            self._refuse(tap, refusal)
            return
        group_id = evse.transaction.group_id if evse and evse.transaction else None
        decided = partial(self._on_decided, evse, tap.token)
        hub.tell(AuthorizationWanted(tap.token, decided, group_id))

    def _reason_against(self, tap: Tapped, evse: Evse | None) -> str:
        """Why nobody need be asked about a token; empty: somebody must be."""
        if evse is None:
            # It may still be of the group of one who charges, or may end them all.
            return "" if tap.evse_id is None and self._hub.is_busy else "no EVSE is free"
        if evse.token is not None:
            return ""
        if not self._sessions.may_start(evse):
            return "the EVSE is out of operation"
        return "" if self._hub.bookings.may_admit(evse, tap.token) else _RESERVED

    def _on_decided(self, evse: Evse | None, token: IdToken, decision: Decision) -> None:
        if evse is None:
            running = self._hub.transactions()
            group_id = decision.group_id
            evse = next((each for each in running if same_session(each, group_id)), None)
        evse_id = evse.id if evse else None
        refusal = "" if decision.accepted else decision.status
        if not refusal and decision.is_master:
            self._stop_all(token, decision)
            return
        if not refusal and evse is None:
            refusal = "no EVSE is free"
        elif not refusal and evse is not None:
            refusal = self._admission(evse, token, decision)
        if refusal or evse is None:
            self._hub.tell(TokenDecided(token, False, refusal, evse_id))
        elif evse.token is None:
            self._hub.tell(TokenDecided(token, True, decision.status, evse_id))
            self._sessions.authorize(evse, token, Cause.AUTHORIZED, decision.group_id, None)
        else:
            self._stop_by(token, evse)

    def _admission(self, evse: Evse, token: IdToken, decision: Decision) -> str:
        """Why an accepted token may not start, or stop, here; empty: it may."""
        if evse.token is not None:
            return "" if same_session(evse, decision.group_id) else "the EVSE is taken"
        if decision.evse_ids and evse.id not in decision.evse_ids:
            return "NotAtThisLocation"
        admitted = self._hub.bookings.admits(evse, token, decision.group_id)
        return "" if admitted else _RESERVED

    def _stop_all(self, token: IdToken, decision: Decision) -> None:
        """A master pass ends all transactions, and starts none (C16)."""
        running = list(self._hub.transactions())
        status = decision.status if running else "there is nothing to end"
        self._hub.tell(TokenDecided(token, bool(running), status))
        for evse in running:
            self._sessions.stop(evse, Cause.MASTER_PASS, token)

    def _stop_by(self, token: IdToken, evse: Evse) -> None:
        self._hub.tell(TokenDecided(token, True, "Accepted", evse.id))
        self._sessions.stop(evse, Cause.LOCAL_STOP, token)

    def _refuse(self, tap: Tapped, why: str) -> None:
        self._hub.tell(TokenDecided(tap.token, False, why, tap.evse_id))

    def _on_start_wanted(self, wanted: StartWanted) -> None:
        evse, bookings = self._hub.evses[wanted.evse_id], self._hub.bookings

        def decided(decision: Decision) -> None:
            free = evse.token is None and not decision.is_master
            if (
                decision.accepted
                and free
                and bookings.admits(evse, wanted.token, decision.group_id or wanted.group_id)
            ):
                self._sessions.authorize(
                    evse,
                    wanted.token,
                    Cause.REMOTE_START,
                    decision.group_id,
                    wanted.remote_start_id,
                )

        if self._hub.variables.flag("AuthCtrlr", "AuthorizeRemoteStart"):
            self._hub.tell(AuthorizationWanted(wanted.token, decided))
        else:
            decided(Decision(True, "Accepted", wanted.group_id))
