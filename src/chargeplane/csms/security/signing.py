"""Signed messages of stations (2.0.1 and 2.1 Part 4, chapter 7): required, verified, and kept.

    required and not signed, or the signature is not good   -> SecurityError, InvalidSignature
    not required, the signature is not good                 -> processed (7.2), InvalidSignature
    the signature is good, or nobody has installed the key  -> processed

A station signs with a certificate that an operator installs here, or with one that our own
authority has issued to it: then a renewed one counts from the moment that it is issued.

The verdict is kept with the signature and the bytes that it is of, so that it can be checked again
when the flight recorder has forgotten the frame. Answers of stations are not asked to be signed:
the standard does not say how such an answer is marked. Where one is, it is verified all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from cryptography import x509

from chargeplane.csms.contract import Notice, Notify, Station
from chargeplane.csms.security import tables
from chargeplane.csms.security.tables import SIGNED_SINK, SignedMessage, SigningRule
from chargeplane.ocpp.signing import Unwrapped, Verdict, verify
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.pki import PkiFault, certificates_of_pem, pem_of
from chargeplane.runtime.store import Function, Rows, Store, new_id, storable, tenants

__all__ = ["IssuedTo", "Signatures", "SigningFault"]

_log = logging.getLogger(__name__)
INVALID_SIGNATURE: Final = "InvalidSignature"
REQUEST: Final = 2
PRUNED_EVERY: Final = 1_000


ISSUED_MAX: Final = 5
"""Certificates of ours that a station may sign with at a time."""

IssuedTo = Callable[[UUID, str], Awaitable[Sequence[x509.Certificate]]]
"""The certificates of ours that a station has and that count, the latest first."""


async def _none(_: UUID, __: str) -> Sequence[x509.Certificate]:
    return ()


class _Rule(NamedTuple):
    is_required: bool
    certificates: tuple[x509.Certificate, ...]
    is_ours: bool
    """Whether they are those that we have issued."""


class SigningFault(Exception):
    """A rule that cannot be set. The text is for people."""


class Signatures:
    """Knows the rule of each station, and holds messages against it."""

    def __init__(
        self, store: Store, clock: Clock, notify: Notify, issued_to: IssuedTo = _none
    ) -> None:
        self._store = store
        self._clock = clock
        self._notify = notify
        self._issued_to = issued_to
        self._rules: dict[tuple[UUID, str], _Rule] = {}
        self._since_pruned = 0

    async def load(self) -> None:
        """Know the rules."""
        for tenant_id in await self._store.read(tenants.known):
            for rule in await self._store.read(partial(tables.signing_rules, tenant_id=tenant_id)):
                self._rules[tenant_id, rule.station_id] = await self._loaded(rule)

    async def _loaded(self, rule: SigningRule) -> _Rule:
        if rule.certificate:
            found: Sequence[x509.Certificate] = certificates_of_pem(rule.certificate)[:1]
        else:
            found = await self._issued_to(rule.tenant_id, rule.station_id)
        return _Rule(rule.is_required, tuple(found[:ISSUED_MAX]), not rule.certificate)

    async def refresh(self, tenant_id: UUID, station_id: str) -> None:
        """We have issued a certificate to a station, or revoked one."""
        rule = self._rules.get((tenant_id, station_id))
        if rule is not None and rule.is_ours:
            found = await self._issued_to(tenant_id, station_id)
            fresh = rule._replace(certificates=tuple(found[:ISSUED_MAX]))
            self._rules[tenant_id, station_id] = fresh

    async def set_rule(
        self, tenant_id: UUID, station_id: str, *, is_required: bool, certificate: str
    ) -> SigningRule:
        """Install the certificate that a station signs with, and say whether it has to.

        ``certificate`` is empty for those that we have issued to it.

        Raises:
            SigningFault: the station cannot sign, the certificate cannot be read, or we have issued
                none.
        """
        look = partial(tables.station_row, tenant_id=tenant_id, station_id=station_id)
        row = await self._store.read(look)
        if row is None:
            raise SigningFault(f"there is no station {station_id}")
        if is_required and str(row.ocpp_version or "").startswith("1."):
            raise SigningFault("1.x has no signed messages")
        try:
            pem = pem_of(certificates_of_pem(certificate)[:1]) if certificate else ""
        except PkiFault as fault:
            raise SigningFault(str(fault)) from fault
        rule = SigningRule(tenant_id, station_id, is_required, pem, self._clock.now())
        loaded = await self._loaded(rule)
        if not loaded.certificates:
            raise SigningFault("the station has no certificate of ours: name the one it signs with")
        await self._store.write(Function(partial(tables.set_signing_rule, rule=rule)))
        self._rules[tenant_id, station_id] = loaded
        return rule

    async def drop_rule(self, tenant_id: UUID, station_id: str) -> bool:
        """Want no signatures any more, and forget the key; whether there was a rule."""
        drop = partial(tables.drop_signing_rule, tenant_id=tenant_id, station_id=station_id)
        await self._store.write(Function(drop))
        return self._rules.pop((tenant_id, station_id), None) is not None

    def check(
        self,
        station: Station,
        signed: Unwrapped | None,
        message_type: int,
        action: str,
        frame_id: UUID,
        received_at: datetime,
    ) -> str | None:
        """Hold a message against the rule of its station (``contract.CheckSignature``)."""
        if signed is None and not self._rules:  # most often nobody signs
            return None
        rule = self._rules.get((station.tenant_id, station.id))
        if signed is None:
            if rule is None or not rule.is_required or message_type not in {2, 6}:
                return None
            return self._refused(station, action, "it is not signed")
        verdict = self._verdict(rule.certificates if rule else (), signed, message_type, action)
        is_required = rule is not None and rule.is_required
        self._keep(station, signed, action, verdict, frame_id, received_at)
        if verdict is Verdict.VALID or (verdict is Verdict.UNKNOWN_KEY and not is_required):
            return None
        reason = self._refused(station, action, f"its signature: {verdict}")
        return reason if is_required or message_type == 3 else None

    def _verdict(
        self,
        certificates: Sequence[x509.Certificate],
        signed: Unwrapped,
        message_type: int,
        action: str,
    ) -> Verdict:
        """Of the certificate that fits best: a station may have a new one beside the old one."""
        found = Verdict.WRONG_CERTIFICATE if certificates else Verdict.UNKNOWN_KEY
        for each in certificates:
            verdict = verify(signed, each, message_type=message_type, action=action)
            if verdict is Verdict.VALID and self._is_over(each):
                continue
            if verdict is not Verdict.WRONG_CERTIFICATE:
                found = verdict
            if verdict is Verdict.VALID:
                break
        return found

    def _is_over(self, certificate: x509.Certificate) -> bool:
        now = self._clock.now()
        return not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc

    def _refused(self, station: Station, action: str, reason: str) -> str:
        source, detail = station.remote_host, f"{action}: {reason}"
        self._notify(Notice(station.tenant_id, station.id, INVALID_SIGNATURE, source, detail))
        return reason

    def _keep(
        self,
        station: Station,
        signed: Unwrapped,
        action: str,
        verdict: Verdict,
        frame_id: UUID,
        received_at: datetime,
    ) -> None:
        kept = SignedMessage(
            station.tenant_id,
            new_id(),
            station.id,
            frame_id,
            action,
            str(verdict),
            storable(signed.header.thumbprint or "") or None,
            signed.signed.decode(),
            signed.signature.hex(),
            received_at,
        )
        self._store.submit(Rows(((SIGNED_SINK, kept),)), _told)
        self._since_pruned += 1
        if self._since_pruned >= PRUNED_EVERY:
            self._since_pruned = 0
            prune = partial(tables.prune_signed, tenant_id=station.tenant_id)
            self._store.submit(Function(prune), _told)


def _told(_: object, error: Exception | None) -> None:
    if error is not None:
        _log.warning("a signature was not kept: %s", error)
