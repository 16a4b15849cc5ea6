"""Who may come in: whom the central system lets in, and without it, whom it let in before."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from hashlib import blake2b
from hmac import compare_digest
from http import HTTPStatus

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import Accept, Attempt, HandshakeRefused, Refuse
from chargeplane.runtime.pki import PkiFault, from_der, names_of
from chargeplane.station.local_controller.relay import Relay
from chargeplane.station.local_controller.session import Guest
from chargeplane.station.local_controller.upstream import Upstream

__all__ = ["Authorize", "Entrance", "own_credentials"]

STATIONS_MAX = 500
"""Stations that are known, connected or not; one more is refused."""

Authorize = Callable[[Attempt], str | None]
"""What is shown to the central system as ``Authorization`` of a station that wants to come in.

It may raise PermissionError: the station is refused.
"""


def own_credentials(attempt: Attempt) -> str | None:
    """The station's own ``Authorization``.

    The central system sees the controller's certificate, not the station's, so the controller has
    to look at that one (6.5).

    Raises:
        PermissionError: the certificate is another station's.
    """
    certificate = attempt.tls.client_certificate if attempt.tls else None
    if certificate is not None and attempt.identity not in _names_in(certificate):
        raise PermissionError("the certificate is another station's")
    return attempt.headers.get("Authorization")


def _names_in(certificate: bytes) -> frozenset[str]:
    try:
        return names_of(from_der(certificate))
    except PkiFault as fault:
        raise PermissionError(str(fault)) from fault


def _passed_on(status: int) -> HTTPStatus:
    """What a station is told instead of a refusal: the same, if it is one."""
    try:
        known = HTTPStatus(status)
    except ValueError:
        return HTTPStatus.BAD_GATEWAY
    return known if known >= HTTPStatus.BAD_REQUEST else HTTPStatus.BAD_GATEWAY


class Entrance:
    """Answers the attempts of stations to connect."""

    def __init__(
        self,
        upstream: Upstream,
        authorization: Authorize,
        relays: Mapping[str, Relay],
        relay_of: Callable[[str], Relay],
        welcome: Callable[[Guest], None],
    ) -> None:
        """Nobody has come yet.

        Args:
            upstream: where the central system is.
            authorization: what is shown there for a station.
            relays: of the stations that are known.
            relay_of: the relay of a station, which is known from then on.
            welcome: told of each station that may come in, before it does.
        """
        self._upstream = upstream
        self._authorization = authorization
        self._relays = relays
        self._relay_of = relay_of
        self._welcome = welcome
        self._shown: dict[str, bytes] = {}
        """A digest of the credentials that the central system has accepted, by identity."""
        self._secret = secrets.token_bytes(32)

    async def admit(self, attempt: Attempt) -> Accept | Refuse:
        """As the central system says; without it, as it has said before."""
        identity = attempt.identity
        if identity is None or not attempt.offered:
            return Refuse(HTTPStatus.NOT_FOUND if identity is None else HTTPStatus.BAD_REQUEST)
        if identity not in self._relays and len(self._relays) >= STATIONS_MAX:
            return Refuse(HTTPStatus.SERVICE_UNAVAILABLE, reason="too many stations")
        try:
            shown = self._authorization(attempt)
        except PermissionError as error:
            return Refuse(HTTPStatus.UNAUTHORIZED, reason=str(error) or "refused")
        url = self._upstream.url_of(identity, attempt.target)
        try:
            line = await self._upstream.dial(url, attempt.offered, shown)
        except HandshakeRefused as refusal:
            if refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR or not refusal.status:
                return self._admit_alone(attempt, identity, url, shown)
            if self._shown.get(identity) == self._digest(shown):  # and not whoever tries the door
                del self._shown[identity]
            return Refuse(_passed_on(refusal.status), reason="the central system refuses")
        except OSError:
            return self._admit_alone(attempt, identity, url, shown)
        version = Version.of_subprotocol(line.subprotocol or "")
        if version is None:
            line.close()
            return Accept(identity, ())  # it is told as the central system tells it
        self._shown[identity] = self._digest(shown)
        return self._let_in(Guest(self._relay_of(identity), version, url, shown, line))

    def _admit_alone(
        self, attempt: Attempt, identity: str, url: str, shown: str | None
    ) -> Accept | Refuse:
        away = Refuse(HTTPStatus.SERVICE_UNAVAILABLE, reason="the central system is away")
        relay, known = self._relays.get(identity), self._shown.get(identity)
        if relay is None or known is None or not compare_digest(known, self._digest(shown)):
            return away
        spoken = (Version.of_subprotocol(each) for each in attempt.offered)
        version = next((each for each in spoken if each in (Version.V2_1, Version.V2_0_1)), None)
        if version is None or not relay.may_begin_alone:
            return away
        return self._let_in(Guest(relay, version, url, shown, None))

    def _let_in(self, guest: Guest) -> Accept:
        self._welcome(guest)
        return Accept(guest.relay.identity, (guest.version.subprotocol,), context=guest)

    def _digest(self, shown: str | None) -> bytes:
        return blake2b((shown or "").encode(), key=self._secret).digest()
