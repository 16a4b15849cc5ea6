"""The command dispatcher (``Desk``): says a command in the station's version, reads the answer.

A block translates the command; the desk lowers it, asks, waits for so long and no longer, and makes
an outcome of whatever comes. It never tries twice: nobody knows what a command without an answer
has done.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from msgspec.structs import replace

from chargeplane.csms.contract import Ask, Block, NotConnected, Registration, Station, Translate
from chargeplane.csms.gateway.conversation import Conversation, Ended
from chargeplane.csms.gateway.gateway import Gateway
from chargeplane.csms.gateway.lifting import lifted
from chargeplane.csms.gateway.meter import ANSWERED
from chargeplane.csms.outcomes import outcome_of
from chargeplane.domain.commands import (
    Command,
    GetBaseReport,
    GetInstalledCertificateIds,
    GetReport,
    GetVariables,
    InstallCertificate,
    NoAnswer,
    Outcome,
    Raw,
    Refused,
    SetVariables,
    StopCharging,
    TriggerMessage,
    Unsupported,
    name_of,
)
from chargeplane.ocpp import events
from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.codec import build
from chargeplane.ocpp.errors import ErrorCode, LocalError, RemoteError
from chargeplane.ocpp.family import lower
from chargeplane.ocpp.versions import Role, Version
from chargeplane.ocpp.wire import Request, Response

__all__ = ["Desk", "Soap", "Speaker"]

_log = logging.getLogger(__name__)

ANSWER_S_MAX: Final = 60.0
"""From the moment that a command is given: its turn in the queue, and the station's answer."""
SILENCE_S_MAX: Final = 2.0
"""So long we leave a fresh connection to the station before we speak first."""

TO_RENEW: Final = frozenset({TriggerMessage, InstallCertificate, GetInstalledCertificateIds})
"""What a station may be asked that is here only to get another certificate."""
WHILE_PENDING: Final = frozenset({GetVariables, SetVariables, GetBaseReport, GetReport})
"""What a station may be asked that is pending (B02.FR.01), besides to boot again (F06.FR.17)."""

_LACKING: Final = frozenset({ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED})

_SILENT: Final = "no-answer"
# What a station says when it does what a message asks, whichever message that is.
_GOOD: Final = frozenset(
    {"Accepted", "AcceptedCanceled", "Scheduled", "RebootRequired", "Unlocked"}
)


class Speaker(Protocol):
    """The conversation with a station."""

    station: Station
    first_answered: asyncio.Future[None]
    """Done when the first request of the station has its answer."""


class Soap(Protocol):
    """Stations that are spoken to over SOAP."""

    def speaker(self, tenant_id: UUID, station_id: str) -> Speaker | None:
        """The conversation with a station that can be reached."""
        ...

    async def ask(self, station: Station, request: Request) -> Ended:
        """Send a request of the station's version; how it ends."""
        ...


@dataclass(frozen=True, slots=True)
class _Line:
    """A way to a station."""

    station: Station
    ask: Callable[[Request], Awaitable[Ended]]
    first_answered: asyncio.Future[None]
    conversation: Conversation | None = None


