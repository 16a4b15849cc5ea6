"""Who may connect: the identity must be known, the password right, the profile high enough.

Authentication comes before anything is touched that belongs to the station. All refusals look the
same from outside: whoever guesses learns nothing (facts are in the inbox of unknown stations).
"""

from __future__ import annotations

import base64
import binascii
import logging
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, delete, select, update

from chargeplane.csms.contract import Notice, Notify, Registration
from chargeplane.csms.gateway.credentials import IsRevoked, Proof, Renewals, Visitor, proof_of
from chargeplane.csms.gateway.lookup import Lookup
from chargeplane.csms.gateway.throttle import Throttle
from chargeplane.csms.inventory import Known, stations, unknown_stations
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.links import (
    Accept,
    Attempt,
    IdentityFault,
    LinkSettings,
    Refuse,
    identity_before_slash,
)
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.settings import UnknownStations
from chargeplane.runtime.store import Function, Store, StoreError, insert_new, storable, tenants

__all__ = ["Admission", "Admitted", "Visitor", "basic_credentials"]

_log = logging.getLogger(__name__)
_CHALLENGE = (("WWW-Authenticate", 'Basic realm="OCPP", charset="UTF-8"'),)
FAILED_LOG_IN = "FailedLogIn"
_WRONG = "wrong credentials"
UNKNOWN_STATIONS_MAX = 10_000


