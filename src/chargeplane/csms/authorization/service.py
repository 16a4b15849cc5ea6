"""The rules: whether a token may charge. Version-neutral."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from chargeplane.csms.authorization import tables
from chargeplane.csms.authorization.tables import Token
from chargeplane.csms.contract import Heard, Station, Usage
from chargeplane.csms.preferences import PreferencesOf, UnknownTokens, defaults
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.events import Event, IdTokenAuthorized, IdTokenPresented
from chargeplane.domain.tokens import Authorization, IdToken, TokenStatus
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Row, Rows, Store, StoreError

__all__ = ["Answer", "Authorizer", "decide"]

_log = logging.getLogger(__name__)

NO_TOKEN: Final = "noauthorization"
"""The type of the empty token of somebody who pressed the start button (C02)."""
KEY_CODE: Final = "keycode"
"""The type of what somebody has typed in. That it may not charge here is all that is told of one,
and not whether it may elsewhere (C04.FR.01)."""
_NOT_TOLD: Final = frozenset({TokenStatus.UNKNOWN, TokenStatus.NOT_AT_THIS_LOCATION})
FROM_US: Final = "central"
"""The type of a token that we gave to the station ourselves (C05), whatever kind it really is."""

# When a token was presented last is written at most so often.
SEEN_EVERY: Final = timedelta(seconds=60)


class Answer(NamedTuple):
    """The decision about a presented token, and what it leaves."""

    authorization: Authorization
    rows: tuple[Row, ...]
    events: tuple[Event, ...]


def decide(token: Token, presented: IdToken, station_id: str, now: datetime) -> TokenStatus:
    """Whether a token of the table may charge at a station now.

    A token of another type is another token (C01.FR.25), unless we named the type ourselves.
    """
    if presented.type.casefold() != FROM_US and not token.id_token.same_as(presented):
        return TokenStatus.INVALID
    if token.status is not TokenStatus.ACCEPTED:
        return token.status
    if token.expires_at is not None and token.expires_at <= now:
        return TokenStatus.EXPIRED
    if token.station_ids is not None and station_id not in token.station_ids:
        return TokenStatus.NOT_AT_THIS_LOCATION
    return TokenStatus.ACCEPTED


class Authorizer:
    """Decides about tokens. It is the ``contract.Authorize`` of the other blocks."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        usage: Usage,
        preferences: PreferencesOf = defaults,
    ) -> None:
        """Look tokens up in a store, and ask ``usage`` for their active transactions.

        ``preferences`` say what becomes of tokens that nobody has added.
        """
        self._store = store
        self._clock = clock
        self._usage = usage
        self._preferences = preferences

    async def __call__(
        self,
        station: Station,
        id_token: IdToken,
        evse: EvseAddress | None = None,
        *,
        wire_id: str | None = None,
        starts: bool = True,
    ) -> Authorization:
        """The decision about a token in a transaction (``contract.Authorize``)."""
        now = self._clock.now()
        token, authorization = await self._look_up(station, id_token, now)
        self._note(_seen(station, token, now))
        is_good = authorization.status is TokenStatus.ACCEPTED
        if not starts or not is_good or _is_nobody(id_token):
            return authorization
        besides = (station.id, wire_id) if wire_id is not None else None
        active_count = await self._usage(station.tenant_id, id_token, besides)
        if active_count < (token.transactions_max if token else 1):
            return authorization
        return Authorization(
            TokenStatus.CONCURRENT_TRANSACTION, authorization.group_id, authorization.expires_at
        )

    async def answer(
        self, heard: Heard, id_token: IdToken, refusal: TokenStatus | None = None
    ) -> Answer:
        """The decision about a token that is only presented.

        Args:
            heard: the request.
            id_token: the token.
            refusal: what stands against it, whatever the table says.
        """
        station = heard.station
        token, authorization = await self._look_up(station, id_token, heard.received_at)
        if refusal is not None and authorization.status is TokenStatus.ACCEPTED:
            authorization = Authorization(refusal, authorization.group_id)
        told: dict[str, Any] = {
            "tenant_id": station.tenant,
            "station_id": station.id,
            "reported_at": heard.received_at,
            "received_at": heard.received_at,
            "frame_id": heard.frame,
            "id_token": IdToken(id_token.value, id_token.type, authorization.group_id),
        }
        return Answer(
            authorization,
            _seen(station, token, heard.received_at),
            (IdTokenPresented(**told), IdTokenAuthorized(**told, status=authorization.status)),
        )

    async def _look_up(
        self, station: Station, id_token: IdToken, now: datetime
    ) -> tuple[Token | None, Authorization]:
        if _is_nobody(id_token):
            return None, Authorization(TokenStatus.ACCEPTED)
        if not id_token.is_known or id_token.is_cut:
            return None, Authorization(TokenStatus.INVALID)
        tenant_id = station.tenant_id
        token = await self._store.read(partial(tables.find, tenant_id=tenant_id, key=id_token.key))
        if token is None:
            await self._record(tenant_id, id_token, station.id, now)
            return None, Authorization(_told(id_token, self._of_unknown(tenant_id)))
        status = decide(token, id_token, station.id, now)
        if status is TokenStatus.UNKNOWN:
            status = self._of_unknown(tenant_id)
        return token, Authorization(_told(id_token, status), token.group_id, token.expires_at)

    def _of_unknown(self, tenant_id: UUID) -> TokenStatus:
        is_welcome = self._preferences(tenant_id).unknown_tokens is UnknownTokens.ACCEPT
        return TokenStatus.ACCEPTED if is_welcome else TokenStatus.UNKNOWN

    async def _record(
        self, tenant_id: UUID, id_token: IdToken, station_id: str, now: datetime
    ) -> None:
        """Written on its own, since only the writer knows whether the token is still unknown."""
        work = partial(
            tables.record, tenant_id=tenant_id, token=id_token, station_id=station_id, now=now
        )
        await self._store.write(Function(work))

    def _note(self, rows: tuple[Row, ...]) -> None:
        if not rows:
            return

        def told(_: object, error: Exception | None) -> None:
            if error is not None:
                _log.warning("that a token was seen is not stored: %s", error)

        try:
            self._store.submit(Rows(rows), told)
        except StoreError as error:
            told(None, error)


def _is_nobody(id_token: IdToken) -> bool:
    """True for the token of the start button, which is always accepted (C02.FR.02)."""
    return id_token.type.casefold() == NO_TOKEN


def _told(id_token: IdToken, status: TokenStatus) -> TokenStatus:
    is_key_code = id_token.type.casefold() == KEY_CODE
    return TokenStatus.INVALID if is_key_code and status in _NOT_TOLD else status


def _seen(station: Station, token: Token | None, now: datetime) -> tuple[Row, ...]:
    if token is None:
        return ()
    last, where = token.last_seen_at, token.last_seen_station_id
    if last is not None and where == station.id and now - last < SEEN_EVERY:
        return ()
    return (tables.seen(station.tenant_id, token, station.id, now),)
