"""The rules of updates: what a station is asked, and how an update moves on."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.contract import Ask, Decision, Heard, Station
from chargeplane.csms.exchange import Exchange, FileAddress, FileFault
from chargeplane.csms.firmware import tables
from chargeplane.csms.firmware.awaiting import Awaiting
from chargeplane.csms.firmware.states import SENT, UpdateState, is_newer, state_said
from chargeplane.csms.firmware.tables import Image, Target, Update
from chargeplane.domain.commands import (
    Accepted,
    NoAnswer,
    Outcome,
    Refused,
    Unsupported,
    UpdateFirmware,
)
from chargeplane.domain.events import FirmwareStatusChanged
from chargeplane.ocpp.wire import Request, Response
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, StoreError, new_id, storable

__all__ = ["LIFE_MAX", "Firmware", "Sent", "Window", "WindowFault"]

_log = logging.getLogger(__name__)

LIFE: Final = timedelta(days=7)
LIFE_MAX: Final = timedelta(days=30)
"""From now to the end of a window."""
REQUEST_ID_MAX: Final = (1 << 31) - 1


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

    def fault_of(self, image: Image, target: Target, is_signed: bool | None) -> str | None:
        """Why a station cannot have an image; None: it can, as far as is known without asking.

        ``is_signed``: whether it shall check the signature; None: nobody has decided.
        """
        if image.kept is None:
            return "the image has no file yet"
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
        request_id = 1 + secrets.randbelow(REQUEST_ID_MAX)
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

        def told(response: Any) -> Outcome:
            outcome = read(response)
            more = {**outcome.response, "update_id": str(sent.id)}
            return type(outcome)(status=outcome.status, reason=outcome.reason, response=more)

        self.awaiting.add(station.tenant_id, station.id)
        message = say(is_signed)(Sent(image, sent, address, request_id))
        return Ask(message, told, partial(self._settle, sent))

    async def _prepared(self, station: Station, command: UpdateFirmware) -> tuple[Update, Image]:
        """The update that is planned, or a new one, and its image; ``WindowFault`` says why not."""
        tenant_id, now = station.tenant_id, self.clock.now()
        update: Update | None = None
        if command.update_id is not None:
            look = partial(tables.update_of, tenant_id=tenant_id, id_=_id(command.update_id))
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

    async def _settle(self, update: Update, outcome: Outcome) -> None:
        """Keep what was answered. What the station said in the meantime is further."""
        work = partial(
            _answered,
            update=update,
            state=_state_of(outcome),
            status=_storable(getattr(outcome, "status", None)),
            reason=_storable(outcome.reason),
            now=self.clock.now(),
        )
        try:
            await self.store.write(Function(work))
        except StoreError as error:
            _log.warning("station %s: the answer about firmware: %s", update.station_id, error)

    async def hear(
        self, heard: Heard, request_id: int | None, status: str, response: Response
    ) -> Decision:
        """A station tells how an update goes (L01.FR.01). A phase never goes back."""
        station, said = heard.station, state_said(status)
        if said is None:
            return Decision(response, durable=False)
        look = partial(
            tables.by_request_id,
            tenant_id=station.tenant_id,
            station_id=station.id,
            request_id=request_id,
        )
        known = await self.store.read(look)
        if known is None:
            _log.warning("station %s: %s for firmware nobody sent", station.id, status)
            return Decision(response, durable=False)
        state = UpdateState(known.state)
        is_other_word = said == state and status != known.status
        if not is_newer(state, said) and not is_other_word:
            return Decision(response, durable=False)
        row = (known.tenant_id, known.id, str(said), status, heard.received_at)
        event = FirmwareStatusChanged(
            tenant_id=station.tenant,
            station_id=station.id,
            reported_at=heard.received_at,
            received_at=heard.received_at,
            frame_id=heard.frame,
            update_id=str(known.id),
            firmware_version=known.firmware_version,
            state=str(said),
            status=status,
        )
        return Decision(response, ((tables.MOVED, row),), (event,))

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
            tables.change_update,
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


def _answered(
    connection: Connection,
    update: Update,
    state: UpdateState,
    status: str | None,
    reason: str | None,
    now: datetime,
) -> None:
    known = tables.update_of(connection, update.tenant_id, update.id)
    if known is None or not is_newer(UpdateState(known.state), state):
        return  # the station's later word stays
    tables.change_update(
        connection, known.tenant_id, known.id,
        state=str(state), status=status, reason=reason, changed_at=now,
    )  # fmt: skip
    if status == "AcceptedCanceled":  # L01.FR.24: the one before it will not be told of again
        tables.cancel_others(connection, known, now)


def _state_of(outcome: Outcome) -> UpdateState:
    match outcome:
        case Accepted():
            return UpdateState.ACCEPTED
        case Refused():
            return UpdateState.REFUSED
        case Unsupported():
            return UpdateState.UNSUPPORTED
        case NoAnswer():
            return UpdateState.UNANSWERED


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise WindowFault(f"{text} is no id") from error


def _storable(text: str | None) -> str | None:
    return storable(text) if text else None
