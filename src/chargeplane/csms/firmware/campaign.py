"""Updates of many stations: planned, and sent when each can be asked.

What is planned is a row, so a restart forgets nothing. A station that is away is asked when it has
come back, as long as the window lasts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from chargeplane.csms.contract import NotConnected, Send
from chargeplane.csms.firmware import tables
from chargeplane.csms.firmware.service import Firmware, Window, new_update
from chargeplane.csms.firmware.states import UpdateState
from chargeplane.csms.firmware.tables import Image, Update
from chargeplane.domain.commands import NoAnswer, Unsupported, UpdateFirmware
from chargeplane.domain.events import (
    Event,
    FirmwareStatusChanged,
    StationBooted,
)
from chargeplane.runtime.store import Function, Row, StoreError, new_id, tenants

__all__ = ["AT_ONCE_MAX", "HEARD", "STATIONS_MAX", "Campaigns", "Refusal", "Tell"]

_log = logging.getLogger(__name__)

STATIONS_MAX: Final = 1_000
"""Of one campaign."""
AT_ONCE_MAX: Final = 20
"""Stations that are asked at a time."""
STEP_ROWS_MAX: Final = 500
SWEEP_S: Final = 30.0
HEARD: Final = (StationBooted,)

IsConnected = Callable[[UUID, str], bool]
Tell = Callable[[UUID, tuple[Row, ...], tuple[Event, ...]], Awaitable[None]]
"""Makes rows and events of a tenant durable together, and then tells the events."""


class Refusal(NamedTuple):
    """A station that cannot get an image."""

    station_id: str
    reason: str


class Campaigns:
    """Plans updates, and has stations asked."""

    def __init__(
        self, firmware: Firmware, send: Send, is_connected: IsConnected, tell: Tell
    ) -> None:
        self.firmware = firmware
        self._send = send
        self._is_connected = is_connected
        self._tell = tell
        self._wake = asyncio.Event()

    async def plan(
        self,
        image: Image,
        station_ids: Sequence[str],
        window: Window,
        wanted: UpdateFirmware,
    ) -> tuple[UUID, list[Update], list[Refusal]]:
        """Plan the updates of some stations; those that cannot be, with the reason."""
        store, now = self.firmware.store, self.firmware.clock.now()
        ids = list(dict.fromkeys(station_ids))[:STATIONS_MAX]
        look = partial(tables.targets, tenant_id=image.tenant_id, ids=ids)
        known = {each.id: each for each in await store.read(look)}
        campaign_id, updates, refused = new_id(), [], []
        for id_ in ids:
            target = known.get(id_)
            fault = "there is no such station"
            if target is not None:
                fault = self.firmware.fault_of(image, target, wanted.is_signed) or ""
            if target is None or fault:
                refused.append(Refusal(id_, fault))
            else:
                updates.append(new_update(image, target, window, now, wanted, campaign_id))
        if updates:
            await store.write(Function(partial(tables.add_updates, added=updates)))
            for update in updates:
                self.firmware.awaiting.add(update.tenant_id, update.station_id)
                await self._told(update, now)
            self._wake.set()
        return campaign_id, updates, refused

    async def cancel(self, update: Update) -> bool:
        """Take back an update that is planned; False if the station was asked already."""
        now = self.firmware.clock.now()
        work = partial(
            tables.take,
            tenant_id=update.tenant_id,
            id_=update.id,
            state=UpdateState.CANCELLED,
            changed_at=now,
        )
        if not await self.firmware.store.write(Function(work)):
            return False
        await self._told(update._replace(state=str(UpdateState.CANCELLED)), now)
        return True

    def heard(self, event: Event) -> Awaitable[None] | None:
        """A listener of the bus: a station is here, perhaps with its new firmware."""
        assert isinstance(event, StationBooted)
        if not self.firmware.awaiting.has(UUID(event.tenant_id), event.station_id):
            return None
        self._wake.set()
        return self._booted(event)

    async def _booted(self, event: StationBooted) -> None:
        try:
            found = await self.firmware.booted(
                UUID(event.tenant_id), event.station_id, event.firmware_version
            )
        except StoreError as error:
            _log.warning(
                "the firmware is not noted: %s", error, extra={"station_id": event.station_id}
            )
            return
        if found is not None:
            await self._told(found, event.received_at)

    async def run(self) -> None:
        """Ask stations, until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.once()
            except StoreError as error:
                _log.warning("firmware updates are put off: %s", error)
            waking = asyncio.ensure_future(self._wake.wait())
            sleeping = asyncio.ensure_future(self.firmware.clock.sleep(SWEEP_S))
            try:
                await asyncio.wait((waking, sleeping), return_when=asyncio.FIRST_COMPLETED)
            finally:
                waking.cancel()
                sleeping.cancel()

    async def once(self) -> int:
        """Ask those that are here and have a planned update; how many were asked."""
        store, asked = self.firmware.store, 0
        await self.firmware.awaiting.reload()
        for tenant_id in await store.read(tenants.known):
            after: UUID | None = None
            while True:
                look = partial(
                    tables.planned,
                    tenant_id=tenant_id,
                    now=self.firmware.clock.now(),
                    count_max=STEP_ROWS_MAX,
                    after=after,
                )
                rows = await store.read(look)
                here = [each for each in rows if self._is_connected(tenant_id, each.station_id)]
                asked += await self._ask(here)
                if len(rows) < STEP_ROWS_MAX:
                    break
                after = rows[-1].id
        return asked

    async def _ask(self, updates: list[Update]) -> int:
        some = asyncio.Semaphore(AT_ONCE_MAX)

        async def one(update: Update) -> bool:
            async with some:
                return await self._asked(update)

        return sum(await asyncio.gather(*map(one, updates)))

    async def _asked(self, update: Update) -> bool:
        command = UpdateFirmware(image_id=str(update.image_id), update_id=str(update.id))
        try:
            outcome = await self._send(update.tenant_id, update.station_id, command)
        except NotConnected:
            return False  # it stays planned
        known = await self.firmware.store.read(
            partial(tables.updates.one, tenant_id=update.tenant_id, id_=update.id)
        )
        if known is None:
            return False
        if known.state == UpdateState.PLANNED and isinstance(outcome, Unsupported):
            # Nothing was sent, and nothing will be: what is wrong does not mend by itself.
            await self._given_up(known, outcome.reason)
        elif known.state != UpdateState.PLANNED and not isinstance(outcome, NoAnswer):
            await self._told(known, self.firmware.clock.now())
        return known.state != UpdateState.PLANNED

    async def _given_up(self, update: Update, reason: str) -> None:
        now = self.firmware.clock.now()
        work = partial(
            tables.take,
            tenant_id=update.tenant_id,
            id_=update.id,
            state=UpdateState.UNSUPPORTED,
            reason=reason,
            changed_at=now,
        )
        if await self.firmware.store.write(Function(work)):
            await self._told(update._replace(state=str(UpdateState.UNSUPPORTED)), now)

    async def _told(self, update: Update, at: datetime) -> None:
        event = FirmwareStatusChanged(
            tenant_id=str(update.tenant_id),
            station_id=update.station_id,
            reported_at=at,
            received_at=at,
            update_id=str(update.id),
            firmware_version=update.firmware_version,
            state=update.state,
            status=update.status,
        )
        await self._tell(update.tenant_id, (), (event,))
