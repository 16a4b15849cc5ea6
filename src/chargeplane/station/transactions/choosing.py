"""Which EVSE a driver means who holds a card to the reader."""

from __future__ import annotations

from chargeplane.domain.tokens import IdToken
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub

__all__ = ["evse_for", "same_session"]


def evse_for(hub: Hub, token: IdToken, evse_id: int | None) -> Evse | None:
    """The EVSE that was named, or the one that the token is charging at, or one that waits for it.

    A vehicle that waits for a token comes before an EVSE that is empty.
    """
    if evse_id is not None:
        return hub.evses.get(evse_id)
    evses = list(hub.evses.values())
    mine = [each for each in evses if each.token is not None and each.token.same_as(token)]
    free = [
        each
        for each in evses
        if each.token is None
        and each.is_operative
        and hub.takes_sessions
        and not each.fault
        and hub.bookings.may_admit(each, token)
    ]
    booked = [each for each in free if each.is_reserved and hub.bookings.admits(each, token, None)]
    waiting = [each for each in free if each.is_plugged and not each.served]
    empty = [each for each in free if not each.is_plugged]
    return next(iter([*mine, *booked, *waiting, *empty, *free]), None)


def same_session(evse: Evse, group_id: str | None) -> bool:
    """Whether a token of this group may end what another one started (C09)."""
    transaction = evse.transaction
    return bool(
        group_id
        and transaction is not None
        and transaction.group_id
        and transaction.group_id.casefold() == group_id.casefold()
    )
