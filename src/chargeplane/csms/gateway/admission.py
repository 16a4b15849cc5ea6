"""Who may connect: the identity must be known, the password right, the profile high enough.

Authentication comes before anything is touched that belongs to the station. All refusals look the
same from outside: whoever guesses learns nothing (facts are in the inbox of unknown stations).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select, update

from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.lookup import Lookup
from chargeplane.csms.inventory import Known, stations, unknown_stations
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.links import Accept, Attempt, LinkSettings, Refuse
from chargeplane.runtime.passwords import is_right
from chargeplane.runtime.settings import UnknownStations
from chargeplane.runtime.store import Function, Store, StoreError, insert_new, storable, tenants

__all__ = ["Admission", "Admitted", "Visitor", "basic_credentials"]

_log = logging.getLogger(__name__)
_CHALLENGE = (("WWW-Authenticate", 'Basic realm="OCPP", charset="UTF-8"'),)
UNKNOWN_STATIONS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """What admission has learnt, for the owner of the link."""

    known: Known
    credential: str
    """A fingerprint of the password, to tell one station that dials twice from two."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who says which station it is, over WebSocket or SOAP."""

    identity: str
    name: str | None
    """Of HTTP Basic authentication."""
    password: bytes | None
    host: str
    is_encrypted: bool
    offered: tuple[str, ...]
    """What it can speak."""


class Admission:
    """Answers each attempt to connect."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        unknown: UnknownStations = UnknownStations.REFUSE,
        min_security_profile: int = 1,
        tenant_id: UUID = tenants.DEFAULT_TENANT_ID,
        alarm: Callable[[str, str], None] = lambda identity, reason: None,
    ) -> None:
        """For the stations in a store; unknown ones are adopted for ``tenant_id``."""
        self._store = store
        self._lookup = Lookup(store)
        self._clock = clock
        self._unknown = unknown
        self._min_security_profile = min_security_profile
        self._tenant_id = tenant_id
        self._alarm = alarm

    async def __call__(self, attempt: Attempt) -> Accept | Refuse:
        """The verdict about an attempt."""
        name, password = basic_credentials(attempt.headers.get("Authorization"))
        identity = attempt.identity or name  # some stations send no path, but a user name
        if not identity:
            return Refuse(HTTPStatus.NOT_FOUND, reason="the path names no station")
        verdict = await self.judge(
            Visitor(
                identity,
                name,
                password,
                attempt.peer.host,
                attempt.tls is not None,
                attempt.offered,
            )
        )
        return self._accept(attempt, verdict) if isinstance(verdict, Admitted) else verdict

    async def judge(self, visitor: Visitor) -> Admitted | Refuse:
        """Whether a visitor is the station that it says it is, and may be here."""
        identity = visitor.identity
        try:
            known = await self._lookup.find(identity)
            if known is None:
                return await self._strange(visitor)
        except StoreError as error:
            _log.warning("station %s has to wait: %s", identity, error)
            return Refuse(HTTPStatus.SERVICE_UNAVAILABLE, (("Retry-After", "5"),), "try again")
        if not self._may(visitor, known):
            self._alarm(identity, "wrong credentials")
            return Refuse(HTTPStatus.UNAUTHORIZED, _CHALLENGE, "wrong credentials")
        fingerprint = hashlib.sha256(visitor.password or b"").hexdigest()[:16]
        return Admitted(known, fingerprint)

    def _may(self, visitor: Visitor, known: Known) -> bool:
        """Whether the credentials are those of the station's profile (A00.FR.001 to 207)."""
        if known.security_profile < self._min_security_profile:
            return False
        if known.security_profile >= 2 and not visitor.is_encrypted:
            return False
        if known.security_profile == 0:
            return True
        password = visitor.password
        if known.password_hash is None or password is None or visitor.name != known.id:
            return False
        return is_right(password, known.password_hash)

    def _accept(self, attempt: Attempt, admitted: Admitted) -> Accept:
        # A station that offers nothing speaks 1.6: all that were ever seen do (row 1).
        default = None if attempt.offered else Version.V1_6.subprotocol
        return Accept(
            admitted.known.id,
            default_subprotocol=default,
            settings=_link_settings(admitted.known.ping_interval_s),
            context=admitted,
        )

    async def _strange(self, visitor: Visitor) -> Admitted | Refuse:
        """Nobody has registered this station."""
        now, unknown = self._clock.now(), self._unknown
        if unknown is UnknownStations.REFUSE or self._min_security_profile > 0:
            remember = partial(
                remember_unknown,
                tenant_id=self._tenant_id,
                identity=visitor.identity,
                remote_host=visitor.host,
                subprotocols=visitor.offered,
                now=now,
            )
            await self._store.write(Function(remember))
            return Refuse(HTTPStatus.UNAUTHORIZED, _CHALLENGE, "wrong credentials")
        registration = (
            Registration.ACCEPTED if unknown is UnknownStations.ACCEPT else Registration.PENDING
        )
        known = Known(self._tenant_id, visitor.identity, 0, None, registration, 0)
        await self._store.write(Function(partial(register, known=known, now=now)))
        return Admitted(known, "")


def basic_credentials(authorization: str | None) -> tuple[str | None, bytes | None]:
    """The user name and password of HTTP Basic authentication; the password may be any bytes."""
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.casefold() != "basic":
        return None, None
    try:
        name, _, password = base64.b64decode(text.strip(), validate=True).partition(b":")
        return name.decode(), password
    except (binascii.Error, UnicodeDecodeError):
        return None, None


def _link_settings(ping_interval_s: int | None) -> LinkSettings | None:
    """The settings of a station's link, where they differ from those of all others."""
    if ping_interval_s is None:
        return None
    return LinkSettings(ping_interval_s=float(ping_interval_s) or None)


def register(connection: Connection, known: Known, now: datetime, **more: Any) -> bool:
    """Add a station unless it is there; True if it is new."""
    return insert_new(connection, stations, {**known._asdict(), "created_at": now, **more})


def remember_unknown(
    connection: Connection,
    *,
    tenant_id: UUID,
    identity: str,
    remote_host: str,
    subprotocols: tuple[str, ...],
    now: datetime,
) -> None:
    """Put an attempt into the inbox of unknown stations."""
    row = {
        "tenant_id": tenant_id,
        "id": storable(identity),
        "remote_host": remote_host,
        "subprotocols": storable(", ".join(subprotocols)),
        "reason": "unknown",
        "first_seen_at": now,
        "last_seen_at": now,
        "attempts": 1,
    }
    if insert_new(connection, unknown_stations, row):
        mine = unknown_stations.c.tenant_id == tenant_id
        newest_first = unknown_stations.c.last_seen_at.desc()
        old = select(unknown_stations.c.id).where(mine).order_by(newest_first)
        beyond = old.limit(100).offset(UNKNOWN_STATIONS_MAX)
        connection.execute(delete(unknown_stations).where(mine, unknown_stations.c.id.in_(beyond)))
    else:
        connection.execute(
            update(unknown_stations)
            .where(unknown_stations.c.tenant_id == tenant_id, unknown_stations.c.id == row["id"])
            .values(
                last_seen_at=now, remote_host=remote_host, attempts=unknown_stations.c.attempts + 1
            )
        )
