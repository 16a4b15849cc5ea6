"""The smallest central system: says yes to everything, and writes down what it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_type_hints

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.events import Answered, Called, Event, Malformed, Refused, Sent
from chargeplane.ocpp.family import lift, lower
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.tolerance import STRICT, Tolerance
from chargeplane.ocpp.versions import Role, Version
from chargeplane.ocpp.wire import Request, Response

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

Respond = Callable[[Request], Response | ErrorCode | None]


class Central:
    """One conversation after the other with one station.

    ``heard`` holds the requests in the newest types of the family. ``responds`` may answer some of
    them otherwise; None means the usual answer.
    """

    def __init__(self, version: Version, tolerance: Tolerance = STRICT) -> None:
        self.version = version
        self.is_1x = version.newest_of_family is Version.V1_6
        self.heard: list[Request] = []
        self.said: list[Response | str] = []
        """What the station answered, or the code of its error."""
        self.malformed: list[Malformed] = []
        self.repairs: set[str] = set()
        self.responds: Respond = lambda _: None
        self.now: datetime | None = START
        self.interval_s = 300
        self._tolerance = tolerance
        self._transaction_id = 100
        self._peer: Peer | None = None

    def open(self) -> None:
        self._peer = Peer(self.version, Role.CSMS, tolerance=self._tolerance)

    def close(self) -> None:
        self._peer = None

    def ask(self, request: Request, now_s: float = 0.0) -> None:
        """Send a request of the newest version of the family."""
        assert self._peer is not None
        message = lower(request, self.version).message
        assert isinstance(message, Request)
        self._peer.call(message, now_s)

    def receive(self, text: str, now_s: float = 0.0) -> None:
        assert self._peer is not None
        for event in (events := self._peer.receive(text, now_s)):
            events += self._on(event)

    def outgoing(self) -> list[str]:
        return self._peer.outgoing() if self._peer else []

    def all(self, kind: type[Any]) -> list[Any]:
        """The requests of one type."""
        return [each for each in self.heard if type(each) is kind]

    def names(self) -> list[str]:
        return [type(each).__name__.removesuffix("Request") for each in self.heard]

    def _on(self, event: Event) -> list[Event]:
        assert self._peer is not None
        match event:
            case Called(message_id=message_id, request=request):
                self.repairs |= {repair.name for repair in event.repairs}
                answer = self.answer(request)
                if isinstance(answer, ErrorCode):
                    return self._peer.refuse(message_id, answer)
                return self._peer.answer(message_id, answer)
            case Answered(response=response):
                lifted_response = lift(response).message
                assert isinstance(lifted_response, Response)
                self.said.append(lifted_response)
            case Refused(code=code):
                self.said.append(code)
            case Sent(request=request):
                self.heard.append(request)
            case Malformed():
                self.malformed.append(event)
        return []

    def answer(self, request: Request) -> Response | ErrorCode:
        """Note a request of any version; the answer in that version."""
        lifted = lift(request).message
        assert isinstance(lifted, Request)
        self.heard.append(lifted)
        answer = self.responds(lifted) or self._usual(lifted)
        if isinstance(answer, ErrorCode):
            return answer
        lowered = lower(answer, self.version).message
        assert isinstance(lowered, Response)
        return lowered

    def _usual(self, request: Request) -> Response:
        match request:
            case v16.BootNotificationRequest():
                return v16.BootNotificationResponse(
                    status=v16.RegistrationStatus.ACCEPTED,
                    current_time=self.now or datetime.now(UTC),
                    interval=self.interval_s,
                )
            case v21.BootNotificationRequest():
                return v21.BootNotificationResponse(
                    status=v21.RegistrationStatusEnumType.ACCEPTED,
                    current_time=self.now or datetime.now(UTC),
                    interval=self.interval_s,
                )
            case v16.HeartbeatRequest():
                return v16.HeartbeatResponse(current_time=self.now or datetime.now(UTC))
            case v21.HeartbeatRequest():
                return v21.HeartbeatResponse(current_time=self.now or datetime.now(UTC))
            case v16.AuthorizeRequest():
                return v16.AuthorizeResponse(id_tag_info=info_1x())
            case v21.AuthorizeRequest():
                return v21.AuthorizeResponse(id_token_info=info_2x())
            case v16.StartTransactionRequest():
                self._transaction_id += 1
                return v16.StartTransactionResponse(
                    transaction_id=self._transaction_id, id_tag_info=info_1x()
                )
            case v21.NotifyEVChargingNeedsRequest():
                return v21.NotifyEVChargingNeedsResponse(
                    status=v21.NotifyEVChargingNeedsStatusEnumType.ACCEPTED
                )
            case v21.NotifyEVChargingScheduleRequest():
                return v21.NotifyEVChargingScheduleResponse(
                    status=v21.GenericStatusEnumType.ACCEPTED
                )
            case v21.PullDynamicScheduleUpdateRequest():
                return v21.PullDynamicScheduleUpdateResponse(
                    status=v21.ChargingProfileStatusEnumType.REJECTED
                )
            case v21.VatNumberValidationRequest():
                return v21.VatNumberValidationResponse(
                    vat_number=request.vat_number, status=v21.GenericStatusEnumType.ACCEPTED
                )
        action = find(self.version.newest_of_family, type(request).__name__[:-7])
        assert action is not None
        assert action.response is not None
        hints = get_type_hints(action.response)
        if "status" in hints and isinstance(hints["status"], type):
            return action.response(status=hints["status"]("Accepted"))
        return action.response()


def info_1x(status: str = "Accepted", parent: str = "") -> v16.IdTagInfo:
    if parent:
        return v16.IdTagInfo(status=v16.AuthorizationStatus(status), parent_id_tag=parent)
    return v16.IdTagInfo(status=v16.AuthorizationStatus(status))


def info_2x(status: str = "Accepted") -> v21.IdTokenInfoType:
    return v21.IdTokenInfoType(status=v21.AuthorizationStatusEnumType(status))