class Desk:
    """Carries out commands; the ``contract.Send`` and ``contract.Asker`` of the central system."""

    def __init__(
        self,
        gateway: Gateway,
        blocks: Iterable[Block],
        soap: Soap | None = None,
        *,
        answer_s_max: float = ANSWER_S_MAX,
        silence_s_max: float = SILENCE_S_MAX,
    ) -> None:
        """Use the translations of these blocks.

        Raises:
            ValueError: two blocks translate the same command.
        """
        self._gateway = gateway
        self._soap = soap
        self._answer_s_max = answer_s_max
        self._silence_s_max = silence_s_max
        blocks = tuple(blocks)
        self._translations: dict[Version, dict[type[Command], Translate]] = {
            Version.V1_6: _joined(block.commands_v1 for block in blocks),
            Version.V2_1: _joined(block.commands_v2 for block in blocks),
        }
        self._asking_count = 0
        gateway.meter.watch("commands", lambda: self._asking_count)

    async def __call__(self, tenant_id: UUID, station_id: str, command: Command) -> Outcome:
        """The outcome of a command.

        Raises:
            NotConnected: nobody speaks for the station.
        """
        line = self._line(tenant_id, station_id)
        outcome = await self._carry_out(line, command)
        name = f"raw {command.action}" if isinstance(command, Raw) else name_of(type(command))
        ids = {"station_id": station_id}
        if isinstance(command, StopCharging):
            ids["transaction_id"] = command.transaction_id
        _log.info("%s: %s", name, _told(outcome), extra=ids)
        return outcome

    async def ask(self, station: Station, request: Request) -> Response | Outcome:
        """Ask on behalf of a block; the response in the newest version of the family.

        Raises:
            NotConnected: nobody speaks for the station.
        """
        line = self._line(station.tenant_id, station.id)
        found, lost = await self._asked(line, request)
        name = type(request).__name__.removesuffix("Request")
        _log.info("asked for %s: %s", name, _told(found), extra={"station_id": station.id})
        if lost:
            _log.warning("%s without %s", name, lost, extra={"station_id": station.id})
        return found

    # The steps ------------------------------------------------------------------------------

    def _line(self, tenant_id: UUID, station_id: str) -> _Line:
        conversation = self._gateway.conversation(tenant_id, station_id)
        if conversation is not None and not conversation.has_ended:
            first = conversation.first_answered
            return _Line(conversation.station, _asking(conversation), first, conversation)
        soap = self._soap
        speaker = soap.speaker(tenant_id, station_id) if soap else None
        if soap is None or speaker is None:
            raise NotConnected(f"station {station_id} is not connected")
        station = speaker.station

        def ask(request: Request) -> Awaitable[Ended]:
            return soap.ask(station, request)

        return _Line(station, ask, speaker.first_answered)

    async def _carry_out(self, line: _Line, command: Command) -> Outcome:
        if (refusal := await self._too_early(line, command)) is not None:
            return refusal
        station = line.station
        if isinstance(command, Raw):
            return await self._carry_out_raw(line, command)
        ask = await self._translated(station, command)
        if isinstance(ask, Unsupported):
            return ask
        found, lost = await self._asked(line, ask.request)
        outcome = ask.read(found) if isinstance(found, Response) else found
        if isinstance(found, Response) and lost:
            outcome = replace(outcome, reason=outcome.reason or lost)
        if ask.settle is not None:
            await ask.settle(outcome)
        return outcome

    async def _too_early(self, line: _Line, command: Command) -> Refused | None:
        """Some stations get stuck if they are asked anything before their boot is answered."""
        conversation = line.conversation
        if not line.first_answered.done():
            await asyncio.wait([line.first_answered], timeout=self._silence_s_max)
        if conversation is not None and conversation.has_ended:
            raise NotConnected(f"station {line.station.id} has just gone")
        station = line.station
        if station.is_accepted or _may_be_asked(station, command):
            return None
        reason = "nothing is sent to a station before it has been accepted"
        if station.registration is Registration.PENDING and not station.must_renew:
            reason = (
                "a pending station is asked for its variables and reports, and to boot again "
                "(BootNotification), and for nothing else"
            )
        return Refused(status=station.registration.capitalize(), reason=reason)

    async def _translated(self, station: Station, command: Command) -> Ask | Unsupported:
        kind, family = type(command), station.version.newest_of_family
        translate = self._translations[family].get(kind)
        if translate is None:
            is_known = any(kind in each for each in self._translations.values())
            whose = f"OCPP {station.version} has no" if is_known else "nothing serves"
            return Unsupported(reason=f"{whose} {name_of(kind)}")
        found = translate(station, command)
        if inspect.isawaitable(found):
            found = await found
        return found

    async def _carry_out_raw(self, line: _Line, command: Raw) -> Outcome:
        """A message as it is; nothing is lowered or lifted."""
        version = line.station.version
        action = find(version, command.action)
        if action is None or not action.may_be_sent_by(Role.CSMS) or action.response is None:
            return Unsupported(reason=f"OCPP {version} has no {command.action} to a station")
        try:
            request = build(action.request, command.payload)
        except RemoteError as error:
            return Refused(status=error.code, reason=error.description, response=error.details)
        found = await self._ended(line, request)
        return outcome_of(found, _GOOD) if isinstance(found, Response) else found

    async def _asked(self, line: _Line, request: Request) -> tuple[Response | Outcome, str]:
        """Ask in the station's version. The lifted response, and what could not be said."""
        version = line.station.version
        try:
            lowered = lower(request, version)
        except LocalError as error:
            return Unsupported(reason=error.description), ""
        if lowered.message is None:
            return Unsupported(reason=lowered.losses[-1].reason), ""
        assert isinstance(lowered.message, Request)
        lost = "; ".join(f"{each.path}: {each.reason}" for each in lowered.losses)
        found = await self._ended(line, lowered.message)
        if isinstance(found, Response):
            found = lifted(found, self._gateway.clock.now())
        return found, lost

    async def _ended(self, line: _Line, request: Request) -> Response | Outcome:
        """Ask, wait, and say what came of it."""
        self._asking_count += 1
        try:
            async with asyncio.timeout(self._answer_s_max):
                ended = await line.ask(request)
        except TimeoutError:
            self._count(request, _SILENT)
            return NoAnswer(reason=f"no answer within {self._answer_s_max:g} s")
        except LocalError as error:
            return _unsent(error)
        finally:
            self._asking_count -= 1
        self._count(request, _counted(ended))
        match ended:
            case events.Answered(response=response):
                return response
            case events.Refused(code=code, description=description, details=details):
                if ErrorCode.of_wire(code) in _LACKING:
                    return Unsupported(reason=f"{code}: {description}" if description else code)
                return Refused(status=code, reason=description or None, response=details)
            case events.Failed(error=fault):
                return NoAnswer(reason=f"the answer cannot be read: {fault.description}")
            case events.TimedOut():
                return NoAnswer(reason="the station did not answer in time")
            case events.Abandoned(sent=sent):
                gone = "the connection has ended"
                return NoAnswer(reason=gone if sent else f"{gone}; it was not sent")

    def _count(self, request: Request, outcome: str) -> None:
        action = type(request).__name__.removesuffix("Request")
        self._gateway.meter.asked(action, outcome)