class Admitted(NamedTuple):
    """What admission has learnt, for the owner of the link."""

    known: Known
    """With the security profile that the station came with."""
    credential: str
    """A fingerprint of the credential, to tell one station that dials twice from two."""
    must_renew: bool = False
    """Its certificate only serves to get another one."""


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
        notify: Notify = lambda notice: None,
        passwords: Passwords | None = None,
        operator: str = "",
        is_revoked: IsRevoked = lambda certificate: False,
        tells_unknown: bool = False,
        throttle: Throttle | None = None,
        renewals: Renewals | None = None,
    ) -> None:
        """For the stations in a store.

        Args:
            store: with the stations.
            clock: what time it is.
            unknown: what happens to a station that nobody has registered.
            min_security_profile: stations with a lower one are refused, at every port.
            tenant_id: unknown stations are adopted for it.
            notify: told of wrong credentials.
            passwords: compares them.
            operator: the organisation that station certificates name; empty: it is not compared.
            is_revoked: whether a certificate counts no longer.
            tells_unknown: whether unknown identities are answered 404, as the standard has it.
                Whoever guesses then learns which stations there are.
            throttle: counts wrong attempts.
            renewals: who may come by a certificate that only serves to get another one.
        """
        self._store = store
        self._lookup = Lookup(store)
        self._clock = clock
        self._unknown = unknown
        self._min_security_profile = min_security_profile
        self._tenant_id = tenant_id
        self._notify = notify
        self._passwords = passwords or Passwords()
        self._operator = operator
        self._is_revoked = is_revoked
        self._tells_unknown = tells_unknown
        self._throttle = throttle or Throttle()
        self._renewals = renewals
        self._nobody = Known(
            tenant_id, "", 1, self._passwords.hashed(b""), Registration.REJECTED, 0
        )

    async def __call__(self, attempt: Attempt) -> Accept | Refuse:
        """The verdict about an attempt."""
        name, password = basic_credentials(attempt.headers.get("Authorization"))
        try:
            # Some stations send no path, but a user name; others end their path with a slash.
            identity = attempt.identity or name or identity_before_slash(attempt.target)
        except IdentityFault as fault:
            return Refuse(HTTPStatus.NOT_FOUND, reason=str(fault))
        if not identity:
            return Refuse(HTTPStatus.NOT_FOUND, reason="the path names no station")
        tls = attempt.tls
        verdict = await self.judge(
            Visitor(
                identity,
                name,
                password,
                attempt.peer.host,
                tls is not None,
                attempt.offered,
                tls.client_certificate if tls else None,
                attempt.entrance,
                can_renew=True,
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
            proof = self._proof(visitor, known)
            if known.is_shut_out:
                return self._refused(visitor)
            if proof is None:
                return self._refused(visitor, known.tenant_id)
            if proof.profile in {1, 2} and visitor.password is not None and known.password_hash:
                self._rekey(known, visitor.password, known.password_hash)
            settled = await self._settled(known, proof, visitor.host)
            return Admitted(settled, proof.fingerprint, must_renew=bool(proof.lack))
        except StoreError as error:
            _log.warning("the station has to wait: %s", error, extra={"station_id": identity})
            return Refuse(HTTPStatus.SERVICE_UNAVAILABLE, (("Retry-After", "5"),), "try again")

    def _proof(self, visitor: Visitor, known: Known) -> Proof | None:
        return proof_of(
            visitor,
            known,
            self._passwords,
            profile_min=self._min_security_profile,
            operator=self._operator,
            is_revoked=self._is_revoked,
            renewals=self._renewals,
        )

    def _refused(self, visitor: Visitor, tenant_id: UUID | None = None) -> Refuse:
        """The same answer to all who are wrong, with no word about what is wrong."""
        wait_s = self._throttle.failed(visitor.host, visitor.identity, self._clock.monotonic_s())
        if tenant_id is not None:
            notice = Notice(tenant_id, visitor.identity, FAILED_LOG_IN, visitor.host)
            self._notify(notice._replace(detail=_shown(visitor)))
        if wait_s:
            retry = (("Retry-After", str(wait_s)),)
            return Refuse(HTTPStatus.TOO_MANY_REQUESTS, retry, "too many wrong attempts")
        return Refuse(HTTPStatus.UNAUTHORIZED, _CHALLENGE, _WRONG)

    def _rekey(self, known: Known, password: bytes, stored: str) -> None:
        """After a rotation of the secret key: keep the password under the new one.

        Nobody waits for it; what is lost is done when the station comes again.
        """
        fresh = self._passwords.renewed(password, stored)
        if fresh is not None:
            work = partial(rekey, known=known, fresh=fresh)
            self._store.submit(Function(work), _rekeyed)

    async def _settled(self, known: Known, proof: Proof, host: str) -> Known:
        """A station that came by what it was given last keeps that, and what was before dies."""
        if proof.lack:  # it has shown nothing that may stay (A00.FR.408)
            notice = Notice(known.tenant_id, known.id, "InvalidChargingStationCertificate", host)
            self._notify(notice._replace(detail=f"let in to renew it: {proof.lack}"))
            known = known._replace(security_profile=3)
            is_accepted = known.registration is Registration.ACCEPTED
            return known._replace(registration=Registration.PENDING) if is_accepted else known
        is_upgraded = proof.profile == known.next_security_profile
        if is_upgraded or proof.is_new_password:
            await self._store.write(Function(partial(confirm, known=known, proof=proof)))
        return known._replace(security_profile=proof.profile)

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
            self._proof(
                visitor, self._nobody._replace(id=visitor.identity)
            )  # takes as long as for one that we know
            refusal = self._refused(visitor)
            if refusal.status is HTTPStatus.TOO_MANY_REQUESTS:
                return refusal
            remember = partial(
                remember_unknown,
                tenant_id=self._tenant_id,
                identity=visitor.identity,
                remote_host=visitor.host,
                subprotocols=visitor.offered,
                now=now,
            )
            # Nobody waits for it: an answer that came later than for a station that we know would
            # tell which stations there are. What finds no room in the store is not remembered.
            self._store.submit(Function(remember), _told)
            if self._tells_unknown:
                return Refuse(HTTPStatus.NOT_FOUND, reason="there is no such station")
            return refusal
        registration = (
            Registration.ACCEPTED if unknown is UnknownStations.ACCEPT else Registration.PENDING
        )
        known = Known(self._tenant_id, visitor.identity, 0, None, registration, 0)
        await self._store.write(Function(partial(register, known=known, now=now)))
        return Admitted(known, "")


def _rekeyed(_: object, error: Exception | None) -> None:
    if error is not None:
        _log.warning("the password of a station stays under an old key: %s", error)


def _told(_: object, error: Exception | None) -> None:
    if error is not None:
        _log.warning("an unknown station is not in the inbox: %s", error)


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


def _shown(visitor: Visitor) -> str:
    """What somebody came with, without its content."""
    shown = [
        "a certificate" if visitor.certificate is not None else "",
        "a password" if visitor.password is not None else "",
        f"the user name {visitor.name!r}" if visitor.name not in {None, visitor.identity} else "",
        f"at the port {visitor.entrance.name}" if visitor.entrance else "",
    ]
    return storable(", ".join(filter(None, shown)) or "nothing")


def confirm(connection: Connection, known: Known, proof: Proof) -> None:
    """Make what a station has just come with the only thing that counts."""
    values: dict[str, Any] = {}
    if proof.is_new_password:
        values |= {"password_hash": known.next_password_hash, "next_password_hash": None}
    if proof.profile == known.next_security_profile:
        values |= {"security_profile": proof.profile, "next_security_profile": None}
    mine = stations.c.tenant_id == known.tenant_id, stations.c.id == known.id
    connection.execute(update(stations).where(*mine).values(**values))


def rekey(connection: Connection, known: Known, fresh: str) -> None:
    """Keep the same password under another key, unless there is a new one meanwhile."""
    each = stations.c
    same = (
        each.tenant_id == known.tenant_id,
        each.id == known.id,
        each.password_hash == known.password_hash,
    )
    connection.execute(update(stations).where(*same).values(password_hash=fresh))


def register(connection: Connection, known: Known, now: datetime, **more: Any) -> bool:
    """Add a station unless it is there; True if it is new."""
    row = {**known._asdict(), "created_at": now, **more}
    del row["is_shut_out"]
    return insert_new(connection, stations, row)


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
