"""What a controller answers a station by itself while the central system is away (2.x).

Part 4, 6.3 (errata 2025-02 and 2025-06) lets it keep stations connected if it can do that, and if
it delivers what belongs to transactions later.

* Heartbeat: the time.
* BootNotification: as the central system answered this station before. One that the central system
  has never accepted is not served.
* Authorize: as the central system answered for this token before, at any station of the site.
* A TransactionEvent with a token that nobody knows is accepted, since the station has let it charge
  by its own rules; the central system decides when it hears of it.
* All that needs no more than "heard": heard, and delivered later.
* Everything else is refused: only the central system can say it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import fields

from chargeplane.ocpp import v21
from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET, Request, Response
from chargeplane.station.local_controller.backlog import Lane

__all__ = ["Alone", "KnownTokens", "Reply"]

TOKENS_MAX = 2_000
_Authorization = v21.AuthorizationStatusEnumType
_Registration = v21.RegistrationStatusEnumType


class KnownTokens:
    """What the central system said of tokens, at all stations of the site; the newest stay."""

    def __init__(self, tokens_max: int = TOKENS_MAX) -> None:
        self._infos: dict[tuple[str, str], v21.IdTokenInfoType] = {}
        self._tokens_max = tokens_max

    def note(self, token: v21.IdTokenType, info: v21.IdTokenInfoType) -> None:
        """The central system has said this of it."""
        key = _key(token)
        self._infos.pop(key, None)
        self._infos[key] = info
        if len(self._infos) > self._tokens_max:
            del self._infos[next(iter(self._infos))]

    def find(self, token: v21.IdTokenType, now: datetime) -> v21.IdTokenInfoType | None:
        """What is known, as long as it may be used (``cacheExpiryDateTime``)."""
        info = self._infos.get(_key(token))
        until = UNSET if info is None else info.cache_expiry_date_time
        return None if until is not UNSET and until <= now else info


def _key(token: v21.IdTokenType) -> tuple[str, str]:
    return str(token.type), token.id_token.casefold()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a station is told."""

    said: Response | ErrorCode | None
    """None: nothing; its connection has to end, so that it knows that it is on its own."""
    lane: Lane | None = None
    """How the request goes to the central system later; None: it does not."""
    place: str = ""
    """As in ``Backlog.put``."""


class Alone:
    """The answers for one station."""

    def __init__(self, tokens: KnownTokens, time: Callable[[], datetime]) -> None:
        self._tokens = tokens
        self._time = time
        self.interval_s: int | None = None
        """What the central system wanted when it accepted the station; None: it never has."""

    def reply(self, request: Request) -> Reply:
        """The answer to a request, both in the types of 2.1."""
        match request:
            case v21.HeartbeatRequest():
                return Reply(v21.HeartbeatResponse(current_time=self._time()))
            case v21.BootNotificationRequest():
                return self._boot()
            case v21.AuthorizeRequest():
                return Reply(self._authorize(request))
            case v21.TransactionEventRequest():
                return Reply(self._transaction(request), Lane.TRANSACTIONS)
            case v21.StatusNotificationRequest():
                place = f"status {request.evse_id} {request.connector_id}"
                return Reply(v21.StatusNotificationResponse(), Lane.OTHERS, place)
        heard = _heard(request)
        return Reply(ErrorCode.GENERIC_ERROR) if heard is None else Reply(heard, Lane.OTHERS)

    def learn(self, request: Request, response: Response) -> None:
        """The central system has answered a request of the station."""
        match request, response:
            case v21.BootNotificationRequest(), v21.BootNotificationResponse():
                accepted = response.status is _Registration.ACCEPTED
                self.interval_s = response.interval if accepted else None
            case v21.AuthorizeRequest(), v21.AuthorizeResponse():
                self._tokens.note(request.id_token, response.id_token_info)
            case v21.TransactionEventRequest(), v21.TransactionEventResponse():
                if request.id_token and response.id_token_info:
                    self._tokens.note(request.id_token, response.id_token_info)

    def _boot(self) -> Reply:
        if self.interval_s is None:
            return Reply(None)
        response = v21.BootNotificationResponse(
            current_time=self._time(), interval=self.interval_s, status=_Registration.ACCEPTED
        )
        return Reply(response, Lane.BOOT)

    def _authorize(self, request: v21.AuthorizeRequest) -> Response:
        info = self._tokens.find(request.id_token, self._time())
        return v21.AuthorizeResponse(
            id_token_info=info or v21.IdTokenInfoType(status=_Authorization.UNKNOWN)
        )

    def _transaction(self, request: v21.TransactionEventRequest) -> Response:
        token = request.id_token
        if token is UNSET:
            return v21.TransactionEventResponse()
        info = self._tokens.find(token, self._time())
        return v21.TransactionEventResponse(
            id_token_info=info or v21.IdTokenInfoType(status=_Authorization.ACCEPTED)
        )


def _heard(request: Request) -> Response | None:
    """The answer that says no more than that a request was heard, if there is such an answer."""
    action = find(Version.V2_1, type(request).__name__.removesuffix("Request"))
    if action is None or action.response is None:
        return None
    return None if any(each.required for each in fields(action.response)) else action.response()
