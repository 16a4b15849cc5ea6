"""The rules of updates: what a station is asked, and how an update moves on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.contract import Ask, Heard, Station
from chargeplane.csms.exchange import Exchange, FileAddress, FileFault
from chargeplane.csms.firmware import tables
from chargeplane.csms.firmware.awaiting import Awaiting
from chargeplane.csms.firmware.states import PHASES, SENT, UpdateState
from chargeplane.csms.firmware.tables import Image, Target, Update
from chargeplane.csms.progress import Progress
from chargeplane.csms.wire_ids import new_wire_id
from chargeplane.domain.commands import Accepted, Outcome, Refused, Unsupported, UpdateFirmware
from chargeplane.domain.events import FirmwareStatusChanged
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, new_id

__all__ = ["LIFE_MAX", "Firmware", "Sent", "Window", "WindowFault"]

LIFE: Final = timedelta(days=7)
LIFE_MAX: Final = timedelta(days=30)
"""From now to the end of a window."""


class WindowFault(Exception):
    """A window that cannot be. The text is for people."""


class Window(NamedTuple):
    """When a station fetches and installs."""

    retrieve_at: datetime
    install_at: datetime | None
    until_at: datetime

    @classmethod
    def of(
        cls,
        now: datetime,
        retrieve_at: datetime | None,
        install_at: datetime | None,
        until_at: datetime | None,
    ) -> Window:
        """The window that somebody wants, at a moment.

        Raises:
            WindowFault: it ends before it begins, or lies too far away.
        """
        begins = retrieve_at or now
        ends = until_at or max(begins, install_at or begins) + LIFE
        if ends <= max(now, begins, install_at or begins):
            raise WindowFault("the window ends before the station can install")
        if ends > now + LIFE_MAX:
            raise WindowFault(f"the window ends later than in {LIFE_MAX.days} days")
        return cls(begins, install_at, ends)


class Sent(NamedTuple):
    """What a message to a station is made of."""

    image: Image
    update: Update
    address: FileAddress
    request_id: int


Say = Callable[[Sent], Request]


class Firmware:
    """Makes updates, has stations asked, and follows what they say."""

    def __init__(
        self, store: Store, clock: Clock, exchange: Exchange, *, signed_only: bool = False
    ) -> None:
        """``signed_only``: nothing goes to a station that does not check its signature."""
        self.store = store
        self.clock = clock
        self._exchange = exchange
        self._signed_only = signed_only
        self.awaiting = Awaiting(store, clock)
        self.progress = Progress(
            store, clock, "firmware update", tables.updates, PHASES,
            told=_told, settled=_settled, sent=(tables.IS_SENT,),
        )  # fmt: skip

    def fault_of(self, image: Image, target: Target, is_signed: bool | None) -> str | None:
        """Why a station cannot have an image; None: it can, as far as is known without asking.

        ``is_signed``: whether it shall check the signature; None: nobody has decided.
        """
        if image.kept is None:
            return "the image has no file yet"
        if image.is_distrusted:
            return f"nobody trusts who has signed the image: {image.proof_fault}"
        if image.vendor is not None and image.vendor != target.vendor:
            return f"the image is for stations of {image.vendor}"
        if image.model is not None and image.model != target.model:
            return f"the image is for the model {image.model}"
        if self._signed_only and is_signed is False:
            return "this installation sends firmware with a signature alone"
        if (is_signed or self._signed_only) and image.signature is None:
            return "the image is not signed"
        return None

    async def ask(
        self,
        station: Station,
        command: UpdateFirmware,
        can_sign: bool,
        say: Callable[[bool], Say],
        read: Callable[[Any], Accepted | Refused],
        has_id: Callable[[bool], bool],
    ) -> Ask | Unsupported:
        """What to ask a station for, after the update was stored.

        Args:
            station: which.
            command: what is wanted.
            can_sign: whether its version has signed updates.
            say: makes the message, with a signature or without.
            read: makes the outcome of the answer.
            has_id: whether the message has a request id, with a signature or without.
        """
        try:
            update, image = await self._prepared(station, command)
        except (WindowFault, FileFault) as fault:
            return Unsupported(reason=str(fault))
        wants = True if self._signed_only else update.is_signed
        if wants and not can_sign:
            return Unsupported(reason=f"OCPP {station.version} has no signed updates")
        is_signed = can_sign and image.signature is not None if wants is None else wants
        now = self.clock.now()
        try:
            address = await self._exchange.download_address(
                station.tenant_id,
                station.id,
                f"firmware: {image.firmware_version}",
                image.kept or "",
                life=update.until_at - now,
                uses=update.retries + 1,
            )
        except FileFault as fault:
            return Unsupported(reason=str(fault))
        request_id = new_wire_id()
        sent = update._replace(
            state=str(UpdateState.ASKED),
            is_signed=is_signed,
            request_id=request_id if has_id(is_signed) else None,
            file_id=address.id,
            changed_at=now,
        )
        if not await self.store.write(
            Function(partial(_begun, update=sent, is_planned=command.update_id is not None))
        ):
            return Unsupported(reason="the update is not planned any more")
        self.awaiting.add(station.tenant_id, station.id)
        message = say(is_signed)(Sent(image, sent, address, request_id))
        return self.progress.ask(message, sent, read, "update_id")

    async def _prepared(self, station: Station, command: UpdateFirmware) -> tuple[Update, Image]:
        """The update that is planned, or a new one, and its image; ``WindowFault`` says why not."""
        tenant_id, now = station.tenant_id, self.clock.now()
        update: Update | None = None
        if command.update_id is not None:
            look = partial(tables.updates.one, tenant_id=tenant_id, id_=_id(command.update_id))
            update = await self.store.read(look)
            if update is None or update.station_id != station.id:
                raise WindowFault("there is no such update of this station")
            if update.until_at <= now:
                raise WindowFault("the window is over")
        image_id = update.image_id if update else _id(command.image_id)
        image = await self.store.read(partial(tables.image, tenant_id=tenant_id, id_=image_id))
        found = await self.store.read(
            partial(tables.targets, tenant_id=tenant_id, ids=[station.id])
        )
        if image is None or not found:
            raise WindowFault("there is no such image")
        if update is None:
            window = Window.of(now, command.retrieve_at, command.install_at, command.until_at)
            update = new_update(image, found[0], window, now, command)
        if fault := self.fault_of(image, found[0], update.is_signed):
            raise WindowFault(fault)
        return update, image

    async def booted(self, tenant_id: UUID, station_id: str, version: str | None) -> Update | None:
        """A station has started: with the new version the update is done, said or not.

        Many stations of 1.x reboot into the new firmware and never say ``Installed``.
        """
        known = await self.store.read(
            partial(tables.latest, tenant_id=tenant_id, station_id=station_id)
        )
        if known is None or known.state not in SENT or known.firmware_version != version:
            return None
        if known.version_before == version:
            return None  # it says nothing that was not so before
        reason = "the station has started with this version"
        work = partial(
            tables.updates.change,
            tenant_id=tenant_id,
            id_=known.id,
            state=str(UpdateState.INSTALLED),
            reason=reason,
            changed_at=self.clock.now(),
        )
        await self.store.write(Function(work))
        return known._replace(state=str(UpdateState.INSTALLED), reason=reason)


def new_update(
    image: Image,
    target: Target,
    window: Window,
    now: datetime,
    wanted: UpdateFirmware,
    campaign_id: UUID | None = None,
) -> Update:
    """An update that the station was not asked for yet."""
    return Update(
        image.tenant_id, new_id(), campaign_id, target.id, image.id, image.firmware_version,
        target.firmware_version, None, wanted.is_signed, *window, wanted.retries,
        wanted.retry_interval_s, str(UpdateState.PLANNED), None, None, None, now, now,
    )  # fmt: skip


def _begun(connection: Connection, update: Update, is_planned: bool) -> bool:
    if not is_planned:
        tables.add_updates(connection, [update])
        return True
    values = {
        name: getattr(update, name) for name in ("is_signed", "request_id", "file_id", "changed_at")
    }
    return tables.take(connection, update.tenant_id, update.id, UpdateState.ASKED, **values)


def _told(update: Update, heard: Heard, state: str, status: str) -> FirmwareStatusChanged:
    return FirmwareStatusChanged(
        tenant_id=heard.station.tenant,
        station_id=update.station_id,
        reported_at=heard.received_at,
        received_at=heard.received_at,
        frame_id=heard.frame,
        update_id=str(update.id),
        firmware_version=update.firmware_version,
        state=state,
        status=status,
    )


def _settled(connection: Connection, update: Update, outcome: Outcome, now: datetime) -> None:
    """L01.FR.24: the update that was there before will not be told of again."""
    if isinstance(outcome, Accepted) and outcome.status == "AcceptedCanceled":
        tables.cancel_others(connection, update, now)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise WindowFault(f"{text} is no id") from error