def _counted(ended: Ended) -> str:
    match ended:
        case events.Answered():
            return ANSWERED
        case events.Refused(code=code):  # the standard ones alone: a station may say anything
            return ErrorCode.of_wire(code) or ErrorCode.GENERIC_ERROR
        case events.Failed(error=fault):
            return fault.code
        case events.TimedOut() | events.Abandoned():
            return _SILENT


def _may_be_asked(station: Station, command: Command) -> bool:
    """Whether a command goes to a station that is not accepted. None does if it is rejected."""
    if station.registration is not Registration.PENDING:
        return False
    if station.must_renew:
        return type(command) in TO_RENEW
    if isinstance(command, TriggerMessage):
        return command.message == "BootNotification"
    return type(command) in WHILE_PENDING


def _joined(
    translations: Iterable[Mapping[type[Command], Translate]],
) -> dict[type[Command], Translate]:
    joined: dict[type[Command], Translate] = {}
    for each in translations:
        if twice := joined.keys() & each.keys():
            names = ", ".join(sorted(map(name_of, twice)))
            raise ValueError(f"two blocks translate {names}")
        joined |= each
    return joined


def _asking(conversation: Conversation) -> Callable[[Request], Awaitable[Ended]]:
    async def ask(request: Request) -> Ended:
        ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()

        def told(event: Ended) -> None:
            if not ended.done():  # whoever asked may have stopped waiting
                ended.set_result(event)

        conversation.ask(request, told)
        return await ended

    return ask


def _unsent(error: LocalError) -> Outcome:
    """The peer did not take a request: too many wait, or its version cannot say it."""
    if error.code is ErrorCode.GENERIC_ERROR:
        return NoAnswer(reason=f"it was not sent: {error.description}")
    return Unsupported(reason=error.description)


def _told(found: Response | Outcome) -> str:
    """An outcome in a few words, without what was sent: that may be a secret."""
    if isinstance(found, Response):
        return "answered"
    words: list[Any] = [found.__struct_config__.tag]
    words += [getattr(found, "status", None), getattr(found, "reason", None)]
    return " ".join(str(word) for word in words if word)
