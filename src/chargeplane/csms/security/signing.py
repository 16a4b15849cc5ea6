"""Signed messages of stations (2.0.1 and 2.1 Part 4, chapter 7): required, verified, and kept.

    required and not signed, or the signature is not good   -> SecurityError, InvalidSignature
    not required, the signature is not good                 -> processed (7.2), InvalidSignature
    the signature is good, or nobody has installed the key  -> processed

The verdict is kept with the signature and the bytes that it is of, so that it can be checked again
when the flight recorder has forgotten the frame. Answers of stations are not asked to be signed:
the standard does not say how such an answer is marked. Where one is, it is verified all the same.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from cryptography import x509

from chargeplane.csms.contract import Notice, Notify, Station
from chargeplane.csms.security import tables
from chargeplane.csms.security.tables import SIGNED_SINK, SignedMessage, SigningRule
from chargeplane.ocpp.signing import Unwrapped, Verdict, verify
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.pki import PkiFault, certificates_of_pem, pem_of
from chargeplane.runtime.store import Function, Rows, Store, new_id, storable, tenants

__all__ = ["Signatures", "SigningFault"]

_log = logging.getLogger(__name__)
INVALID_SIGNATURE: Final = "InvalidSignature"
REQUEST: Final = 2
PRUNED_EVERY: Final = 1_000
# A key that nobody has installed says nothing against the message, unless one is required.
_HARMLESS: Final = frozenset({Verdict.VALID, Verdict.UNKNOWN_KEY})


class SigningFault(Exception):
    """A rule that cannot be set. The text is for people."""


class Signatures:
    """Knows the rule of each station, and holds messages against it."""

    def __init__(self, store: Store, clock: Clock, notify: Notify) -> None:
        self._store = store
        self._clock = clock
        self._notify = notify
        self._rules: dict[tuple[UUID, str], tuple[bool, x509.Certificate]] = {}
        self._since_pruned = 0

    async def load(self) -> None:
        """Know the rules."""
        for tenant_id in await self._store.read(tenants.known):
            for rule in await self._store.read(partial(tables.signing_rules, tenant_id=tenant_id)):
                (certificate, *_) = certificates_of_pem(rule.certificate)
                self._rules[tenant_id, rule.station_id] = rule.is_required, certificate

    async def set_rule(
        self, tenant_id: UUID, station_id: str, *, is_required: bool, certificate: str
    ) -> SigningRule:
        """Install the certificate that a station signs with, and say whether it has to.

        Raises:
            SigningFault: the station cannot sign, or the certificate cannot be read.
        """
        look = partial(tables.station_row, tenant_id=tenant_id, station_id=station_id)
        row = await self._store.read(look)
        if row is None:
            raise SigningFault(f"there is no station {station_id}")
        if is_required and str(row.ocpp_version or "").startswith("1."):
            raise SigningFault("1.x has no signed messages")
        try:
            (leaf, *_) = certificates_of_pem(certificate)
        except PkiFault as fault:
            raise SigningFault(str(fault)) from fault
        rule = SigningRule(tenant_id, station_id, is_required, pem_of([leaf]), self._clock.now())
        await self._store.write(Function(partial(tables.set_signing_rule, rule=rule)))
        self._rules[tenant_id, station_id] = is_required, leaf
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
        rule = self._rules.get((station.tenant_id, station.id))
        if signed is None:
            if rule is None or not rule[0] or message_type not in {2, 6}:
                return None
            return self._refused(station, action, "it is not signed")
        is_required, certificate = rule or (False, None)
        verdict = verify(signed, certificate, message_type=message_type, action=action)
        if certificate is not None and verdict is Verdict.VALID and self._is_over(certificate):
            verdict = Verdict.WRONG_CERTIFICATE
        self._keep(station, signed, action, verdict, frame_id, received_at)
        if verdict not in _HARMLESS:
            reason = self._refused(station, action, f"its signature: {verdict}")
            return reason if is_required or message_type == 3 else None
        return None

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
