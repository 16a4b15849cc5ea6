"""A central system in process: what a virtual station needs of it, and the simplest honest one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.catalogue import Action, find
from chargeplane.ocpp.events import Answered, Called, Event, Malformed, Refused
from chargeplane.ocpp.family import said_in
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.tolerance import TOLERANT, Tolerance
from chargeplane.ocpp.versions import Role, Version
from chargeplane.ocpp.wire import Request, Response

__all__ = ["End", "YesCentral"]

HEARTBEAT_S = 300
"""The interval that a station is told to keep."""
SAID_MAX = 1_000
"""Answers of the station that are kept, and malformed frames; later ones are only counted."""

_Answer = Callable[[Request], Response]


class End(Protocol):
    """The other end of one station's wire."""

    def opened(self) -> None:
        """There is a connection."""

    def closed(self) -> None:
        """It is gone."""

    def receive(self, text: str, now_s: float) -> None:
        """Take one frame."""

    def outgoing(self) -> list[str]:
        """The frames to send now."""
        ...


class YesCentral:
    """Answers every request of one station validly, and says yes.

    It is a ``Peer``: what comes is checked against the schema of the version, and so is what goes.
    """

    def __init__(
        self,
        version: Version,
        now: Callable[[], datetime],
        *,
        interval_s: int = HEARTBEAT_S,
        tolerance: Tolerance = TOLERANT,
    ) -> None:
        """Args: what is spoken, the time, the interval of heartbeats, the repairs that are made."""
        self._version = version
        self._now = now
        self._interval_s = interval_s
        self._tolerance = tolerance
        self._transaction_id = 0
        self._peer: Peer | None = None
        self._asked = 0
        self._answers: dict[type, _Answer] = {}
        self.heard: Counter[str] = Counter()
        """Requests, by action."""
        self.said: list[Response | str] = []
        """What the station answered, or the code of its error."""
        self.malformed: list[Malformed] = []

    def opened(self) -> None:
        self._peer = Peer(self._version, Role.CSMS, tolerance=self._tolerance, new_id=self._new_id)

    def closed(self) -> None:
        self._peer = None

    def receive(self, text: str, now_s: float) -> None:
        peer = self._peer
        if peer is None:
            return
        events = peer.receive(text, now_s)
        for event in events:
            events += self._on(peer, event)

    def outgoing(self) -> list[str]:
        return self._peer.outgoing() if self._peer else []

    def ask(self, request: Request, now_s: float) -> bool:
        """Send a request of the newest version of the family; False: it cannot be said now."""
        message = said_in(request, self._version)
        if self._peer is None or not isinstance(message, Request):
            return False
        self._peer.call(message, now_s)
        return True

    def _new_id(self) -> str:
        self._asked += 1
        return f"c-{self._asked}"

    def _on(self, peer: Peer, event: Event) -> list[Event]:
        match event:
            case Called(message_id=message_id, action=action, request=request):
                self.heard[action.name] += 1
                answer = self._answers.get(type(request))
                if answer is None:
                    answer = self._answers[type(request)] = self._answer_for(action)
                return peer.answer(message_id, answer(request))
            case Answered(response=response):
                self._keep(self.said, response)
            case Refused(code=code):
                self._keep(self.said, code)
            case Malformed():
                self._keep(self.malformed, event)
        return []

    def _keep(self, kept: list[Any], each: Any) -> None:
        if len(kept) < SAID_MAX:
            kept.append(each)

    def _answer_for(self, action: Action) -> _Answer:
        """How a request of this action is answered; what never changes is made once.

        Its version is not always the one that was negotiated: some stations mix them up.
        """
        response: Any = action.response
        version = action.version
        match action.name:
            case "BootNotification":
                return lambda _: _lowered(self._booted(version), version)
            case "Heartbeat":
                return lambda _: response(current_time=self._time())
            case "StartTransaction":
                template = _lowered(_usual(action), version)
                return lambda _: self._started(template)
        usual = _lowered(_usual(action), version)
        return lambda _: usual

    def _time(self) -> datetime:
        return self._now().replace(microsecond=0)

    def _booted(self, version: Version) -> Response:
        if version.newest_of_family is Version.V1_6:
            return v16.BootNotificationResponse(
                status=v16.RegistrationStatus.ACCEPTED,
                current_time=self._time(),
                interval=self._interval_s,
            )
        return v21.BootNotificationResponse(
            status=v21.RegistrationStatusEnumType.ACCEPTED,
            current_time=self._time(),
            interval=self._interval_s,
        )

    def _started(self, template: Any) -> Response:
        self._transaction_id += 1
        response: Response = type(template)(
            transaction_id=self._transaction_id, id_tag_info=template.id_tag_info
        )
        return response


def _lowered(response: Response, version: Version) -> Response:
    message = said_in(response, version)
    assert isinstance(message, Response)
    return message


def _usual(action: Action) -> Response:
    family = action.version.newest_of_family
    return _usual_2x(action.name) if family is Version.V2_1 else _usual_1x(action.name)


def _usual_1x(action: str) -> Response:
    info = v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED)
    match action:
        case "Authorize":
            return v16.AuthorizeResponse(id_tag_info=info)
        case "StartTransaction":
            return v16.StartTransactionResponse(transaction_id=0, id_tag_info=info)
        case "DataTransfer":
            return v16.DataTransferResponse(status=v16.DataTransferStatus.UNKNOWN_VENDOR_ID)
    return _empty(Version.V1_6, action)


def _usual_2x(action: str) -> Response:
    accepted = v21.GenericStatusEnumType.ACCEPTED
    match action:
        case "Authorize":
            info = v21.IdTokenInfoType(status=v21.AuthorizationStatusEnumType.ACCEPTED)
            return v21.AuthorizeResponse(id_token_info=info)
        case "DataTransfer":
            return v21.DataTransferResponse(status=v21.DataTransferStatusEnumType.UNKNOWN_VENDOR_ID)
        case "SignCertificate":
            return v21.SignCertificateResponse(status=accepted)
        case "NotifyEVChargingNeeds":
            return v21.NotifyEVChargingNeedsResponse(
                status=v21.NotifyEVChargingNeedsStatusEnumType.ACCEPTED
            )
        case "NotifyEVChargingSchedule":
            return v21.NotifyEVChargingScheduleResponse(status=accepted)
    return _empty(Version.V2_1, action)


def _empty(family: Version, action: str) -> Response:
    found = find(family, action)
    assert found is not None
    assert found.response is not None
    return found.response()
