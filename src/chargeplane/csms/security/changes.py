"""Changing credentials without losing the station: new passwords (A01), higher profiles (A05).

    sent -> refused                          nothing has changed
         -> unknown (no answer)  -> confirmed | fallen-back
         -> waiting              -> confirmed when the station comes back with what is new
                                 -> fallen-back if it has not by the deadline
    waiting | unknown -> abandoned by an operator

From ``sent`` on both the old and the new count; admission pins the station to the new one in the
moment that it comes with it. So a lost answer, a crash of either side, or a station that takes days
to come back never shuts it out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.contract import NotConnected, Notice, Notify, Send
from chargeplane.csms.security import tables, v1, v2
from chargeplane.csms.security.tables import CredentialChange
from chargeplane.domain.commands import (
    Accepted,
    Command,
    NoAnswer,
    Outcome,
    Refused,
    Reset,
    SetVariables,
    Unsupported,
)
from chargeplane.domain.events import Event, StationConnected
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.passwords import new_password as made_password
from chargeplane.runtime.store import Function, Store, StoreError, new_id, tenants

__all__ = ["ChangeFault", "Changes", "HasCertificate"]

_log = logging.getLogger(__name__)
RETURN_WITHIN: Final = timedelta(minutes=15)
"""So long a station may take to come back with a higher profile."""
PASSWORD_WITHIN: Final = timedelta(days=30)
"""So long both passwords count: a station that is switched off meanwhile still knows only one."""
SWEEP_S: Final = 30.0
SITE_STATIONS_MAX: Final = 1_000
AT_ONCE_MAX: Final = 20
"""Stations of a site that are told at the same time."""

Key = tuple[UUID, str]
HasCertificate = Callable[[UUID, str], Awaitable[bool]]
Disconnect = Callable[[UUID, str], None]


class ChangeFault(Exception):
    """A change that cannot begin. The text is for people."""


class Changes:
    """Begins changes, and follows them to their end."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        send: Send,
        disconnect: Disconnect,
        passwords: Passwords,
        notify: Notify,
        has_certificate: HasCertificate,
    ) -> None:
        self._store = store
        self._clock = clock
        self._send = send
        self._disconnect = disconnect
        self._passwords = passwords
        self._notify = notify
        self._has_certificate = has_certificate
        self._open: dict[Key, CredentialChange] = {}

    async def rotate(self, tenant_id: UUID, station_id: str) -> CredentialChange:
        """Give a station a new password (A01).

        Raises:
            ChangeFault: it cannot have one now.
            NotConnected: the station cannot be asked.
        """
        row = await self._row(tenant_id, station_id)
        if row.security_profile not in {1, 2}:
            raise ChangeFault(f"security profile {row.security_profile} uses no password")
        password = made_password()
        hashed = self._passwords.hashed(password.encode())
        change = self._new(row, "password", row.security_profile, PASSWORD_WITHIN)
        say = v1.new_password if _is_1x(row) else v2.new_password
        return await self._carry_out(change, {"next_password_hash": hashed}, [say(password)])

    async def upgrade(
        self,
        tenant_id: UUID,
        station_id: str,
        profile: int,
        *,
        url: str = "",
        slot: int | None = None,
    ) -> CredentialChange:
        """Take a station to a higher security profile (A05), or from 3 to 2 if it allows that.

        Args:
            tenant_id: whose station.
            station_id: which.
            profile: where to.
            url: of the TLS port, for 2.x.
            slot: of the network profile, for 2.x; None: one that is not in use.

        Raises:
            ChangeFault: a check before says that it would not come back.
            NotConnected: the station cannot be asked.
        """
        row = await self._row(tenant_id, station_id)
        await self._check(row, profile, url)
        change = self._new(row, "profile", profile, RETURN_WITHIN)
        steps: list[Command] = []
        new: dict[str, Any] = {"next_security_profile": profile}
        if profile < row.security_profile:  # a password of long ago opens nothing
            new["password_hash"] = None
        if profile < 3 and (row.password_hash is None or "password_hash" in new):
            password = made_password()
            new["next_password_hash"] = self._passwords.hashed(password.encode())
            steps.append((v1 if _is_1x(row) else v2).new_password(password))
        if _is_1x(row):
            steps.append(v1.new_profile(profile))
        else:
            # Behind the new slot comes what works now, to which the station falls back.
            used = v2.slots_of(await self._send(tenant_id, station_id, v2.slots_wanted()))
            slot = slot or v2.free_slot(used)
            behind = used or (1 if slot != 1 else 2,)
            steps.append(v2.network_profile(slot, url, profile, row.ocpp_version))
            steps.append(v2.priority((slot, *(each for each in behind if each != slot))))
            steps.append(Reset())
        return await self._carry_out(change, new, steps)

    async def upgrade_site(
        self, tenant_id: UUID, site_id: str, profile: int, *, url: str = "", slot: int | None = None
    ) -> dict[str, CredentialChange | str]:
        """Take all stations of a site to a higher profile, or say why one does not begin (A05).

        Each is a change of its own: one that fails leaves the others alone.
        """
        look = partial(tables.stations_of_site, tenant_id=tenant_id, site_id=site_id)
        ids = await self._store.read(partial(look, count_max=SITE_STATIONS_MAX))
        some = asyncio.Semaphore(AT_ONCE_MAX)

        async def begin(station_id: str) -> CredentialChange | str:
            async with some:
                try:
                    return await self.upgrade(tenant_id, station_id, profile, url=url, slot=slot)
                except (ChangeFault, NotConnected) as fault:
                    return str(fault)

        begun = await asyncio.gather(*map(begin, ids))
        return dict(zip(ids, begun, strict=True))

    async def abandon(self, tenant_id: UUID, station_id: str) -> CredentialChange | None:
        """End the change that is open: only the old counts. None if there is none."""
        await self._loaded(tenant_id)
        change = self._open.get((tenant_id, station_id))
        if change is None:
            return None
        return await self._ended(change, "abandoned", "by an operator")

    async def listed(self, tenant_id: UUID, station_id: str) -> list[CredentialChange]:
        """The changes of a station, the latest first."""
        look = partial(tables.changes_of, tenant_id=tenant_id, station_id=station_id)
        return await self._store.read(look)

    # What happens meanwhile -----------------------------------------------------------------

    def heard(self, event: Event) -> Awaitable[None] | None:
        """A listener of the bus: a station is back."""
        if not isinstance(event, StationConnected):
            return None
        change = self._open.get((UUID(event.tenant_id), event.station_id))
        return None if change is None else self._is_back(change)

    async def _is_back(self, change: CredentialChange) -> None:
        try:
            row = await self._row(change.tenant_id, change.station_id)
            if _is_settled(change, row):
                await self._ended(change, "confirmed", None)
        except (StoreError, ChangeFault) as error:
            _log.warning(
                "the change is looked at later: %s", error, extra={"station_id": change.station_id}
            )

    async def sweep(self) -> None:
        """End what is over its time."""
        for tenant_id in await self._store.read(tenants.known):
            await self._loaded(tenant_id)
        now = self._clock.now()
        for change in tuple(self._open.values()):
            row = await self._store.read(
                partial(
                    tables.station_row, tenant_id=change.tenant_id, station_id=change.station_id
                )
            )
            if row is None:
                await self._ended(change, "abandoned", "the station was removed")
            elif _is_settled(change, row):
                await self._ended(change, "confirmed", None)
            elif change.deadline_at is not None and change.deadline_at <= now:
                reason = "the station did not come back with it in time"
                await self._ended(change, "fallen-back", reason)

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except StoreError as error:
                _log.warning("changes of credentials are looked at later: %s", error)
            await self._clock.sleep(SWEEP_S)

    # The steps ------------------------------------------------------------------------------

    async def _check(self, row: Any, profile: int, url: str) -> None:
        now = row.security_profile
        if not 1 <= profile <= 3:
            raise ChangeFault("there are the security profiles 1, 2 and 3 to go to")
        if (now, profile) == (3, 2) and row.ocpp_version == "2.1":
            await self._check_downgrade(row)
        elif profile <= now:  # elsewhere it goes down at the station itself alone
            raise ChangeFault(f"the station has security profile {now} already")
        if row.transport == "soap":
            raise ChangeFault("security profiles above 1 are for JSON alone")
        if profile == 3 and not await self._has_certificate(row.tenant_id, row.id):
            raise ChangeFault("the station has no valid certificate yet (A05.FR.02)")
        if not _is_1x(row) and not url.startswith("wss://" if profile > 1 else ("ws://", "wss://")):
            raise ChangeFault("the address of the port for this profile is wanted (wss://...)")

    async def _check_downgrade(self, row: Any) -> None:
        """An operator has to allow it at the station before, which is on record by itself."""
        if not v2.allows_downgrade(await self._send(row.tenant_id, row.id, v2.downgrade_wanted())):
            raise ChangeFault(
                "the station has security profile 3, and does not allow to go down "
                "(SecurityCtrlr.AllowSecurityProfileDowngrade)"
            )

    async def _carry_out(
        self, change: CredentialChange, new: dict[str, Any], steps: list[Command]
    ) -> CredentialChange:
        await self._loaded(change.tenant_id)
        key = change.tenant_id, change.station_id
        if key in self._open:
            raise ChangeFault("another change of this station is under way; wait or abandon it")
        self._open[key] = change
        try:
            await self._store.write(Function(partial(_begin, change=change, new=new)))
        except StoreError:
            del self._open[key]
            raise
        for step in steps:
            try:
                outcome = await self._send(change.tenant_id, change.station_id, step)
            except NotConnected as error:
                outcome = Unsupported(reason=str(error))
            if not isinstance(outcome, Accepted):
                return await self._stopped(change, step, outcome)
        waiting = await self._moved(change, "waiting", None)
        # It is to come back with what is new. Where it has to reset, it goes by itself.
        if isinstance(steps[-1], SetVariables):
            self._disconnect(change.tenant_id, change.station_id)
        return waiting

    async def _stopped(
        self, change: CredentialChange, step: Command, outcome: Outcome
    ) -> CredentialChange:
        if isinstance(outcome, NoAnswer):  # nobody knows: both count until it comes back
            return await self._moved(change, "unknown", outcome.reason)
        word = outcome.status if isinstance(outcome, Refused) else "unsupported"
        said = getattr(outcome, "reason", None)
        reason = f"{type(step).__name__}: {word}{f': {said}' if said else ''}"
        return await self._ended(change, "refused", reason)

    async def _moved(
        self, change: CredentialChange, state: str, reason: str | None
    ) -> CredentialChange:
        now = self._clock.now()
        moved = change._replace(state=state, reason=reason, changed_at=now)
        if self._open.get((change.tenant_id, change.station_id)) is change:
            self._open[change.tenant_id, change.station_id] = moved
            await self._store.write(
                Function(
                    partial(tables.set_state, change=change, state=state, reason=reason, now=now)
                )
            )
        return moved

    async def _ended(
        self, change: CredentialChange, state: str, reason: str | None
    ) -> CredentialChange:
        now = self._clock.now()
        done = partial(_end, change=change, state=state, reason=reason, now=now)
        await self._store.write(Function(done))
        self._open.pop((change.tenant_id, change.station_id), None)
        is_good = state == "confirmed"
        type_ = "CredentialsChanged" if is_good else "CredentialChangeFailed"
        detail = f"{change.kind}: {state}{f': {reason}' if reason else ''}"
        self._notify(Notice(change.tenant_id, change.station_id, type_, detail=detail))
        return change._replace(state=state, reason=reason, changed_at=now)

    def _new(self, row: Any, kind: str, profile: int, within: timedelta) -> CredentialChange:
        now = self._clock.now()
        return CredentialChange(
            row.tenant_id, new_id(), row.id, kind, row.security_profile, profile, "sent", None,
            now, now, now + within,
        )  # fmt: skip

    async def _row(self, tenant_id: UUID, station_id: str) -> Any:
        look = partial(tables.station_row, tenant_id=tenant_id, station_id=station_id)
        row = await self._store.read(look)
        if row is None:
            raise ChangeFault(f"there is no station {station_id}")
        if row.ocpp_version is None:
            raise ChangeFault("the station has never been here")
        return row

    async def _loaded(self, tenant_id: UUID) -> None:
        """Know what an earlier run has left open."""
        for each in await self._store.read(partial(tables.open_changes, tenant_id=tenant_id)):
            self._open.setdefault((each.tenant_id, each.station_id), each)


def _is_1x(row: Any) -> bool:
    return str(row.ocpp_version).startswith("1.")


def _is_settled(change: CredentialChange, row: Any) -> bool:
    """Whether admission has seen the station come with what is new."""
    if change.kind == "password":
        return row.next_password_hash is None
    return row.next_security_profile is None and row.security_profile == change.to_profile


def _begin(connection: Connection, change: CredentialChange, new: dict[str, Any]) -> None:
    tables.add_change(connection, change)
    tables.set_next(connection, change.tenant_id, change.station_id, **new)


def _end(
    connection: Connection, change: CredentialChange, state: str, reason: str | None, now: Any
) -> None:
    tables.set_state(connection, change, state, reason, now)
    if state != "confirmed":
        nothing = {"next_password_hash": None, "next_security_profile": None}
        tables.set_next(connection, change.tenant_id, change.station_id, **nothing)
